//! What a device says over v3 unasked: its reports, and what it asks a platform through a broker.

use schemars::JsonSchema;
use serde::Serialize;

use super::answers::{EVENT, to_bytes};
use crate::behaviour::{Part, ReportReqid};
use crate::event::Entry;
use crate::wire::edits::About;
use crate::wire::view::View;
use crate::wire::{event_object, json, mqtt};

/// Writes what a device asks by itself (R-V3-18).
#[must_use]
pub fn encode_question(view: &View, question: &crate::delivery::mqtt::Question) -> Vec<u8> {
    mqtt::encode(view, question)
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EventReport")]
pub(super) struct Report<'a, E> {
    #[schemars(extend("const" = "event-report"))]
    action: &'static str,
    header: ReportHeader<'a>,
    body: E,
}

#[derive(Serialize, JsonSchema)]
struct ReportHeader<'a> {
    reqid: &'a str,
}

/// The `reqid` of a device's `count`th report (R-V3-31).
#[must_use]
pub fn report_reqid(view: &View, entry: &Entry, count: u64) -> String {
    if view.behaviour.violations.v3.report.reqid_repeats {
        return view.seed.named("report").uuid().to_string();
    }
    match view.behaviour.v3.report_reqid {
        ReportReqid::Uuid => view.report_uuid(entry).to_string(),
        ReportReqid::Counter => count.to_string(),
    }
}

/// Writes an `event-report`; none for an entry that has no v3 form.
#[must_use]
pub fn encode_report(view: &View, entry: &Entry, reqid: &str) -> Option<Vec<u8>> {
    let showing = event_object::Showing::Reported;
    let body = event_object::EventObject::new(view, entry, showing)?;
    let (action, header) = ("event-report", ReportHeader { reqid });
    let (about, knobs) = (About::event(view, entry), &view.behaviour.v3);
    if !about.is_edited() {
        return Some(to_bytes(&Report { action, header, body }, knobs));
    }
    let body = about.edit(&body, EVENT);
    let report = about.edit(&Report { action, header, body }, &[Part::Report]);
    Some(to_bytes(&report, knobs))
}

/// Writes one event as `event-fetch` shows it, for the control API; none without a v3 form.
#[must_use]
pub fn encode_event(view: &View, entry: &Entry) -> Option<Vec<u8>> {
    let showing = event_object::Showing::Fetched;
    event_object::EventObject::new(view, entry, showing).map(|event| json::compact(&event))
}
