//! `vestibule ctl watch`: server-sent events, a line each.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use super::client::{Client, percent_encoded};
use super::show;
use crate::cli::ctl::Form;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::signals::Signals;

/// The longest line of a stream: an event with its records has some kilobytes.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Prints what happens until a signal or the end of the stream.
pub(super) async fn watch(
    client: &mut Client,
    device: Option<String>,
    form: Form,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut signals = Signals::new().map_err(|error| {
        Failure::new(Exit::Unreachable, "waiting for signals", error).hint("raise `ulimit -n`")
    })?;
    let sn = device.unwrap_or_else(|| super::ALL.to_owned());
    let path = format!("/events?sn={}", percent_encoded(&sn));
    let mut body = tokio::select! {
        stream = client.stream(&path) => stream?.into_body(),
        _ = signals.recv() => return Ok(Exit::Done),
    };
    let mut lines = Lines::default();
    loop {
        let bytes = tokio::select! {
            bytes = next(&mut body) => bytes,
            _ = signals.recv() => return Ok(Exit::Done),
        };
        let Some(bytes) = bytes.filter(|_| lines.rest.len() < LINE_BYTES_MAX) else {
            return Err(client.ended());
        };
        for data in lines.add(&bytes) {
            print(&data, form, output)?;
        }
    }
}

/// The next bytes; nothing at the end.
async fn next(body: &mut Incoming) -> Option<Vec<u8>> {
    loop {
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Some(data.to_vec());
                }
            }
            Some(Err(_)) | None => return None,
        }
    }
}

fn print(text: &str, form: Form, output: &Output) -> Result<(), Failure> {
    let data: Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(missed) = data.get("missed") {
        tracing::warn!("{missed} events came faster than they could be shown and are left out");
    }
    if form.json {
        return output.line(text);
    }
    match data.get("sn").and_then(Value::as_str) {
        Some(sn) => output.line(&show::entry_line(sn, &data)),
        None => Ok(()),
    }
}

/// The lines of a stream, of which only data counts here: each message has one line of it.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// The messages that `bytes` complete.
    fn add(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        let data = whole.split(|byte| *byte == b'\n').filter_map(|line| {
            let data = line.strip_prefix(b"data:")?;
            Some(String::from_utf8_lossy(data).trim_start().to_owned())
        });
        data.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_however_they_are_cut() {
        let stream = b": watching\n\ndata: {\"a\":1}\n\nevent: missed\ndata: {\"missed\":2}\n\n";
        let mut lines = Lines::default();
        let messages: Vec<String> =
            stream.iter().flat_map(|byte| lines.add(std::slice::from_ref(byte))).collect();
        assert_eq!(messages, ["{\"a\":1}", "{\"missed\":2}"]);
    }
}
