//! A listener can go away in each of the ways in which a platform can, and comes back where it was.

use std::io::ErrorKind;

use tokio::net::TcpStream;
use vestibule_conformance::platform::{Ended, Outage, Plan};
use vestibule_conformance::stream::Fate;

use crate::device::{Heard, connect, hear, listener, push, send, tell, until};

#[tokio::test]
async fn refused_is_refused_and_the_port_comes_back() {
    let listener = listener(Plan::default()).await;
    let mut open = connect(&listener).await;
    send(&mut open, &push(1)).await;
    hear(&mut open).await;
    for _ in 0..3 {
        listener.outage(Outage::Refused).await.unwrap();
        let refused = TcpStream::connect(listener.address()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        // Nobody else can take the port meanwhile.
        let taken = tokio::net::TcpListener::bind(listener.address()).await;
        assert_eq!(taken.map(drop).unwrap_err().kind(), ErrorKind::AddrInUse);
        listener.heal().await.unwrap();
        assert!(matches!(tell(&listener, &push(2)).await, Heard::Answer(200, _)));
    }
    assert_eq!(hear(&mut open).await, Heard::Reset);
    assert_eq!(listener.trouble(), None);
}

#[tokio::test]
async fn who_rests_refuses_keeps_the_port_and_begins_anew() {
    let listener = listener(Plan::default()).await;
    let mut open = connect(&listener).await;
    send(&mut open, &push(1)).await;
    assert!(matches!(hear(&mut open).await, Heard::Answer(200, _)));
    let came = listener.rest().await.unwrap();
    // A device sees the end of a connection before it uses it again; a cut it may not.
    assert_eq!(hear(&mut open).await, Heard::Part(0));
    assert_eq!(came.entries().len(), 1);
    let refused = TcpStream::connect(listener.address()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let taken = tokio::net::TcpListener::bind(listener.address()).await;
    assert_eq!(taken.map(drop).unwrap_err().kind(), ErrorKind::AddrInUse);
    listener.heal().await.unwrap();
    assert!(matches!(tell(&listener, &push(2)).await, Heard::Answer(200, _)));
    assert_eq!(listener.close().await.entries().len(), 1);
}

#[tokio::test]
async fn a_black_hole_takes_and_says_nothing() {
    let listener = listener(Plan::default()).await;
    let mut open = connect(&listener).await;
    send(&mut open, &push(1)).await;
    hear(&mut open).await;
    listener.outage(Outage::BlackHole).await.unwrap();
    send(&mut open, &push(2)).await;
    let mut fresh = connect(&listener).await;
    send(&mut fresh, &push(3)).await;
    let silent = tokio::time::timeout(std::time::Duration::from_millis(50), async {
        tokio::join!(hear(&mut open), hear(&mut fresh))
    });
    assert!(silent.await.is_err());
    listener.heal().await.unwrap();
    // What was given up on is not read afterwards.
    assert_eq!(hear(&mut open).await, Heard::Reset);
    assert_eq!(hear(&mut fresh).await, Heard::Reset);
    assert!(matches!(tell(&listener, &push(4)).await, Heard::Answer(200, _)));
    assert_eq!(listener.look(|stream| stream.entries().len()), 2);
}

#[tokio::test]
async fn a_reset_comes_with_the_accept() {
    let listener = listener(Plan::default()).await;
    listener.outage(Outage::Reset).await.unwrap();
    let mut stream = connect(&listener).await;
    assert_eq!(hear(&mut stream).await, Heard::Reset);
    listener.heal().await.unwrap();
    assert!(matches!(tell(&listener, &push(4)).await, Heard::Answer(200, _)));
    assert_eq!(listener.connections()[0].ended.map(|(_, ended)| ended), Some(Ended::Reset));
}

#[tokio::test]
async fn a_hang_takes_messages_and_resets_them_at_its_end() {
    let listener = listener(Plan::default()).await;
    listener.outage(Outage::Hang).await.unwrap();
    let mut stream = connect(&listener).await;
    send(&mut stream, &push(4)).await;
    until(&listener, |stream| stream.entries().len() == 1).await;
    listener.heal().await.unwrap();
    assert_eq!(hear(&mut stream).await, Heard::Reset);
    assert_eq!(listener.look(|stream| stream.entries()[0].arrival().unwrap().fate), Fate::Withheld);
}

#[tokio::test]
async fn it_dies_in_the_middle_of_a_replay() {
    for outage in [Outage::Refused, Outage::BlackHole, Outage::Reset, Outage::Hang] {
        let listener = listener(Plan::default()).await;
        listener.outage_after(3, outage);
        let mut stream = connect(&listener).await;
        for number in 0..3 {
            send(&mut stream, &push(number)).await;
            // The third answer may be cut off by what follows it at once.
            let heard = hear(&mut stream).await;
            assert!(matches!(heard, Heard::Answer(200, _)) || number == 2, "{outage:?}: {heard:?}");
        }
        assert_eq!(listener.outage_now(), Some(outage));
        assert_eq!(listener.look(|stream| stream.entries().len()), 3, "{outage:?}");
        listener.heal().await.unwrap();
        assert!(matches!(tell(&listener, &push(3)).await, Heard::Answer(200, _)));
    }
}
