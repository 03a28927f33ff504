//! A listener answers each message as its plan says, and knows afterwards what became of it.

use std::time::Duration;

use http::StatusCode;
use vestibule_conformance::platform::{Answer, Content, Delivery, Ended, Plan};
use vestibule_conformance::stream::{Claim, Fate, Identity, Shape};

use crate::device::{Heard, connect, hear, listener, post, push, report, send, tell, until};

const OK: &str = r#"{"code":200,"msg":"success","message":"success","data":{}}"#;

fn answered(status: u16, body: &str) -> Heard {
    Heard::Answer(status, body.to_owned())
}

#[tokio::test]
async fn every_answer_reaches_the_device_as_it_is() {
    let http = |status: u16, body: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        Answer::saying(Content::Http { status, headers: Vec::new(), body: body.to_owned() })
    };
    let soon = Duration::from_millis(1);
    let rows = [
        (Answer::OK, answered(200, OK), Fate::Written),
        (http(503, "{}"), answered(503, "{}"), Fate::Written),
        (http(204, ""), answered(204, ""), Fate::Written),
        (Answer::saying(Content::Empty), answered(200, ""), Fate::Written),
        (Answer::delivered(Delivery::Late(soon)), answered(200, OK), Fate::Written),
        (Answer::delivered(Delivery::Slow(Duration::ZERO)), answered(200, OK), Fate::Written),
        (Answer::delivered(Delivery::Half), Heard::Part(0), Fate::Withheld),
        (Answer::delivered(Delivery::ResetMidAnswer), Heard::Reset, Fate::Withheld),
        (Answer::delivered(Delivery::Reset), Heard::Reset, Fate::Withheld),
    ];
    let listener = listener(Plan::default()).await;
    for (number, (answer, heard, fate)) in rows.into_iter().enumerate() {
        listener.plan(Plan::always(answer.clone()));
        match (tell(&listener, &push(number as u64)).await, heard) {
            (Heard::Part(bytes), Heard::Part(_)) => assert!(bytes > 0, "{answer}"),
            (told, heard) => assert_eq!(told, heard, "{answer}"),
        }
        until(&listener, |stream| stream.entries()[number].arrival().unwrap().fate == fate).await;
    }
}

#[tokio::test]
async fn a_message_is_recorded_as_it_came() {
    let listener =
        listener(Plan::sequence(vec![Answer::saying(Content::Code(500)), Answer::OK])).await;
    let mut stream = connect(&listener).await;
    send(&mut stream, &push(7)).await;
    hear(&mut stream).await;
    send(&mut stream, &push(7)).await;
    hear(&mut stream).await;
    send(&mut stream, &report(3)).await;
    assert_eq!(hear(&mut stream).await, answered(200, r#"{"retcode":0,"header":{"reqid":"r3"}}"#));
    send(&mut stream, &post("what is this")).await;
    assert_eq!(hear(&mut stream).await, answered(200, OK));
    let stream = listener.close().await;
    let shapes: Vec<Shape> = stream.entries().iter().map(|entry| entry.facts.shape).collect();
    assert_eq!(shapes, [Shape::Push, Shape::Push, Shape::Report, Shape::Other]);
    let [first, second, report, other] = stream.entries() else { panic!() };
    assert_eq!(first.identity, Identity::record("4d3987c1-a3b3-470b-9fb7-000000000007"));
    assert_eq!((&first.identity, first.fields_digest), (&second.identity, second.fields_digest));
    assert_eq!((&report.identity, &other.identity), (&Identity::Seqnum(3), &Identity::Unknown));
    let claims = stream.entries().iter().map(|entry| stream.answered(entry).unwrap().claim);
    let expected = [Claim::Failure, Claim::Success, Claim::Success, Claim::Success];
    assert_eq!(claims.collect::<Vec<_>>(), expected);
    let message = stream.message(0).unwrap().unwrap();
    assert_eq!((message.method.as_str(), message.path.as_str()), ("POST", "/Record"));
    assert_eq!(message.headers.iter().nth(1), Some(("SN", "A")));
    assert_eq!(stream.json(0).unwrap().unwrap()["data"]["pass"], true);
    assert_eq!(stream.message(3).unwrap().unwrap().body, "what is this");
    assert_eq!((stream.distinct(), stream.entries().len()), (3, 4));
}

#[tokio::test]
async fn an_answer_that_nobody_waited_for_is_cut() {
    let late = Answer::delivered(Delivery::Late(Duration::from_secs(600)));
    let listener = listener(Plan::always(late)).await;
    let mut stream = connect(&listener).await;
    send(&mut stream, &push(1)).await;
    until(&listener, |stream| stream.entries().len() == 1).await;
    drop(stream);
    until(&listener, |stream| stream.entries()[0].arrival().unwrap().fate == Fate::Cut).await;
}

#[tokio::test]
async fn a_reset_after_the_answer_leaves_a_doubt() {
    let listener = listener(Plan::default()).await;
    let mut stream = connect(&listener).await;
    send(&mut stream, &push(1)).await;
    until(&listener, |stream| {
        stream.entries().iter().any(|e| e.arrival().unwrap().fate == Fate::Written)
    })
    .await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    until(&listener, |stream| stream.entries()[0].arrival().unwrap().fate == Fate::Doubtful).await;
    assert_eq!(listener.connections()[0].ended.unwrap().1, Ended::Broken);
}

#[tokio::test]
async fn attempts_are_counted_for_each_message() {
    let bad = Answer::saying(Content::Code(500));
    let listener = listener(Plan::attempts(vec![bad, Answer::OK])).await;
    let mut codes = Vec::new();
    for number in [1, 2, 1, 2, 1] {
        let Heard::Answer(_, body) = tell(&listener, &push(number)).await else { panic!() };
        codes.push(body.starts_with(r#"{"code":200"#));
    }
    assert_eq!(codes, [false, false, true, true, true]);
}
