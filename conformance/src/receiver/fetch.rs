//! Fetches the events that no report brought (`event-fetch`), as the v3 document asks platforms to.
//!
//! Logs in with the factory account, asks which device it is, and pages through each gap of that
//! device. Promises to end on any answer: each page must bring something beyond the last one.

use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use crate::http::{HttpClient, HttpError, Limits};
use crate::json;
use crate::receiver::tally::Missing;

/// The factory account; the password travels as an upper-case MD5 digest.
const FACTORY_USER: &str = "admin";
const FACTORY_PASSWORD_DIGEST: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";

/// The documented path, unless the URL brings its own.
const BASE_PATH: &str = "/api/v3.x";

/// Events a page, at first, and once a device refuses that. Only the second is known to be served
/// by every device (R-V3-11); the first saves nine in ten requests with most.
const LIMITS: [u64; 2] = [100, 10];

/// Events taken from one fetch: twenty full journals. A device that never stops would fill the
/// memory.
const EVENTS_MAX: usize = 1_000_000;

/// An event that was fetched.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fetched {
    /// The device, as it is called in `Missing`.
    pub device: String,
    /// The event.
    pub seqnum: u64,
}

/// Why the events could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer at all.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer in another form than the document's.
    #[error("the answer to {action} is not as documented")]
    Answer {
        /// What was asked.
        action: &'static str,
    },
    /// The device says no.
    #[error("{action} is refused with retcode {retcode}")]
    Refused {
        /// What was asked.
        action: &'static str,
        /// The device's code.
        retcode: i64,
    },
}

/// A device's v3 API.
#[derive(Debug)]
struct Device {
    http: HttpClient,
    base: String,
    token: HeaderMap,
    requests: u64,
}

/// Fetches what of `missing` the device at `url` has.
///
/// # Errors
///
/// When it cannot be reached, logged in to or understood.
pub async fn fetch(url: &str, missing: &[Missing]) -> Result<Vec<Fetched>, FetchError> {
    let mut device = Device::new(url)?;
    device.log_in().await?;
    let id = device.id().await?;
    let one_device = missing.windows(2).all(|pair| pair[0].device == pair[1].device);
    let mut fetched = Vec::new();
    for gap in missing {
        let its_own = match &id {
            Some(id) => *id == gap.device,
            None => one_device,
        };
        if its_own {
            for seqnum in device.events(gap.from, gap.to).await? {
                fetched.push(Fetched { device: gap.device.clone(), seqnum });
            }
        }
    }
    Ok(fetched)
}

/// Whether `url` is one that `fetch` can ask.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_url(url: &str) -> Result<(), HttpError> {
    HttpClient::new(url, Limits::default()).map(|_| ())
}

impl Device {
    fn new(url: &str) -> Result<Self, HttpError> {
        let http = HttpClient::new(url, Limits::default())?;
        let base = match http.base_path() {
            "" => BASE_PATH.to_owned(),
            path => path.to_owned(),
        };
        Ok(Self { http, base, token: HeaderMap::new(), requests: 0 })
    }

    async fn log_in(&mut self) -> Result<(), FetchError> {
        let account = json!({"user": FACTORY_USER, "passwd": FACTORY_PASSWORD_DIGEST});
        let answer = self.ask("auth", "auth-login", account).await?;
        let token = answer.pointer("/token").and_then(Value::as_str);
        let mut token = token
            .and_then(|token| HeaderValue::from_str(token).ok())
            .ok_or(FetchError::Answer { action: "auth-login" })?;
        token.set_sensitive(true);
        self.token.insert("token", token);
        Ok(())
    }

    /// The device's `device-id`; none when it does not say.
    async fn id(&mut self) -> Result<Option<String>, FetchError> {
        match self.ask("device", "device-info", json!({})).await {
            Ok(info) => Ok(info.pointer("/device-id").and_then(Value::as_str).map(str::to_owned)),
            Err(FetchError::Http(error)) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }

    /// The seqnums from `from` to `to` that the device still has.
    async fn events(&mut self, from: u64, to: u64) -> Result<Vec<u64>, FetchError> {
        let oldest = self.oldest().await?;
        let mut next = from.max(oldest);
        let mut events = Vec::new();
        while next <= to && events.len() < EVENTS_MAX {
            let page = self.page(next, to).await?;
            let Some(last) = page.iter().copied().max().filter(|last| *last >= next) else {
                break;
            };
            events.extend(page.into_iter().filter(|seqnum| (from..=to).contains(seqnum)));
            let Some(after) = last.checked_add(1) else {
                break;
            };
            next = after;
        }
        Ok(events)
    }

    /// The oldest seqnum kept: some firmware refuses an older one (R-V3-12).
    async fn oldest(&mut self) -> Result<u64, FetchError> {
        match self.ask("event", "event-info", json!({})).await {
            Ok(info) => Ok(info.pointer("/min").and_then(Value::as_u64).unwrap_or(0)),
            Err(FetchError::Refused { .. }) => Ok(0),
            Err(error) => Err(error),
        }
    }

    async fn page(&mut self, seqnum: u64, to: u64) -> Result<Vec<u64>, FetchError> {
        let action = "event-fetch";
        let wanted = to.saturating_sub(seqnum).saturating_add(1);
        let [limit, limit_served] = LIMITS.map(|limit| limit.min(wanted));
        let mut answer = self.ask("event", action, json!({"seqnum": seqnum, "limit": limit})).await;
        if matches!(answer, Err(FetchError::Refused { .. })) && limit_served < limit {
            let body = json!({"seqnum": seqnum, "limit": limit_served});
            answer = self.ask("event", action, body).await;
        }
        let answer = match answer {
            // Past the newest (R-V3-13).
            Err(FetchError::Refused { .. }) => return Ok(Vec::new()),
            answer => answer?,
        };
        let events = answer.pointer("/events").and_then(Value::as_array);
        let events = events.ok_or(FetchError::Answer { action })?;
        Ok(events.iter().filter_map(|event| event.get("seqnum")?.as_u64()).collect())
    }

    /// One request; the answer's `body`.
    async fn ask(
        &mut self,
        area: &str,
        action: &'static str,
        body: Value,
    ) -> Result<Value, FetchError> {
        self.requests += 1;
        let reqid = self.requests.to_string();
        let request = json!({"action": action, "header": {"reqid": reqid}, "body": body});
        let path = format!("{}/{area}", self.base);
        let headers = self.token.clone();
        let answer = self.http.send(Method::POST, &path, headers, request.to_string()).await?;
        let document = json::read(answer.body()).map_err(|_| FetchError::Answer { action })?.value;
        match document.get("retcode").and_then(Value::as_i64) {
            Some(0) => Ok(document.get("body").cloned().unwrap_or_default()),
            Some(retcode) => Err(FetchError::Refused { action, retcode }),
            None => Err(FetchError::Answer { action }),
        }
    }
}
