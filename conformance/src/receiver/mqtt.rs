//! The platform on a broker: one connection, on which every device that publishes has a conversation.
//!
//! Promises a connection that is opened again when it ends; that a device is asked on it once it was let in;
//! and that devices, queues, packets and waits are bounded. What is said is `conversation`'s business.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{
    Codec, Connect, ConnectReturnCode, Packet, Publish, Subscribe, SubscribeReasonCode,
};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_util::codec::Framed;
use uuid::Uuid;

use super::broker::{Broker, Secure};
use super::conversation::{Carrier, Gone, Known, Opening, converse, stopped};
use super::server::{BODY_BYTES_MAX, CONNECTIONS_MAX, Shared};
use crate::socket::Socket;
use crate::trust::Trust;
use crate::{clock, json};

/// In seconds. A packet is sent twice as often, so that the broker never takes the platform for dead.
const KEEP_ALIVE: u16 = 60;

/// How long a broker may take to let the platform in; devices give up after as long.
const OPEN_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a packet may take to leave: a broker that reads nothing for so long is gone.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(30);

/// Between two tries to reach a broker that is gone.
const AGAIN: Duration = Duration::from_secs(1);

/// A device says `ping` every 10 s: one that missed four of them is gone.
const SILENT_MAX: Duration = Duration::from_secs(45);

/// Messages of one device that wait for their turn, and packets for the broker. A longer queue would only hide
/// that the owner, or the broker, is slow.
const WAITING_MAX: usize = 64;

/// What a packet holds besides its message: a topic of at most 64 KiB, and a few bytes.
const PACKET_BYTES_MAX: usize = BODY_BYTES_MAX as usize + (64 << 10) + 16;

/// Why there is no connection to a broker.
#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    /// Nobody is there.
    #[error("cannot connect")]
    Connect(#[source] std::io::Error),
    /// The TLS handshake failed.
    #[error("cannot speak TLS with it")]
    Tls(#[source] std::io::Error),
    /// The host is no name that a certificate can have.
    #[error("a certificate cannot name {0}")]
    Host(String),
    /// It does not let the platform in, or speaks something else.
    #[error("the broker {0}")]
    Broker(String),
    /// The system has no randomness to give.
    #[error("cannot make a name for the connection")]
    Random,
    /// It said nothing in time.
    #[error("it did not answer within {OPEN_WAIT_MAX:?}")]
    Silent,
}

type Packets = Framed<Socket, Codec>;

/// A broker, whose certificates are believed, and the connection to it.
pub(super) struct Line {
    broker: Arc<Broker>,
    trust: Trust,
    packets: Packets,
}

impl Line {
    /// Connects and subscribes.
    pub(super) async fn open(broker: Broker, trust: Trust) -> Result<Self, MqttError> {
        let packets = open(&broker, &trust).await?;
        Ok(Self { broker: Arc::new(broker), trust, packets })
    }

    /// Talks with the devices until the platform stops.
    pub(super) async fn serve(self, shared: Arc<Shared>) {
        let Self { broker, trust, packets } = self;
        let mut stop = shared.stop.clone();
        let mut next = Some(packets);
        while let Some(packets) = next.take() {
            let why = talk(&broker, packets, &shared).await;
            if *stop.borrow() {
                return;
            }
            tracing::warn!(why, "the connection to the broker ended; trying again");
            next = tokio::select! {
                () = stopped(&mut stop) => None,
                packets = open_again(&broker, &trust) => Some(packets),
            };
        }
    }
}

async fn open_again(broker: &Broker, trust: &Trust) -> Packets {
    loop {
        clock::wait(Some(AGAIN)).await;
        match open(broker, trust).await {
            Ok(packets) => return packets,
            Err(error) => tracing::debug!(%error, "the broker is still gone"),
        }
    }
}

async fn open(broker: &Broker, trust: &Trust) -> Result<Packets, MqttError> {
    let opened = clock::within(OPEN_WAIT_MAX, async {
        let socket = connect(broker, trust).await?;
        subscribe(broker, socket).await
    });
    opened.await.unwrap_or(Err(MqttError::Silent))
}

async fn connect(broker: &Broker, trust: &Trust) -> Result<Socket, MqttError> {
    let tcp = TcpStream::connect((broker.host.as_str(), broker.port)).await;
    let tcp = tcp.map_err(MqttError::Connect)?;
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "requests may be delayed");
    }
    if broker.secure == Secure::No {
        return Ok(Socket::Plain(tcp));
    }
    let name = ServerName::try_from(broker.host.clone());
    let name = name.map_err(|_| MqttError::Host(broker.host.clone()))?;
    let tls = TlsConnector::from(trust.client()).connect(name, tcp).await;
    Ok(Socket::Tls(Box::new(tls.map_err(MqttError::Tls)?.into())))
}

