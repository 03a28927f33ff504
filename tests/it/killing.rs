//! Who meets a device that is killed: a platform that takes records and sometimes hangs up, and clients
//! that write down what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// Of so many records the platform hangs up on one without an answer.
const HANGS_UP_EVERY: usize = 9;

const PATIENCE: Duration = Duration::from_secs(10);

/// Who is enrolled and removed.
const ENROLLED: &str = "777001";

/// The account's digest in the factory.
const FACTORY: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";

/// What names a record: a pass by its uuid, an alarm by its trace and status.
pub(crate) fn key(record: &Value) -> Option<String> {
    let data = &record["data"];
    match data["trace_id"].as_str() {
        Some(trace) => Some(format!("{trace}/{}", data["status"])),
        None => data["uuid"].as_str().map(str::to_owned),
    }
}

/// A platform that acknowledges records, and hangs up now and then.
pub(crate) struct Platform {
    pub(crate) url: String,
    received: Arc<Mutex<BTreeSet<String>>>,
}

impl Platform {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/Record", listener.local_addr().expect("bound"));
        let received = Arc::new(Mutex::new(BTreeSet::new()));
        let (taken, seen) = (Arc::clone(&received), Arc::new(AtomicUsize::new(0)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (taken, seen) = (Arc::clone(&taken), Arc::clone(&seen));
                std::thread::spawn(move || serve(&stream, &taken, &seen));
            }
        });
        Self { url, received }
    }

    /// Whether it received that one.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.received.lock().expect("no panic").contains(key)
    }
}

/// Takes the records of a connection, until it or a record ends it.
fn serve(stream: &TcpStream, taken: &Mutex<BTreeSet<String>>, seen: &AtomicUsize) {
    let body = r#"{"code":200}"#;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
    let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut reader = BufReader::new(stream);
    // A device that is killed while it sends is what this is about.
    while let Some(record) = take(&mut reader) {
        let hangs_up = seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(HANGS_UP_EVERY);
        if hangs_up {
            return;
        }
        // Before the device can know.
        taken.lock().expect("no panic").insert(record);
        let mut stream = stream;
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads one record; its name.
fn take(reader: &mut impl BufRead) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    key(&serde_json::from_slice(&body).ok()?)
}

/// Why a device that may be gone at any instant did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It was gone before it had answered whole.
    Cut,
    /// It was refused: nobody was there any more, and nothing was asked.
    Gone,
}

/// Where a client asks.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Host and port of the device APIs.
    pub(crate) device: String,
    /// Those of the control API.
    pub(crate) control: String,
    pub(crate) sn: String,
}

