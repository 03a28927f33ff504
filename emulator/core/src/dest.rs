//! Where a device sends to: an address that has been checked once, where it came in.

mod broker;

use std::fmt;
use std::sync::Arc;

use http::Uri;

pub(crate) use self::broker::TEXT_BYTES_MAX;
pub use self::broker::{Broker, Fields as BrokerFields};

/// An `http` or `https` URL of at most 1,024 characters (v1 document, `event_dest`; R-V1-02).
#[derive(Clone, PartialEq, Eq)]
pub struct EventDest {
    uri: Uri,
    text: Arc<str>,
}

/// Why an address cannot be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestError {
    /// Longer than the document allows.
    #[error(
        "the address has {characters} characters, at most {} are allowed",
        EventDest::CHARACTERS_MAX
    )]
    TooLong {
        /// How long it is.
        characters: usize,
    },
    /// Not an http or https URL.
    #[error("the address must begin with http:// or https://")]
    Scheme,
    /// Not a URL, or without a host.
    #[error("the address is not a URL with a host, such as http://192.168.1.10:8080/Record")]
    Malformed,
    /// A user name or password in the URL, which the device would have no use for (R-V1-19).
    #[error("the address holds a user name or password; the receiver is sent none")]
    Credentials,
    /// No way in which reports can leave.
    #[error("the address must begin with http://, https://, ws://, wss://, mqtt:// or mqtts://")]
    ReportScheme,
    /// A part of a broker's address that cannot be.
    #[error(
        "the broker's address takes ?topic_pub, topic_sub and client_id, texts of at most {TEXT_BYTES_MAX} bytes, \
         topics without + and #, and no password without a user"
    )]
    MqttField,
}

impl EventDest {
    /// The most characters an address may have, counted as characters, not bytes.
    pub const CHARACTERS_MAX: usize = 1024;

    /// Takes an address as a caller gave it.
    ///
    /// # Errors
    /// When it is too long, of another scheme, not a URL, or holds credentials.
    pub fn parse(text: &str) -> Result<Self, DestError> {
        let characters = text.chars().count();
        if characters > Self::CHARACTERS_MAX {
            return Err(DestError::TooLong { characters });
        }
        Self::unbounded(text)
    }

    /// Takes an address of any length.
    fn unbounded(text: &str) -> Result<Self, DestError> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if !matches!(scheme.as_deref(), Some("http" | "https")) {
            return Err(DestError::Scheme);
        }
        let uri: Uri = text.parse().map_err(|_| DestError::Malformed)?;
        let authority = uri.authority().ok_or(DestError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(DestError::Credentials);
        }
        let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let port_is_good = match port.strip_prefix(':') {
            Some(digits) => digits.parse::<u16>().is_ok_and(|port| port != 0),
            None => port.is_empty(),
        };
        if authority.host().is_empty() || !port_is_good {
            return Err(DestError::Malformed);
        }
        Ok(Self { uri, text: text.into() })
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host's name or address; an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The port: as given, else 80 or 443.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// What the `Host` header says.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// Path and query, as a request names them.
    #[must_use]
    pub fn target(&self) -> Uri {
        self.uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| path.clone().into())
    }

    /// Whether it is sent to over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&http::uri::Scheme::HTTPS)
    }
}

impl fmt::Debug for EventDest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A `ws` or `wss` URL, within the bounds of [`EventDest`]: a WebSocket begins as an HTTP request.
#[derive(Clone, PartialEq, Eq)]
pub struct SocketDest {
    request: EventDest,
    text: Arc<str>,
}

impl SocketDest {
    /// Takes an address as a caller gave it.
    ///
    /// # Errors
    /// When it is too long, of another scheme, not a URL, or holds credentials.
    pub fn parse(text: &str) -> Result<Self, DestError> {
        let (scheme, rest) = text.split_once("://").ok_or(DestError::ReportScheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "ws" => "http",
            "wss" => "https",
            _ => return Err(DestError::ReportScheme),
        };
        let characters = text.chars().count();
        if characters > EventDest::CHARACTERS_MAX {
            return Err(DestError::TooLong { characters });
        }
        // What comes behind a # is never sent, and no WebSocket's address has it (RFC 6455, 3).
        if rest.contains('#') {
            return Err(DestError::Malformed);
        }
        let request = EventDest::unbounded(&format!("{scheme}://{rest}"))?;
        Ok(Self { request, text: text.into() })
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the request goes that it begins as.
    #[must_use]
    pub const fn request(&self) -> &EventDest {
        &self.request
    }
}

impl fmt::Debug for SocketDest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Where reports go, and by which of the ways (R-V3-18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportTo {
    /// Each by an HTTP request.
    Post(EventDest),
    /// All on one connection that the device keeps, and on which the platform asks.
    Line(LineTo),
}

/// To whom a device keeps a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineTo {
    /// A platform, by WebSocket.
    WebSocket(SocketDest),
    /// A broker, by MQTT.
    Mqtt(Arc<Broker>),
}

impl ReportTo {
    /// Takes an address as a caller gave it.
    ///
    /// # Errors
    /// When it is too long, of another scheme, not a URL, or holds credentials.
    pub fn parse(text: &str) -> Result<Self, DestError> {
        match SocketDest::parse(text) {
            Err(DestError::ReportScheme) => {}
            parsed => return parsed.map(|dest| Self::Line(LineTo::WebSocket(dest))),
        }
        match Broker::parse(text) {
            Err(DestError::ReportScheme) => {}
            parsed => return parsed.map(|broker| Self::Line(LineTo::Mqtt(Arc::new(broker)))),
        }
        match EventDest::parse(text) {
            Err(DestError::Scheme) => Err(DestError::ReportScheme),
            parsed => parsed.map(Self::Post),
        }
    }