/// Is let in by the broker, and subscribes to what devices publish.
async fn subscribe(broker: &Broker, socket: Socket) -> Result<Packets, MqttError> {
    // A name of its own: two clients of one name throw each other out.
    let client = client_id()?;
    let codec = Codec { max_incoming_size: PACKET_BYTES_MAX, max_outgoing_size: u32::MAX as usize };
    let mut packets = Framed::new(socket, codec);
    let mut connect = Connect::new(client);
    connect.keep_alive = KEEP_ALIVE;
    connect.clean_session = true;
    match &broker.account {
        None => {}
        Some((user, None)) => {
            connect.set_username(user.as_str());
        }
        Some((user, Some(password))) => {
            connect.set_credentials(user.as_str(), password.clone());
        }
    }
    let refused = MqttError::Broker;
    let broken =
        |error: rumqttc::mqttbytes::Error| MqttError::Broker(format!("broke off: {error}"));
    packets.send(Packet::Connect(connect)).await.map_err(broken)?;
    match packets.next().await.transpose().map_err(broken)? {
        Some(Packet::ConnAck(answer)) if answer.code == ConnectReturnCode::Success => {}
        Some(Packet::ConnAck(answer)) => {
            return Err(refused(format!("refused the connection: {:?}", answer.code)));
        }
        _ => return Err(refused("does not answer as one".to_owned())),
    }
    let filter = broker.filter();
    let mut subscribe = Subscribe::new(filter.as_str(), QoS::AtMostOnce);
    subscribe.pkid = 1;
    packets.send(Packet::Subscribe(subscribe)).await.map_err(broken)?;
    loop {
        match packets.next().await.transpose().map_err(broken)? {
            Some(Packet::SubAck(answer)) => {
                return match answer.return_codes.first() {
                    Some(SubscribeReasonCode::Success(_)) => Ok(packets),
                    _ => Err(refused(format!("refused the subscription to {filter}"))),
                };
            }
            // It may deliver before it has said so; a device that nobody answers asks again.
            Some(Packet::Publish(_)) => {}
            _ => return Err(refused("does not answer a subscription as one".to_owned())),
        }
    }
}

/// A name that no other client has.
fn client_id() -> Result<String, MqttError> {
    let mut bytes = [0; 16];
    let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| MqttError::Random)?;
    Ok(format!("vestibule-receive-{}", Uuid::from_bytes(bytes).simple()))
}

/// Talks with every device until the connection ends or the platform stops; says how it ended.
async fn talk(broker: &Arc<Broker>, packets: Packets, shared: &Arc<Shared>) -> String {
    let (sink, mut packets) = packets.split();
    let (leaving, to_leave) = mpsc::channel(WAITING_MAX);
    let mut writer = tokio::spawn(write(sink, to_leave));
    let mut stop = shared.stop.clone();
    let mut devices =
        Devices { broker, shared, leaving, present: BTreeMap::new(), talks: JoinSet::new() };
    let why = loop {
        tokio::select! {
            () = stopped(&mut stop) => break "the platform stops".to_owned(),
            why = &mut writer => break why.unwrap_or_else(|_| "its writer is gone".to_owned()),
            Some(_) = devices.talks.join_next() => {}
            packet = hear(&mut packets) => match packet {
                Ok(publish) => devices.take(&publish).await,
                Err(why) => break why,
            },
        }
    };
    devices.end().await;
    // All who could give it something are gone, so it ends by itself, if it has not.
    if !writer.is_finished() {
        drop(writer.await);
    }
    why
}

async fn hear(packets: &mut SplitStream<Packets>) -> Result<Publish, String> {
    loop {
        match packets.next().await {
            Some(Ok(Packet::Publish(publish))) => return Ok(publish),
            // Nothing else is asked of a subscriber at QoS 0.
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the broker closed it".to_owned()),
        }
    }
}

