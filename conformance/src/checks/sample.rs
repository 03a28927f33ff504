//! Streams for the tests of the checks, made of what a device sent or told.

use std::time::Duration;

use serde_json::Value;

use crate::http1::RequestHead;
use crate::stream::{Came, Fate, Stream};

/// A listener's stream of these messages, with the header `sn`.
pub(super) fn arrived(messages: &[Value]) -> Stream {
    let texts: Vec<String> = messages.iter().map(Value::to_string).collect();
    arrived_as(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A listener's stream of these bodies, word for word.
pub(super) fn arrived_as(bodies: &[&str]) -> Stream {
    let mut stream = Stream::default();
    let head_bytes = b"POST /Record HTTP/1.1\r\nsn: SN\r\n\r\n";
    let parsed = RequestHead::parse(head_bytes).expect("the head is good");
    let (head, _) = parsed.expect("the head is whole");
    for (second, body) in (1..).zip(bodies) {
        let came = Came {
            at: Duration::from_secs(second),
            connection: 0,
            head: &head,
            head_bytes,
            body: body.as_bytes(),
        };
        let added = stream.arrive(&came).expect("there is room for a temporary file");
        let index = added.index.expect("the stream has room");
        stream.done(index, came.at, Fate::Written, None);
    }
    stream
}

/// The same, each answered only after the last had come.
pub(super) fn under_way_together(mut stream: Stream) -> Stream {
    let last = stream.entries().last().expect("something came").at() + Duration::from_secs(1);
    for index in 0..stream.entries().len() {
        stream.done(index, last, Fate::Written, None);
    }
    stream
}

/// A log that was fetched in one page.
pub(super) fn fetched(events: &[Value]) -> Stream {
    let mut stream = Stream::default();
    let asked = [Some(1), None, Some(1000)];
    stream.add_page(Duration::ZERO, asked, events).expect("there is room for a temporary file");
    stream
}

/// An object with these members on top.
pub(super) fn with(mut object: Value, more: &Value) -> Value {
    let members = more.as_object().expect("it is an object").clone();
    object.as_object_mut().expect("it is an object").extend(members);
    object
}