    /// The address, without a broker's account and topics.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Post(dest) => dest.as_str(),
            Self::Line(line) => line.as_str(),
        }
    }

    /// All of it, a broker's password included: what tells one from another.
    #[must_use]
    pub fn whole(&self) -> String {
        match self {
            Self::Line(LineTo::Mqtt(broker)) => {
                let fields = broker.fields().named();
                fields.map(|(name, value)| format!("{name}={value:?}")).join(" ")
            }
            other => other.as_str().to_owned(),
        }
    }
}

impl From<EventDest> for ReportTo {
    fn from(dest: EventDest) -> Self {
        Self::Post(dest)
    }
}

impl LineTo {
    /// The address, without a broker's account and topics.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::WebSocket(dest) => dest.as_str(),
            Self::Mqtt(broker) => broker.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_length(characters: usize) -> String {
        let start = "http://10.0.0.1/";
        format!("{start}{}", "a".repeat(characters - start.len()))
    }

    #[test]
    fn the_document_s_1024_characters_are_the_limit() {
        assert!(EventDest::parse(&of_length(1024)).is_ok());
        assert_eq!(
            EventDest::parse(&of_length(1025)),
            Err(DestError::TooLong { characters: 1025 })
        );
        let wide = format!("http://10.0.0.1/{}", "记".repeat(1024 - 16));
        assert!(EventDest::parse(&wide).is_ok(), "counted in characters (R-V1-02)");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let cases = [
            ("", DestError::Scheme),
            ("ftp://host/", DestError::Scheme),
            ("10.0.0.1:80/Record", DestError::Scheme),
            ("http://", DestError::Malformed),
            ("http://ip:port/Record", DestError::Malformed),
            ("http://host:0/", DestError::Malformed),
            ("http://host:/", DestError::Malformed),
            ("http://host:99999/", DestError::Malformed),
            ("http://a b/", DestError::Malformed),
            ("http://user:secret@host/", DestError::Credentials),
        ];
        for (text, error) in cases {
            assert_eq!(EventDest::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn the_parts_are_found() {
        let dest = EventDest::parse("https://[::1]/Record?x=1").expect("good");
        assert_eq!((dest.host(), dest.port()), ("::1", 443));
        assert_eq!(dest.authority(), "[::1]");
        let plain = EventDest::parse("HTTP://host").expect("good");
        assert_eq!((plain.host(), plain.port()), ("host", 80));
        let targets = (dest.target(), plain.target());
        assert_eq!(targets, (Uri::from_static("/Record?x=1"), Uri::from_static("/")));
        assert!(!plain.is_https() && dest.is_https());
    }
    #[test]
    fn reports_leave_by_what_their_address_begins_with() {
        let parse = |text| ReportTo::parse(text);
        let socket = match parse("WSS://platform:9443/devices?site=1") {
            Ok(ReportTo::Line(LineTo::WebSocket(socket))) => socket,
            other => panic!("{other:?}"),
        };
        let request = socket.request();
        assert_eq!((request.host(), request.port()), ("platform", 9443));
        assert!(request.is_https() && request.target() == "/devices?site=1");
        assert!(matches!(parse("http://host/Report"), Ok(ReportTo::Post(_))));
        let longest = format!("ws://h/{}", "a".repeat(1024 - 7));
        assert!(parse(&longest).is_ok(), "a scheme is as long as it is");
        let cases = [
            ("", DestError::ReportScheme),
            ("ftp://host/", DestError::ReportScheme),
            ("ws://", DestError::Malformed),
            ("ws://host:0/", DestError::Malformed),
            ("ws://host/#part", DestError::Malformed),
            ("ws://user:secret@host/", DestError::Credentials),
            ("http://user:secret@host/", DestError::Credentials),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        let characters = 1025;
        assert_eq!(parse(&format!("{longest}a")), Err(DestError::TooLong { characters }));
    }
}
