//! R-V3-18: a device whose reports leave by MQTT asks to be let in, reports through its broker, and answers
//! there what the platform asks. The broker is Mosquitto.

use futures_util::{SinkExt, StreamExt};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{
    Codec, ConnAck, ConnectAuth, ConnectReturnCode, Packet, SubAck, SubscribeReasonCode,
};
use serde_json::json;
use tokio_util::codec::Framed;
use vestibule_core::delivery::line::Standing;

use crate::bench_device::{Bench, Wanted};
use crate::mosquitto::{Mosquitto, Platform};
use crate::platform::Certificate;

const DEVICE: &str = "00vsb00001";

fn wanted(broker: &Mosquitto, scheme: &str) -> Wanted {
    let to = format!("{scheme}://{}", broker.address);
    Wanted::quiet().report_to(to).quirk("v3.reconnect", "20ms")
}

async fn until_let_in(device: &Bench) {
    device
        .until("it is let in", |status| matches!(status.report_line, Some(Standing::Up(_))))
        .await;
}

/// A broker, a platform and a device that was let in.
async fn connected() -> (Mosquitto, Platform, Bench) {
    let broker = Mosquitto::start().await;
    let mut platform = broker.platform(DEVICE).await;
    let device = wanted(&broker, "mqtt").start();
    platform.let_in(0).await;
    until_let_in(&device).await;
    (broker, platform, device)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_it_is_let_in_it_reports_nothing_and_tells_only_who_it_is() {
    let broker = Mosquitto::start().await;
    let mut platform = broker.platform(DEVICE).await;
    let device = wanted(&broker, "mqtt").start();
    let asked = platform.hear().await;
    assert_eq!(
        (&asked["action"], &asked["header"]["devid"]),
        (&json!("sync-time"), &json!(DEVICE))
    );
    let refused = json!({"retcode": 1, "header": {"reqid": asked["header"]["reqid"]}});
    platform.say(refused.to_string()).await;
    device.emit(1);
    assert_eq!(platform.ask("event-info").await["retcode"], 114);
    assert_eq!(platform.ask("open-sesame").await["retcode"], 114);
    assert_eq!(platform.ask("device-info").await["body"]["device-id"], DEVICE);
    assert_eq!(device.status().counters.reported, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn let_in_it_reports_and_answers() {
    let (_broker, mut platform, device) = connected().await;
    let emitted = device.emit_seqnums(20);
    for seqnum in emitted {
        assert_eq!(platform.report().await["seqnum"], seqnum);
    }
    device.until("all were reported", |status| status.counters.reported == 20).await;
    assert!(device.attempts().iter().all(|attempt| attempt.outcome == "sent"));
    assert_eq!(platform.ask("event-info").await["body"]["max"], 20);
    assert_eq!(platform.ask("open-sesame").await["retcode"], 111);
    platform.say("rubbish").await;
    platform.until(|message| message["retcode"] == 101).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reboot_is_answered_first_and_it_asks_to_be_let_in_again() {
    let (_broker, mut platform, _device) = connected().await;
    assert_eq!(platform.ask("device-reboot").await["retcode"], 0);
    platform.let_in(0).await;
    assert_eq!(platform.report().await["event"], "reset");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_comes_back_is_dialled_again() {
    let (mut broker, _platform, device) = connected().await;
    broker.stop();
    device.until("it is gone", |status| !matches!(status.report_line, Some(Standing::Up(_)))).await;
    broker.start_again().await;
    let mut platform = broker.platform(DEVICE).await;
    // It may have asked before anybody listened: who comes late asks it to come again.
    device.offline().await;
    device.online().await;
    platform.let_in(0).await;
    until_let_in(&device).await;
    device.emit(1);
    assert_eq!(platform.report().await["seqnum"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_more_than_a_mebibyte_ends_the_connection_alone() {
    let (_broker, mut platform, device) = connected().await;
    platform.say(vec![b'x'; 1024 * 1024 + 1]).await;
    platform.until(|message| message["retcode"] == 106).await;
    platform.let_in(0).await;
    until_let_in(&device).await;
    assert_eq!(platform.ask("event-info").await["retcode"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_set_over_http_and_never_shown() {
    let broker = Mosquitto::with_account("door", "s3cret").await;
    let mut platform = broker.platform(DEVICE).await;
    let device = Wanted::quiet().quirk("v3.reconnect", "20ms").start();
    let token = format!("token: {}\r\n", device.log_in().await);
    let ask = async |body: &str| device.ask("POST", "/api/v3.x/device", &token, body).await.json();
    let port = broker.address.port();
    let set = |passwd: &str| {
        let body = json!({"host": "127.0.0.1", "port": port, "user": "door", "passwd": passwd});
        json!({"action": "mqtt-set", "body": body}).to_string()
    };
    for bad in [
        r#"{"action":"mqtt-set"}"#,
        r#"{"action":"mqtt-set","body":{}}"#,
        r#"{"action":"mqtt-set","body":{"host":7}}"#,
        r#"{"action":"mqtt-set","body":{"host":"a b"}}"#,
        r#"{"action":"mqtt-set","body":{"host":"a","port":70000}}"#,
        r#"{"action":"mqtt-set","body":{"host":"a","topic_pub":"up/+"}}"#,
    ] {
        assert_eq!(ask(bad).await["retcode"], 101, "{bad}");
    }
    assert_eq!(ask(r#"{"action":"mqtt-get"}"#).await["body"]["host"], "", "nothing has changed");
    assert_eq!(ask(&set("wrong")).await["retcode"], 0);
    let shown = ask(r#"{"action":"mqtt-get"}"#).await["body"].clone();
    assert_eq!((&shown["port"], &shown["passwd"]), (&json!(port), &json!("***")));
    assert_eq!(device.status().report_to, None, "with the next restart");
    ask(r#"{"action":"device-reboot"}"#).await;
    device.until("it was refused", |status| status.report_line == Some(Standing::Down)).await;
    let token = format!("token: {}\r\n", device.log_in().await);
    let ask = async |body: &str| device.ask("POST", "/api/v3.x/device", &token, body).await.json();
    assert_eq!(ask(&set("s3cret")).await["retcode"], 0);
    ask(r#"{"action":"device-reboot"}"#).await;
    platform.let_in(0).await;
    until_let_in(&device).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_to_a_broker_that_the_device_trusts() {
    let certificate = Certificate::new();
    let broker = Mosquitto::with_tls(&certificate).await;
    let mut platform = broker.platform(DEVICE).await;
    let mut trusting = Wanted::quiet().report_to(format!("mqtts://{}", broker.tls_address));
    trusting.0.push.ca = Some(certificate.path().to_owned());
    let device = trusting.start();
    platform.let_in(0).await;
    until_let_in(&device).await;
}

/// What the vendor's manual says of the connection itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_connects_as_the_manual_says() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let to = format!("mqtt://door:p%40ss@{address}/?topic_pub=a/up&topic_sub=a/down/&client_id=c");
    let _device = Wanted::quiet().report_to(to).start();
    let (stream, _) = listener.accept().await.expect("the device connects");
    let codec = Codec { max_incoming_size: 1 << 20, max_outgoing_size: 1 << 20 };
    let mut packets = Framed::new(stream, codec);
    let Some(Ok(Packet::Connect(connect))) = packets.next().await else {
        panic!("a connection begins with its packet");
    };
    assert_eq!((connect.keep_alive, connect.clean_session), (60, true));
    assert!(connect.client_id == "c" && connect.last_will.is_none());
    let account =
        ConnectAuth::UsernamePassword { username: "door".into(), password: "p@ss".into() };
    assert_eq!(connect.auth, account);
    let accepted = ConnAck { session_present: false, code: ConnectReturnCode::Success };
    packets.send(Packet::ConnAck(accepted)).await.expect("open");
    let Some(Ok(Packet::Subscribe(subscribe))) = packets.next().await else {
        panic!("it subscribes");
    };
    let filter = &subscribe.filters[0];
    assert_eq!((filter.path.as_str(), filter.qos), ("a/down/00vsb00001", QoS::AtMostOnce));
    let granted = vec![SubscribeReasonCode::Success(QoS::AtMostOnce)];
    let granted = SubAck { pkid: subscribe.pkid, return_codes: granted };
    packets.send(Packet::SubAck(granted)).await.expect("open");
    let Some(Ok(Packet::Publish(publish))) = packets.next().await else {
        panic!("it asks to be let in");
    };
    assert_eq!(
        (&publish.topic[..], publish.qos, publish.retain),
        (&b"a/up"[..], QoS::AtMostOnce, false)
    );
}
