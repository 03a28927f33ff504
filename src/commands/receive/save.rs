//! The messages of a run as they came, one JSON object a line.
//!
//! Owns the file of `--save`. Promises one write a line, so that a run that is killed leaves whole
//! lines. Holds whatever devices send, private things included; headers with credentials are left
//! out.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use vestibule_conformance::receiver::server::Arrival;

use crate::exit::{Exit, Failure};

/// What the documents say goes with a push, and what tells how to read the body.
const HEADERS: [&str; 7] =
    ["content-type", "host", "user-agent", "model", "sn", "timestamp", "account"];

/// An open file.
#[derive(Debug)]
pub(crate) struct Save {
    path: PathBuf,
    file: File,
}

impl Save {
    /// Begins the file anew.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| {
            Failure::new(Exit::Usage, format!("creating {}", path.display()), error)
                .hint("give --save a path in a directory that can be written")
        })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds one message.
    pub(crate) fn write(&mut self, arrival: &Arrival) -> Result<(), Failure> {
        let mut line = line(arrival).to_string();
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|error| {
            Failure::new(Exit::Unreachable, format!("writing {}", self.path.display()), error)
                .hint("free space there, or give --save another path")
        })
    }
}

fn line(arrival: &Arrival) -> Value {
    let headers: Map<String, Value> = HEADERS
        .iter()
        .filter_map(|name| {
            let value = arrival.headers.get(*name)?;
            Some(((*name).to_owned(), String::from_utf8_lossy(value.as_bytes()).into()))
        })
        .collect();
    let (name, body) = match std::str::from_utf8(&arrival.body) {
        Ok(text) => ("body", text.to_owned()),
        Err(_) => ("body_base64", STANDARD.encode(&arrival.body)),
    };
    let time = humantime::format_rfc3339_millis(arrival.at).to_string();
    json!({"time": time, "path": arrival.path, "headers": headers, name: body})
}
