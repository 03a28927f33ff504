//! An MQTT broker, and how a device speaks to its platform through it (R-V3-18).
//!
//! As a URL: `mqtt://[user:password@]host[:port][/]?topic_pub=...&topic_sub=...&client_id=...`, or `mqtts://` for
//! TLS, with `%` and two hexadecimal digits for what would end a part. What is left out is the default.

use std::fmt;

use super::{DestError, EventDest};

/// Where a device publishes, unless it is told otherwise; its id is appended.
const TOPIC_PUB: &str = "vestibule/up/";

/// Where a device is asked, unless it is told otherwise; its id is appended.
const TOPIC_SUB: &str = "vestibule/down/";

/// The usual port, and the one with TLS.
const PORTS: (u16, u16) = (1883, 8883);

/// The most bytes of a topic, a name or a password: MQTT's own bound of 64 KiB is no device's.
pub(crate) const TEXT_BYTES_MAX: usize = 256;

/// What a host begins with whose broker is spoken to over TLS, in a URL and in the setting `host`.
const TLS: &str = "mqtts://";
const PLAIN: &str = "mqtt://";

/// A broker. Its password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Broker {
    host: EventDest,
    port: u16,
    fields: Fields,
    shown: Box<str>,
}

/// What `mqtt-set` sets, as texts.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// A name or an address, with `mqtts://` before it for TLS.
    pub host: String,
    /// 1 to 65,535.
    pub port: String,
    /// Empty for the device's id.
    pub client_id: String,
    /// Empty for nobody.
    pub user: String,
    /// Empty for none.
    pub passwd: String,
    /// Where the device publishes; the device's id is appended to one that ends in `/`.
    pub topic_pub: String,
    /// Where the device is asked; likewise.
    pub topic_sub: String,
}

impl Fields {
    /// The fields under the names that they travel by.
    #[must_use]
    pub fn named(&self) -> [(&'static str, &str); 7] {
        [
            ("host", &self.host),
            ("port", &self.port),
            ("client_id", &self.client_id),
            ("user", &self.user),
            ("passwd", &self.passwd),
            ("topic_pub", &self.topic_pub),
            ("topic_sub", &self.topic_sub),
        ]
    }
}

impl Broker {
    /// Takes an address as a caller gave it.
    ///
    /// # Errors
    /// When it is too long, of another scheme, no such URL, or a part of it cannot be.
    pub fn parse(text: &str) -> Result<Self, DestError> {
        let characters = text.chars().count();
        if characters > EventDest::CHARACTERS_MAX {
            return Err(DestError::TooLong { characters });
        }
        let (scheme, rest) = text.split_once("://").ok_or(DestError::ReportScheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" => PLAIN,
            "mqtts" => TLS,
            _ => return Err(DestError::ReportScheme),
        };
        let (authority, query) = match rest.split_once('?') {
            Some((authority, query)) => (authority, query),
            None => (rest, ""),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (account, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, passwd) = account.split_once(':').unwrap_or((account, ""));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (place, ""),
        };
        let decode = |text| decoded(text).ok_or(DestError::Malformed);
        let mut fields = Fields {
            host: format!("{scheme}{host}"),
            port: port.to_owned(),
            user: decode(user)?,
            passwd: decode(passwd)?,
            ..Fields::default()
        };
        if port.is_empty() && place.ends_with(':') {
            return Err(DestError::Malformed);
        }
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or(DestError::Malformed)?;
            let field = match name {
                "topic_pub" => &mut fields.topic_pub,
                "topic_sub" => &mut fields.topic_sub,
                "client_id" => &mut fields.client_id,
                _ => return Err(DestError::MqttField),
            };
            *field = decode(value)?;
        }
        Self::new(fields)
    }

