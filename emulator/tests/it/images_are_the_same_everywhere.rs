//! An event's image is the same in `rgb_image`, in `alarm_photo` and in `device-download`, whatever the slices
//! (R-V3-26, R-V3-38); the control API leaves images out unless it is asked for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::session::Session;
use crate::support::{Platform, Running, SN, quiet};

const SLICE_BYTES_MAX: usize = 65_536;

/// A device that keeps images of that size and pushes.
async fn with_images(platform: &Platform, image_bytes: u32) -> Running {
    let mut config = quiet();
    config.push.to = Some(platform.url.clone());
    config.device.image_bytes = Some(image_bytes);
    let running = Running::start(&config);
    let session = Session::start(&running).await;
    let on = json!({"configs": [{"key": "log-mode", "value": "image"}]});
    assert_eq!(session.ask("config-set", &on).await["retcode"], 0);
    assert_eq!(session.ask("device-reboot", &json!(null)).await["retcode"], 0);
    running.status_when(|status| status["images"] == true).await;
    running
}

/// That slice, whatever else is asked for.
async fn slice(session: &Session, more: Value) -> Value {
    let mut body = json!({"type": "logr", "chanel": 0});
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    session.ask("device-download", &body).await
}

fn bytes(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().expect("a text")).expect("base64")
}

/// The whole image, slice by slice.
async fn downloaded(session: &Session, which: &Value, size: usize) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let mut asked = which.clone();
        asked["offset"] = json!(whole.len());
        asked["size"] = json!(size);
        let answer = slice(session, asked).await;
        assert_eq!(answer["retcode"], 0, "{answer}");
        let body = &answer["body"];
        let data = bytes(&body["data"]);
        assert_eq!(body["size"], data.len());
        assert_eq!(body["offset"], whole.len());
        whole.extend_from_slice(&data);
        let filesize = usize::try_from(body["filesize"].as_u64().expect("a size")).expect("fits");
        if whole.len() == filesize {
            return whole;
        }
        assert_eq!(data.len(), size, "only the last slice is shorter");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v3_38_what_is_downloaded_is_what_was_pushed() {
    let platform = Platform::start([]).await;
    let running = with_images(&platform, 80_000).await;
    let session = Session::start(&running).await;
    let made = running.emit(&json!({"event": "face", "count": 2})).await;
    running.emit(&json!({"event": "alarm", "code": 10002, "status": 1})).await;
    let messages = platform.messages(3).await;
    let pushed: Vec<Value> =
        messages.iter().map(|message| message.json()["data"].clone()).collect();
    let image = bytes(&pushed[0]["rgb_image"]);
    assert!(image.starts_with(b"\xff\xd8\xff") && image.ends_with(b"\xff\xd9"), "a whole JPEG");
    assert!((79_997..=80_000).contains(&image.len()), "{}", image.len());
    assert_ne!(pushed[0]["rgb_image"], pushed[1]["rgb_image"]);
    let seqnum = json!({"seqnum": made[0]["seqnum"]});
    for size in [SLICE_BYTES_MAX, 40_000, 32_000, 9_999] {
        assert!(downloaded(&session, &seqnum, size).await == image, "in slices of {size}");
    }
    let log = session.ask("event-fetch", &json!({"limit": 1000})).await;
    let events = log["body"]["events"].as_array().expect("events").clone();
    let door = events.iter().find(|event| event["event"] == "door").expect("an alarm's event");
    let alarm = downloaded(&session, &json!({"seqnum": door["seqnum"]}), SLICE_BYTES_MAX).await;
    assert!(alarm == bytes(&pushed[2]["alarm_photo"]), "the alarm's photo");
    // `seqnum` wins; by itself the time means the newest event that has it.
    let both = json!({"seqnum": made[0]["seqnum"], "timestamp": door["timestamp"]});
    assert!(downloaded(&session, &both, SLICE_BYTES_MAX).await == image);
    let newest = events.iter().rfind(|event| event["timestamp"] == door["timestamp"]);
    let newest = json!({"seqnum": newest.expect("itself")["seqnum"]});
    let timed = json!({"timestamp": door["timestamp"]});
    let of_then = downloaded(&session, &timed, SLICE_BYTES_MAX).await;
    assert!(of_then == downloaded(&session, &newest, SLICE_BYTES_MAX).await);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v3_38_a_slice_begins_within_the_image() {
    let platform = Platform::start([]).await;
    let running = with_images(&platform, 6_000).await;
    let session = Session::start(&running).await;
    let made = running.emit(&json!({"event": "face"})).await;
    let seqnum = &made[0]["seqnum"];
    let whole = slice(&session, json!({"seqnum": seqnum, "size": SLICE_BYTES_MAX})).await;
    let length = whole["body"]["filesize"].as_u64().expect("a size");
    let image = bytes(&whole["body"]["data"]);
    for (offset, size, expected) in [
        (length - 1, 1, Ok(1)),
        (length - 1, 500, Ok(1)),
        (0, 1, Ok(1)),
        (length, 1, Err(101)),
        (length + 1, 1, Err(101)),
        (u64::MAX, 1, Err(101)),
        (0, SLICE_BYTES_MAX + 1, Err(101)),
        (0, 0, Err(101)),
    ] {
        let asked = json!({"seqnum": seqnum, "offset": offset, "size": size});
        let answer = slice(&session, asked.clone()).await;
        match expected {
            Err(retcode) => assert_eq!(answer["retcode"], retcode, "{asked}"),
            Ok(length) => {
                let data = bytes(&answer["body"]["data"]);
                let from = usize::try_from(offset).expect("fits");
                assert_eq!(data, image[from..from + length], "{asked}");
            }
        }
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_api_leaves_images_out() {
    let platform = Platform::start([]).await;
    let running = with_images(&platform, 30_000).await;
    running.emit(&json!({"event": "face"})).await;
    running.emit(&json!({"event": "alarm", "code": 10001, "status": 1})).await;
    let images = |entries: &Value| -> Vec<Value> {
        let entries = entries["events"].as_array().expect("events").iter();
        let data =
            entries.filter_map(|entry| entry["v1"].get(0)).map(|record| record["data"].clone());
        data.map(|data| data.get("rgb_image").or(data.get("alarm_photo")).cloned().into()).collect()
    };
    let page = running.get(&format!("/devices/{SN}/events")).await;
    assert_eq!(images(&page.json()), ["left out", "left out"]);
    assert!(page.body.len() < 6_000, "{}", page.body.len());
    let page = running.get(&format!("/devices/{SN}/events?images=true")).await;
    let messages = platform.messages(2).await;
    let pushed: Vec<Value> =
        messages.iter().map(|message| message.json()["data"].clone()).collect();
    assert_eq!(
        images(&page.json()),
        [pushed[0]["rgb_image"].clone(), pushed[1]["alarm_photo"].clone()]
    );
    let page = running.get(&format!("/devices/{SN}/events?images=maybe")).await;
    assert_eq!(page.status, 400);
    running.stop().await;
}
