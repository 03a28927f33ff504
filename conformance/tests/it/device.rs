//! A device of the tests: pushes and reports as bytes, and hears what comes back.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vestibule_conformance::clock;
use vestibule_conformance::platform::{Listener, Options, Plan};
use vestibule_conformance::stream::Stream;

/// How long a test waits for what must come: never reached on a machine that runs at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What came back for a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Heard {
    /// A whole answer: its status and its body.
    Answer(u16, String),
    /// So many bytes, and then the end.
    Part(usize),
    Reset,
}

pub(crate) async fn listener(plan: Plan) -> Listener {
    let options = Options {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: None,
        tls: None,
        origin: clock::mono(),
    };
    Listener::open(options, plan).await.expect("the stand-in works")
}

/// A push of type 0.
pub(crate) fn push(number: u64) -> String {
    let body = format!(
        r#"{{"type":0,"data":{{"deviceSN":"A","uuid":"4d3987c1-a3b3-470b-9fb7-{number:012x}","pass":true,"timestamp":1685343715,"recognitionType":1}}}}"#
    );
    post(&body)
}

pub(crate) fn report(seqnum: u64) -> String {
    post(&format!(
        r#"{{"action":"event-report","header":{{"reqid":"r{seqnum}"}},"body":{{"device-id":"A","seqnum":{seqnum},"event":"door","state":1}}}}"#
    ))
}

pub(crate) fn post(body: &str) -> String {
    format!(
        "POST /Record HTTP/1.1\r\nHost: a\r\nSN: A\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) async fn connect(listener: &Listener) -> TcpStream {
    TcpStream::connect(listener.address()).await.expect("the stand-in works")
}

pub(crate) async fn send(stream: &mut TcpStream, message: &str) {
    stream.write_all(message.as_bytes()).await.expect("the stand-in works");
}

/// Sends a message on a connection of its own and hears the answer.
pub(crate) async fn tell(listener: &Listener, message: &str) -> Heard {
    let mut stream = connect(listener).await;
    send(&mut stream, message).await;
    hear(&mut stream).await
}

/// Hears until a whole answer is there, or the end.
pub(crate) async fn hear(stream: &mut TcpStream) -> Heard {
    let mut bytes = Vec::new();
    let end = clock::within(PATIENCE, async {
        loop {
            if let Some(answer) = answer(&bytes) {
                return answer;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(0) => return Heard::Part(bytes.len()),
                Ok(_) => {}
                Err(_) => return Heard::Reset,
            }
        }
    });
    end.await.expect("the stand-in works")
}

fn answer(bytes: &[u8]) -> Option<Heard> {
    let text = std::str::from_utf8(bytes).expect("the stand-in works");
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let length = length.map_or(0, |length| length.parse().expect("the stand-in works"));
    let status =
        head.split(' ').nth(1).expect("the stand-in works").parse().expect("the stand-in works");
    (body.len() >= length).then(|| Heard::Answer(status, body.to_owned()))
}

/// Waits until the stream looks so.
pub(crate) async fn until(listener: &Listener, mut look: impl FnMut(&Stream) -> bool) {
    let seen = listener.until(PATIENCE, |stream| look(stream).then_some(())).await;
    seen.expect("the stand-in works");
}