fn ask(address: &str, head: &str, token: &str, body: &str) -> Result<Value, Lost> {
    let exchange = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ntoken: {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    match exchange() {
        Ok(answer) if answer.ends_with('}') => {
            let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
            Ok(serde_json::from_str(body).expect("JSON"))
        }
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Err(Lost::Gone),
        Ok(_) | Err(_) => Err(Lost::Cut),
    }
}

/// What was answered, by index: number, if it has one, and record.
pub(crate) type Answered = BTreeMap<u64, (Option<u64>, String)>;

fn emit(place: &Place, wish: &Value) -> Result<Value, Lost> {
    let head = format!("POST /devices/{}/events", place.sn);
    ask(&place.control, &head, "", &wish.to_string())
}

/// Makes faces until the device is gone, and how it went.
pub(crate) fn make_faces(place: &Place, answers: &AtomicUsize) -> (Answered, Lost) {
    let mut answered = Answered::new();
    loop {
        let answer = match emit(place, &json!({"event": "face", "count": 3})) {
            Ok(answer) => answer,
            Err(lost) => return (answered, lost),
        };
        for event in answer["events"].as_array().expect("events") {
            let index = event["index"].as_u64().expect("an index");
            let uuid = event["uuid"].as_str().expect("a face has a record").to_owned();
            answered.insert(index, (event["seqnum"].as_u64(), uuid));
        }
        answers.fetch_add(1, Ordering::SeqCst);
    }
}

/// Something that changes: as it was last told, and the change whose answer did not come.
#[derive(Debug)]
struct Known {
    told: String,
    tried: Option<String>,
}

impl Known {
    /// It was asked to become `next`.
    fn asked(&mut self, next: String, answer: Result<Value, Lost>) -> Result<(), Lost> {
        match answer {
            Ok(_) => *self = Self { told: next, tried: None },
            Err(Lost::Cut) => self.tried = Some(next),
            Err(Lost::Gone) => {}
        }
        answer.map(drop)
    }

    /// The first of what it may be that is so.
    fn settle(&mut self, mut is: impl FnMut(&str) -> bool) {
        let tried = self.tried.take();
        if !is(&self.told) {
            let tried = tried.filter(|tried| is(tried));
            self.told = tried.unwrap_or_else(|| panic!("not {}, which was told", self.told));
        }
    }
}

/// What of a device seldom changes, as its client knows it; and its alarms.
#[derive(Debug)]
pub(crate) struct Rare {
    destination: Known,
    password: Known,
    /// The name under which [`ENROLLED`] is enrolled, empty where nobody is.
    enrolled: Known,
    /// The trace of the alarm that is raised.
    raised: Option<String>,
    /// How many may be raised of which nothing was told, at most.
    untold: usize,
    changes: usize,
    platform: String,
    /// What was told of alarms.
    pub(crate) alarms: Answered,
}

impl Rare {
    /// A device from the factory, whose records go to `platform` from the start.
    pub(crate) fn new(platform: &str) -> Self {
        let known = |told: &str| Known { told: told.to_owned(), tried: None };
        Self {
            destination: known(platform),
            password: known(FACTORY),
            enrolled: known(""),
            raised: None,
            untold: 0,
            changes: 0,
            platform: platform.to_owned(),
            alarms: Answered::new(),
        }
    }

    /// Everything is as it was told, or as it was on the way to be. A token.
    pub(crate) fn check(&mut self, place: &Place) -> String {
        let answer = ask(&place.device, "GET /v1/event/subscribe", "", "");
        let answer = answer.expect("nobody kills it now");
        let seen = answer["data"]["event_dest"].as_str().expect("it has a subscription");
        self.destination.settle(|destination| destination == seen);
        let mut token = None;
        self.password.settle(|digest| {
            token = log_in(place, digest);
            token.is_some()
        });
        if self.raised.is_some() {
            self.clear(place).expect("nobody kills it now");
        }
        let token = token.expect("the password settled");
        let seen = enrolled(place, &token);
        self.enrolled.settle(|name| name == seen);
        token
    }

    /// Changes one after the other until the device is gone, and how it went.
    pub(crate) fn change(&mut self, place: &Place, token: &str, answers: &AtomicUsize) -> Lost {
        loop {
            if let Err(lost) = self.change_all(place, token) {
                return lost;
            }
            answers.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn change_all(&mut self, place: &Place, token: &str) -> Result<(), Lost> {
        self.changes += 1;
        let destination = format!("{}/{}", self.platform, self.changes);
        let wish = json!({"enabled": true, "event_dest": destination}).to_string();
        let answer = ask(&place.device, "POST /v1/event/subscribe", "", &wish);
        self.destination.asked(destination, answer)?;

        let digest = format!("{:032X}", self.changes);
        let body = json!({"user": "admin", "passwd": digest});
        let wish = json!({"action": "auth-passwd", "header": {"reqid": "1"}, "body": body});
        let answer = ask(&place.device, "POST /api/v3.x/auth", token, &wish.to_string());
        if let Ok(answer) = &answer {
            assert_eq!(answer["retcode"], 0, "{answer}");
        }
        self.password.asked(digest, answer)?;
        self.enrol(place, token)?;

        self.raised = Some(self.alarm(place, 1)?);
        self.clear(place)
    }

    /// Enrols somebody anew, or removes them.
    fn enrol(&mut self, place: &Place, token: &str) -> Result<(), Lost> {
        let stays = !self.changes.is_multiple_of(3);
        let name = if stays { format!("Person {}", self.changes) } else { String::new() };
        let answer = if stays {
            account(place, token, "user-insert", &json!({"userid": ENROLLED, "name": name}))
        } else {
            account(place, token, "user-remove", &json!({"userid": ENROLLED}))
        };
        if let Ok(answer) = &answer {
            // A kill may have come before each insertion since the last removal.
            let is_nobody = !stays && self.enrolled.told.is_empty();
            assert_eq!(answer["retcode"], if is_nobody { 103 } else { 0 }, "{answer}");
        }
        self.enrolled.asked(name, answer)
    }

    /// Clears the alarm that is raised: it still has its trace (R-V1-14). The longest raised goes first, and
    /// that may be one of which nothing was told.
    fn clear(&mut self, place: &Place) -> Result<(), Lost> {
        let raised = self.raised.take();
        for _ in 0..=self.untold {
            let trace = self.alarm(place, 3)?;
            if Some(&trace) == raised.as_ref() {
                return Ok(());
            }
            self.untold -= 1;
        }
        panic!("{raised:?} was told to be raised");
    }

    /// The trace of what then happened.
    fn alarm(&mut self, place: &Place, status: u8) -> Result<String, Lost> {
        let wish = json!({"event": "alarm", "code": 10003, "status": status});
        let answer = emit(place, &wish).inspect_err(|lost| {
            self.untold += usize::from(*lost == Lost::Cut);
        })?;
        let event = &answer["events"][0];
        let trace = event["trace_id"].as_str().unwrap_or_else(|| panic!("{answer}"));
        let index = event["index"].as_u64().expect("an index");
        self.alarms.insert(index, (event["seqnum"].as_u64(), format!("{trace}/{status}")));
        Ok(trace.to_owned())
    }
}

/// Something done with one user.
fn account(place: &Place, token: &str, action: &str, user: &Value) -> Result<Value, Lost> {
    let wish = json!({"action": action, "header": {"reqid": "1"}, "body": {"users": [user]}});
    ask(&place.device, "POST /api/v3.x/acm", token, &wish.to_string())
}

/// The name under which [`ENROLLED`] is enrolled, empty where nobody is.
fn enrolled(place: &Place, token: &str) -> String {
    let answer = account(place, token, "user-lookup", &json!({"userid": ENROLLED}));
    let answer = answer.expect("nobody kills it now");
    answer["body"]["users"][0]["name"].as_str().unwrap_or_default().to_owned()
}

fn log_in(place: &Place, digest: &str) -> Option<String> {
    let body = json!({"user": "admin", "passwd": digest});
    let wish = json!({"action": "auth-login", "header": {"reqid": "1"}, "body": body});
    let answer = ask(&place.device, "POST /api/v3.x/auth", "", &wish.to_string());
    let answer = answer.expect("nobody kills it now");
    answer["body"]["token"].as_str().map(str::to_owned)
}
