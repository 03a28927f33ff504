//! R-V3-39, R-V1-33: who scans finds every device that is on the network, by UDP and by mDNS, over real sockets.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mdns_sd::{IfKind, Receiver, ServiceDaemon, ServiceEvent};
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use vestibule_core::wire::discovery::SERVICE;
use vestibule_emulator::clock::{Clock, pause};
use vestibule_emulator::discovery::Ways;
use vestibule_emulator::emulator::{Emulator, StartError};

use crate::bench_device::{PATIENCE, Wanted};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Three devices whose scans are answered on a free port.
fn three() -> Wanted {
    let mut wanted = Wanted::quiet();
    wanted.0.devices.all = Some(3);
    wanted.0.discover.udp = Some(SocketAddr::from((HERE, 0)));
    wanted
}

async fn scanner() -> UdpSocket {
    UdpSocket::bind((HERE, 0)).await.expect("a free port")
}

async fn answer(scanner: &UdpSocket) -> Value {
    let mut bytes = [0; 256];
    let received = tokio::time::timeout(PATIENCE, scanner.recv(&mut bytes)).await;
    let length = received.expect("an answer in time").expect("an answer");
    serde_json::from_slice(&bytes[..length]).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_is_answered_by_every_device_on_the_network_and_nothing_else_is() {
    let device = three().start();
    let to = device.emulator.scanned_at().expect("asked for");
    let scanner = scanner().await;
    for noise in ["", "scan", r#"{"action":"ping"}"#, r#"[{"action":"scan"}]"#] {
        scanner.send_to(noise.as_bytes(), to).await.expect("sent");
    }
    let long = format!(r#"{{"action":"scan"}}{}"#, " ".repeat(1024));
    scanner.send_to(long.as_bytes(), to).await.expect("sent");
    scanner.send_to(br#"{"action": "scan"}"#, to).await.expect("sent");
    for id in ["00vsb00001", "00vsb00002", "00vsb00003"] {
        assert_eq!(answer(&scanner).await, json!({"device-id": id}));
    }
    device.offline().await;
    scanner.send_to(br#"{"action": "scan"}"#, to).await.expect("sent");
    for id in ["00vsb00002", "00vsb00003"] {
        assert_eq!(answer(&scanner).await, json!({"device-id": id}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_is_shared_with_those_who_share_it_and_refused_by_those_who_do_not() {
    let first = three().start();
    let taken = first.emulator.scanned_at().expect("asked for");
    let mut second = three();
    second.0.discover.udp = Some(taken);
    assert_eq!(second.start().emulator.scanned_at(), Some(taken));
    let alone = std::net::UdpSocket::bind((HERE, 0)).expect("a free port");
    let mut third = three();
    third.0.discover.udp = Some(alone.local_addr().expect("bound"));
    let refused = Emulator::start(third.0.plan(1).expect("a plan"), Clock::default());
    assert!(matches!(refused, Err(StartError::Discovery(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_unless_asked_for() {
    let plan = Wanted::quiet().0.plan(1).expect("a plan");
    assert_eq!(plan.discover, Ways { udp: None, mdns_port: None });
    assert_eq!(Wanted::quiet().start().emulator.scanned_at(), None);
}

/// Takes what a browser sees until that is enough.
async fn until_seen(
    events: &Receiver<ServiceEvent>,
    mut is_enough: impl FnMut(ServiceEvent) -> bool,
) {
    let looking = async {
        loop {
            while let Ok(event) = events.try_recv() {
                if is_enough(event) {
                    return;
                }
            }
            pause(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.expect(
        "multicast works on the loopback of this machine; without it mDNS cannot be tested",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_device_is_announced_by_mdns_and_taken_back_when_it_is_unplugged() {
    // The library takes no port 0: one that was free a moment ago, shared with the browser.
    let port = scanner().await.local_addr().expect("bound").port();
    let browser = ServiceDaemon::new_with_port(port).expect("a thread");
    browser.disable_interface(IfKind::All).expect("a browser");
    browser.enable_interface(IfKind::LoopbackV4).expect("a browser");
    let mut wanted = Wanted::quiet();
    wanted.0.devices.all = Some(2);
    wanted.0.discover.mdns_port = Some(port);
    let device = wanted.start();
    let events = browser.browse(SERVICE).expect("a browser");
    let mut found = BTreeSet::new();
    until_seen(&events, |event| {
        if let ServiceEvent::ServiceResolved(service) = event {
            let text = |key| service.get_property_val_str(key).map(str::to_owned);
            assert_eq!(text("model").as_deref(), Some("VST-100"));
            let addresses = service.get_addresses();
            assert!(addresses.iter().all(|address| address.to_ip_addr() == IpAddr::V4(HERE)));
            found.insert((text("sn").expect("it is told"), service.get_port()));
        }
        found.len() == 2
    })
    .await;
    let ready = device.emulator.ready();
    let told = ready.iter().map(|ready| {
        let port = ready.url.rsplit(':').next().and_then(|port| port.parse().ok());
        (ready.sn.clone(), port.expect("a URL has a port"))
    });
    assert_eq!(found, told.collect());
    device.offline().await;
    let gone = format!("{}.", ready[0].sn);
    until_seen(
        &events,
        |event| matches!(event, ServiceEvent::ServiceRemoved(_, name) if name.starts_with(&gone)),
    )
    .await;
    // It may have ended already.
    let _ = browser.shutdown();
}
