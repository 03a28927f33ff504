//! The broker through which devices and platform meet, as a URL names it: the one that devices are given.
//!
//! `mqtt://[user:password@]host[:port]/?topic_pub=...&topic_sub=...`, or `mqtts`. Topics are named from the
//! device's side: it publishes to `topic_pub` and subscribes to `topic_sub`; to one that ends in `/` its id is
//! appended. Pure. Promises that a password is never shown.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use percent_encoding::percent_decode_str;

/// Where devices publish when the URL does not say so.
const TOPIC_PUB: &str = "vestibule/up/";

/// Where they listen.
const TOPIC_SUB: &str = "vestibule/down/";

/// The longest topic in bytes: beyond it no packet can name one.
const TOPIC_BYTES_MAX: usize = u16::MAX as usize;

/// A broker, and the topics of its devices.
#[derive(Clone, Eq, PartialEq)]
pub struct Broker {
    pub(super) secure: Secure,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) account: Option<(String, Option<String>)>,
    topic_pub: String,
    topic_sub: String,
}

/// Whether it is spoken to over TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Secure {
    /// `mqtt`.
    No,
    /// `mqtts`.
    Yes,
}

/// Why a URL names no broker.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BrokerError {
    /// No URL, or one of another kind.
    #[error("not mqtt://HOST[:PORT] or mqtts://HOST[:PORT]")]
    Url,
    /// A path leads nowhere at a broker.
    #[error("a broker has no paths, and this has {0}; topics are ?topic_pub=...&topic_sub=...")]
    Path(String),
    /// An escaped part that is no text.
    #[error("the {0} is no text once its %XX are read")]
    Escaped(&'static str),
    /// A name in the query that means nothing.
    #[error("it says {0}; a broker has topic_pub, topic_sub and client_id")]
    Name(String),
    /// Not a topic.
    #[error("{0} is no topic: it is empty, too long, or has one of + # and NUL")]
    Topic(&'static str),
}

impl FromStr for Broker {
    type Err = BrokerError;

    fn from_str(text: &str) -> Result<Self, BrokerError> {
        let uri: Uri = text.parse().map_err(|_| BrokerError::Url)?;
        let secure = match uri.scheme_str() {
            Some("mqtt") => Secure::No,
            Some("mqtts") => Secure::Yes,
            _ => return Err(BrokerError::Url),
        };
        if !matches!(uri.path(), "" | "/") {
            return Err(BrokerError::Path(uri.path().to_owned()));
        }
        let authority = uri.authority().ok_or(BrokerError::Url)?;
        let userinfo = authority.as_str().rsplit_once('@').map(|(userinfo, _)| userinfo);
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let usual = if secure == Secure::Yes { 8883 } else { 1883 };
        let mut broker = Self {
            secure,
            host,
            port: authority.port_u16().unwrap_or(usual),
            account: userinfo.map(account).transpose()?,
            topic_pub: TOPIC_PUB.to_owned(),
            topic_sub: TOPIC_SUB.to_owned(),
        };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "topic_pub" => broker.topic_pub = topic("topic_pub", &value)?,
                "topic_sub" => broker.topic_sub = topic("topic_sub", &value)?,
                // The device's: a second client of that name would throw it out.
                "client_id" => {}
                _ => return Err(BrokerError::Name(name.into_owned())),
            }
        }
        Ok(broker)
    }
}

fn account(userinfo: &str) -> Result<(String, Option<String>), BrokerError> {
    let text = |what, part: &str| {
        let decoded = percent_decode_str(part).decode_utf8();
        decoded.map(|text| text.into_owned()).map_err(|_| BrokerError::Escaped(what))
    };
    match userinfo.split_once(':') {
        None => Ok((text("user", userinfo)?, None)),
        Some((user, password)) => Ok((text("user", user)?, Some(text("password", password)?))),
    }
}

fn topic(name: &'static str, value: &str) -> Result<String, BrokerError> {
    let is_topic =
        !value.is_empty() && value.len() <= TOPIC_BYTES_MAX && !value.contains(['+', '#', '\0']);
    if is_topic { Ok(value.to_owned()) } else { Err(BrokerError::Topic(name)) }
}

impl Broker {
    /// What a platform subscribes to.
    pub(super) fn filter(&self) -> String {
        let wildcard = if self.topic_pub.ends_with('/') { "+" } else { "" };
        format!("{}{wildcard}", self.topic_pub)
    }

    /// The id of the device that published there; none where devices share the topic.
    pub(super) fn device_of<'a>(&self, topic: &'a str) -> Option<&'a str> {
        topic.strip_prefix(self.topic_pub.as_str()).filter(|id| !id.is_empty())
    }

    /// Where that device listens.
    pub(super) fn topic_to(&self, device: &str) -> String {
        let id = if self.topic_sub.ends_with('/') { device } else { "" };
        format!("{}{id}", self.topic_sub)
    }
}

/// As a URL, without the account.
impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure == Secure::Yes { "mqtts" } else { "mqtt" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}/", self.host, self.port)?,
            false => write!(f, "{scheme}://{}:{}/", self.host, self.port)?,
        }
        if (self.topic_pub.as_str(), self.topic_sub.as_str()) == (TOPIC_PUB, TOPIC_SUB) {
            return Ok(());
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("topic_pub", &self.topic_pub)
            .append_pair("topic_sub", &self.topic_sub)
            .finish();
        write!(f, "?{query}")
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broker({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(text: &str) -> Broker {
        text.parse().expect("a broker")
    }

    #[test]
    fn a_url_says_all_and_shows_no_password() {
        let plain = broker("mqtt://127.0.0.1");
        assert_eq!(plain.to_string(), "mqtt://127.0.0.1:1883/");
        assert_eq!((plain.filter().as_str(), plain.account.as_ref()), ("vestibule/up/+", None));
        assert_eq!(plain.device_of("vestibule/up/d1"), Some("d1"));
        assert_eq!(plain.topic_to("d1"), "vestibule/down/d1");
        let full =
            broker("mqtts://door:p%40s%3As@[::1]/?topic_pub=a/up&topic_sub=a/d%2F&client_id=c");
        assert_eq!(full.account, Some(("door".to_owned(), Some("p@s:s".to_owned()))));
        assert_eq!((full.host.as_str(), full.port), ("::1", 8883));
        assert_eq!(full.to_string(), "mqtts://[::1]:8883/?topic_pub=a%2Fup&topic_sub=a%2Fd%2F");
        assert_eq!((full.filter().as_str(), full.device_of("a/up")), ("a/up", None));
        assert_eq!(full.topic_to("d1"), "a/d/d1");
        assert!(!format!("{full:?}").contains("s:s"));
        assert_eq!(broker(&full.to_string()).filter(), full.filter());
        assert_eq!(broker("mqtt://u@h:1/").account, Some(("u".to_owned(), None)));
    }

    #[test]
    fn what_is_none_is_refused() {
        for (bad, why) in [
            ("", BrokerError::Url),
            ("127.0.0.1:1883", BrokerError::Url),
            ("http://127.0.0.1/", BrokerError::Url),
            ("mqtt://127.0.0.1/up", BrokerError::Path("/up".to_owned())),
            ("mqtt://%ff:x@h/", BrokerError::Escaped("user")),
            ("mqtt://h/?topic=a", BrokerError::Name("topic".to_owned())),
            ("mqtt://h/?topic_pub=", BrokerError::Topic("topic_pub")),
            ("mqtt://h/?topic_sub=a/%23", BrokerError::Topic("topic_sub")),
        ] {
            assert_eq!(bad.parse::<Broker>(), Err(why), "{bad}");
        }
    }
}