/// Lets packets leave, and one to stay alive where none are due, until nobody has any more.
async fn write(
    mut sink: SplitSink<Packets, Packet>,
    mut to_leave: mpsc::Receiver<Publish>,
) -> String {
    let quiet = Duration::from_secs(u64::from(KEEP_ALIVE / 2));
    loop {
        let packet = match clock::within(quiet, to_leave.recv()).await {
            Some(Some(publish)) => Packet::Publish(publish),
            Some(None) => Packet::Disconnect,
            None => Packet::PingReq,
        };
        let is_last = packet == Packet::Disconnect;
        match clock::within(WRITE_WAIT_MAX, sink.send(packet)).await {
            Some(Ok(())) if is_last => return "nobody has anything to say any more".to_owned(),
            Some(Ok(())) => {}
            Some(Err(error)) => return error.to_string(),
            None => return format!("nothing could be written for {WRITE_WAIT_MAX:?}"),
        }
    }
}

/// The devices that were heard on a connection, each with its conversation.
struct Devices<'a> {
    broker: &'a Arc<Broker>,
    shared: &'a Arc<Shared>,
    leaving: mpsc::Sender<Publish>,
    present: BTreeMap<String, mpsc::Sender<Bytes>>,
    talks: JoinSet<()>,
}

impl Devices<'_> {
    /// Hands a message to the conversation of its device, which begins with it if need be.
    async fn take(&mut self, publish: &Publish) {
        let topic = String::from_utf8_lossy(&publish.topic);
        let device = match self.broker.device_of(&topic) {
            Some(device) => Some(device.to_owned()),
            None => device_in(&publish.payload),
        };
        match device {
            Some(device) => self.hand(device, &topic, publish.payload.clone()).await,
            // An answer on a topic that devices share: it is for whoever asked, and nobody else minds.
            None => {
                for waiting in self.present.values() {
                    let _ = waiting.send(publish.payload.clone()).await;
                }
            }
        }
    }

    async fn hand(&mut self, device: String, topic: &str, mut message: Bytes) {
        if let Some(present) = self.present.get(&device) {
            match present.send(message).await {
                Ok(()) => return,
                // It was silent for too long, and is back.
                Err(mpsc::error::SendError(unheard)) => message = unheard,
            }
        }
        self.present.retain(|_, waiting| !waiting.is_closed());
        if self.present.len() >= CONNECTIONS_MAX {
            tracing::warn!(device, "too many devices: a message is lost");
            return;
        }
        let (waiting, heard) = mpsc::channel(WAITING_MAX);
        // There is room: it is new.
        let _ = waiting.try_send(message);
        let opening = Opening {
            path: topic.to_owned(),
            headers: HeaderMap::new(),
            known: Known::AskLetIn { device: device.clone() },
        };
        let mut ear = Ear {
            heard,
            last: clock::mono(),
            topic: self.broker.topic_to(&device),
            leaving: self.leaving.clone(),
        };
        let shared = Arc::clone(self.shared);
        self.talks.spawn(async move {
            // Either end is one: a device on a broker does not say goodbye.
            let _ = converse(&mut ear, &opening, &shared).await;
        });
        self.present.insert(device, waiting);
    }

    /// Lets every conversation end.
    async fn end(self) {
        let Self { present, leaving, mut talks, .. } = self;
        drop((present, leaving));
        while talks.join_next().await.is_some() {}
    }
}

/// The id of the device that says something on a shared topic, where it is told.
fn device_in(message: &[u8]) -> Option<String> {
    let document = json::read(message).ok()?;
    let header = &document.value["header"]["devid"];
    let id = header.as_str().or_else(|| document.value["body"]["device-id"].as_str())?;
    Some(id.to_owned())
}

/// What one device says, and where it listens.
struct Ear {
    heard: mpsc::Receiver<Bytes>,
    last: Instant,
    topic: String,
    leaving: mpsc::Sender<Publish>,
}

impl Carrier for Ear {
    async fn hear(&mut self) -> Option<Bytes> {
        let silent = clock::mono().saturating_duration_since(self.last);
        let left = SILENT_MAX.saturating_sub(silent);
        let heard = clock::within(left, self.heard.recv()).await.flatten();
        self.last = clock::mono();
        heard
    }

    async fn say(&mut self, text: String) -> Result<(), Gone> {
        let publish = Publish::new(self.topic.as_str(), QoS::AtMostOnce, text);
        self.leaving.send(publish).await.map_err(|_| Gone)
    }
}