    /// A broker by its fields; empty ones are the defaults, but the host.
    ///
    /// # Errors
    /// When one of them cannot be.
    pub fn new(mut fields: Fields) -> Result<Self, DestError> {
        let (scheme, host) = match fields.host.split_once("://") {
            Some((scheme, host)) => (format!("{}://", scheme.to_ascii_lowercase()), host),
            None => (PLAIN.to_owned(), fields.host.as_str()),
        };
        let (request, usual) = match scheme.as_str() {
            PLAIN => ("http", PORTS.0),
            TLS => ("https", PORTS.1),
            _ => return Err(DestError::ReportScheme),
        };
        if host.contains(['/', '?', '#']) {
            return Err(DestError::Malformed);
        }
        let dest = EventDest::parse(&format!("{request}://{host}"))?;
        if dest.uri.port().is_some() {
            return Err(DestError::Malformed);
        }
        let port = match fields.port.as_str() {
            "" => usual,
            port => port.parse().ok().filter(|port| *port != 0).ok_or(DestError::Malformed)?,
        };
        let texts = [&fields.client_id, &fields.user, &fields.passwd];
        let topics = [&fields.topic_pub, &fields.topic_sub];
        if !texts.into_iter().all(|text| is_text(text))
            || !topics.into_iter().all(|topic| is_topic(topic))
            // MQTT 3.1.1, 3.1.2.9: no password without a user.
            || fields.user.is_empty() && !fields.passwd.is_empty()
        {
            return Err(DestError::MqttField);
        }
        for (topic, usual) in
            [(&mut fields.topic_pub, TOPIC_PUB), (&mut fields.topic_sub, TOPIC_SUB)]
        {
            if topic.is_empty() {
                usual.clone_into(topic);
            }
        }
        let shown = format!("{scheme}{host}:{port}").into();
        fields.host = if dest.is_https() { format!("{TLS}{host}") } else { host.to_owned() };
        fields.port = port.to_string();
        Ok(Self { host: dest, port, fields, shown })
    }

    /// The address, without account and topics.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The host, as one would be asked over HTTP: its name, and whether over TLS.
    #[must_use]
    pub const fn host(&self) -> &EventDest {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it is made of, the password included.
    #[must_use]
    pub const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Under which name a device speaks to it.
    #[must_use]
    pub fn client_id<'a>(&'a self, device_id: &'a str) -> &'a str {
        if self.fields.client_id.is_empty() { device_id } else { &self.fields.client_id }
    }

    /// Where a device publishes.
    #[must_use]
    pub fn topic_pub(&self, device_id: &str) -> String {
        topic(&self.fields.topic_pub, device_id)
    }

    /// Where a device is asked.
    #[must_use]
    pub fn topic_sub(&self, device_id: &str) -> String {
        topic(&self.fields.topic_sub, device_id)
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fields").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A topic of that device.
fn topic(topic: &str, device_id: &str) -> String {
    if topic.ends_with('/') { format!("{topic}{device_id}") } else { topic.to_owned() }
}

/// Whether that can be a name or a password.
fn is_text(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
}

/// Whether one can publish to that; wildcards are for those who listen.
fn is_topic(text: &str) -> bool {
    is_text(text) && !text.contains(['+', '#'])
}

/// A part of a URL without its escapes; none if one of them is none, or it comes to no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_all_and_leaves_out_what_is_usual() {
        let full = "MQTTS://us%40er:p%3Ass@broker:9883/?topic_pub=site/up/&topic_sub=a&client_id=c";
        let broker = Broker::parse(full).expect("an address");
        let fields = broker.fields();
        assert_eq!((fields.user.as_str(), fields.passwd.as_str()), ("us@er", "p:ss"));
        assert_eq!(
            (broker.topic_pub("d7"), broker.topic_sub("d7")),
            ("site/up/d7".into(), "a".into())
        );
        assert_eq!((broker.client_id("d7"), broker.as_str()), ("c", "mqtts://broker:9883"));
        assert!(broker.host().is_https() && broker.host().host() == "broker");
        assert!(!format!("{broker:?}{fields:?}").contains("p:ss"));
        let bare = Broker::parse("mqtt://[::1]").expect("an address");
        assert_eq!((bare.port(), bare.host().host()), (1883, "::1"));
        assert_eq!(
            (bare.fields().host.as_str(), fields.host.as_str()),
            ("[::1]", "mqtts://broker")
        );
        assert_eq!((bare.client_id("d7"), bare.topic_pub("d7")), ("d7", "vestibule/up/d7".into()));
        assert_eq!(Broker::parse("mqtts://host").expect("an address").port(), 8883);
        assert_eq!(Broker::new(broker.fields().clone()), Ok(broker));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (text, error) in [
            ("mqtt://", DestError::Malformed),
            ("mqtt://host:0", DestError::Malformed),
            ("mqtt://host:", DestError::Malformed),
            ("mqtt://host:99999", DestError::Malformed),
            ("mqtt://host/path", DestError::Malformed),
            ("mqtt://a%zz@host", DestError::Malformed),
            ("mqtt://a%ff@host", DestError::Malformed),
            ("mqtt://:secret@host", DestError::MqttField),
            ("mqtt://host?topic_pub=a/%23", DestError::MqttField),
            ("mqtt://host?topic=a", DestError::MqttField),
            ("mqtt://host?topic_sub", DestError::Malformed),
            ("http://host", DestError::ReportScheme),
        ] {
            assert_eq!(Broker::parse(text), Err(error), "{text}");
        }
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!(Broker::parse(&format!("mqtt://{long}@host")), Err(DestError::MqttField));
    }
}
