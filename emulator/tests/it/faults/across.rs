//! The faults of what holds between the two APIs.

use serde_json::{Value, json};

use super::lab::{Lab, face};
use super::rows;

/// A face that was let in, as an event and as a record.
async fn both(lab: &Lab) -> (Value, Value) {
    lab.event_and_record(&face()).await
}

rows! {
    "x.time-differs", lab => {
        let (event, record) = both(lab).await;
        record["timestamp"] == event["timestamp"].as_i64().expect("a number") / 1000 + 60
    };
    "x.uid-differs", lab => {
        let (event, record) = both(lab).await;
        event["uid"] != record["user"]["user_id"]
    };
    "x.score-differs", lab => {
        let (event, record) = both(lab).await;
        event["score"] != record["recognizeScore"]
    };
    "x.card-differs", lab => {
        let card = json!({"event": "card", "person": "any"});
        let (event, record) = lab.event_and_record(&card).await;
        let data = event["data"].as_str().expect("a text").trim_start_matches("0x");
        let number = u64::from_str_radix(data, 16).expect("hexadecimal").to_string();
        record["user"]["ic_number"] != number
    };
    "x.therm-differs", lab => {
        let (event, record) = both(lab).await;
        let celsius = |value: &Value| value.as_f64().unwrap_or(0.0);
        celsius(&record["bodyTemperature"]) - celsius(&event["therm"]) > 0.5
    };
    "x.record-missing", lab => {
        lab.pushed(async || drop(lab.emit(&face()).await)).await.is_empty()
    };
    "x.event-missing", lab => {
        let made = lab.emit(&face()).await;
        let page = lab.page(&json!({"seqnum": made["seqnum"], "limit": 1})).await;
        lab.until_reported().await;
        let reported = lab.reports.requests();
        page.is_empty()
            && !reported.iter().any(|report| report.json()["body"]["seqnum"] == made["seqnum"])
    };
}
