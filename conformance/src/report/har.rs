//! The exchanges of a run as an HTTP Archive (HAR 1.2), for tools that show HTTP.
//!
//! A page is a case. Where no answer came, the status is 0, as browsers write it, and the comment
//! says why; so it is where the suite answered, whose bytes are not kept.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::text::milliseconds;
use crate::outcome::{Direction, Exchange, Message, Run};

#[derive(Serialize)]
struct Archive<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Creator,
    pages: Vec<Page<'a>>,
    entries: Vec<Entry<'a>>,
    comment: &'a str,
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    started_date_time: String,
    id: &'a str,
    title: String,
    page_timings: PageTimings,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageTimings {
    on_load: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    pageref: &'a str,
    started_date_time: String,
    time: u64,
    request: Request<'a>,
    response: Response<'a>,
    cache: Empty,
    timings: Timings,
    comment: String,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    method: &'a str,
    url: &'a str,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: Vec<Pair<'a>>,
    query_string: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'a>>,
    headers_size: i64,
    body_size: usize,
}

#[derive(Serialize)]
struct Pair<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'a> {
    mime_type: &'a str,
    params: [Empty; 0],
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: Vec<Pair<'a>>,
    content: Content<'a>,
    #[serde(rename = "redirectURL")]
    redirect_url: &'a str,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    size: usize,
    mime_type: &'a str,
    text: &'a str,
}

/// Only the whole is known: sending and receiving are not measured apart.
#[derive(Serialize)]
struct Timings {
    send: u64,
    wait: u64,
    receive: u64,
}

/// What HAR writes for a size that is not known.
const UNKNOWN: i64 = -1;

const HTTP: &str = "HTTP/1.1";

/// Writes the archive.
pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let started = run.start().started;
    let pages = run.cases().iter().map(|case| Page {
        started_date_time: stamp(started, case.at),
        id: &case.head.id,
        title: format!("{}: {}", case.outcome.word(), case.head.title),
        page_timings: PageTimings { on_load: milliseconds(case.took) },
    });
    let entries = run.cases().iter().flat_map(|case| {
        case.exchanges.iter().map(move |exchange| entry(started, &case.head.id, exchange))
    });
    let archive = Archive {
        log: Log {
            version: "1.2",
            creator: Creator { name: "vestibule", version: env!("CARGO_PKG_VERSION") },
            pages: pages.collect(),
            entries: entries.collect(),
            comment: &run.start().command,
        },
    };
    serde_json::to_writer_pretty(&mut *out, &archive)?;
    writeln!(out)
}

fn entry<'a>(started: SystemTime, case: &'a str, exchange: &'a Exchange) -> Entry<'a> {
    let took = milliseconds(exchange.took);
    let who = match exchange.direction {
        Direction::Call => "the suite to the device",
        Direction::Arrival => "the device to the suite",
    };
    let answered = exchange.answered.as_deref().map(|answered| format!(", answered: {answered}"));
    let failure = exchange.failure.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    Entry {
        pageref: case,
        started_date_time: stamp(started, exchange.at),
        time: took,
        request: Request {
            method: &exchange.method,
            url: &exchange.url,
            http_version: HTTP,
            cookies: [],
            headers: headers(&exchange.request),
            query_string: query(&exchange.url),
            post_data: post_data(&exchange.request),
            headers_size: UNKNOWN,
            body_size: exchange.request.body_bytes,
        },
        response: response(exchange),
        cache: Empty {},
        timings: Timings { send: 0, wait: took, receive: 0 },
        comment: format!("{who}{}{failure}", answered.unwrap_or_default()),
    }
}

fn response(exchange: &Exchange) -> Response<'_> {
    let answer = exchange.response.as_ref();
    let message = answer.map(|answer| &answer.message);
    let header = |name| message.and_then(|message| header(message, name)).unwrap_or_default();
    Response {
        status: answer.map_or(0, |answer| answer.status),
        status_text: "",
        http_version: HTTP,
        cookies: [],
        headers: message.map(headers).unwrap_or_default(),
        content: Content {
            size: message.map_or(0, |message| message.body_bytes),
            mime_type: header("content-type"),
            text: message.map_or("", |message| message.body.as_str()),
        },
        redirect_url: header("location"),
        headers_size: UNKNOWN,
        body_size: message
            .map_or(UNKNOWN, |message| i64::try_from(message.body_bytes).unwrap_or(UNKNOWN)),
    }
}

fn post_data(message: &Message) -> Option<PostData<'_>> {
    let mime_type = header(message, "content-type").unwrap_or_default();
    (message.body_bytes > 0).then(|| PostData { mime_type, params: [], text: &message.body })
}

fn headers(message: &Message) -> Vec<Pair<'_>> {
    message.headers.iter().map(|(name, value)| Pair { name, value }).collect()
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let mut headers = message.headers.iter();
    headers.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn query(url: &str) -> Vec<Pair<'_>> {
    let query = url.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or_default());
    let pair = |one| {
        let (name, value) = str::split_once(one, '=').unwrap_or((one, ""));
        Pair { name, value }
    };
    query.into_iter().flat_map(|query| query.split('&')).map(pair).collect()
}

fn stamp(started: SystemTime, at: Duration) -> String {
    humantime::format_rfc3339_millis(started + at).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn exchanges_become_an_archive() {
        let mut out = Vec::new();
        write(&sample::run(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    /// What HAR 1.2 demands of each object.
    #[test]
    fn every_member_that_the_format_demands_is_there() {
        let mut out = Vec::new();
        write(&sample::run(), &mut out).unwrap();
        let archive: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let log = &archive["log"];
        let has = |value: &serde_json::Value, members: &[&str]| {
            members.iter().for_each(|one| assert!(value.get(one).is_some(), "{one} in {value}"));
        };
        has(log, &["version", "creator", "entries"]);
        let entries = log["entries"].as_array().unwrap();
        assert!(!entries.is_empty());
        for entry in entries {
            has(entry, &["startedDateTime", "time", "request", "response", "cache", "timings"]);
            has(
                &entry["request"],
                &["method", "url", "httpVersion", "cookies", "headers", "queryString"],
            );
            has(&entry["request"], &["headersSize", "bodySize"]);
            has(
                &entry["response"],
                &["status", "statusText", "httpVersion", "cookies", "headers", "content"],
            );
            has(&entry["response"], &["redirectURL", "headersSize", "bodySize"]);
            has(&entry["response"]["content"], &["size", "mimeType"]);
            has(&entry["timings"], &["send", "wait", "receive"]);
            let page = &entry["pageref"];
            assert!(log["pages"].as_array().unwrap().iter().any(|one| one["id"] == *page));
        }
    }
}
