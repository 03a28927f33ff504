//! A connection to an MQTT broker, as far as a device uses one: whole messages at QoS 0, either way.
//!
//! The library's own client keeps its connection by itself and does not say when a message has left, so only
//! its packets are used. A device sends `ping` messages far more often than the keep-alive asks for a packet.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rumqttc::mqttbytes::v4::{
    Codec, Connect, ConnectReturnCode, Packet, Publish, Subscribe, SubscribeReasonCode,
};
use rumqttc::mqttbytes::{Error, QoS};
use tokio_util::codec::Framed;
use vestibule_core::behaviour::failures::Api;
use vestibule_core::dest::Broker;

use super::super::connection::{Failure, Stream};
use super::socket::Heard;
use crate::api::limits::{BODY_BYTES_MAX, LINGER_TIME_MAX, WRITE_TIME_MAX};
use crate::clock::{Elapsed, pause, within};

/// In seconds (the vendor's manual).
const KEEP_ALIVE: u16 = 60;

/// What a packet holds besides its message: a topic of at most 64 KiB, and a few bytes.
const PACKET_BYTES_MAX: usize = BODY_BYTES_MAX + 64 * 1024 + 16;

/// The one subscription.
const SUBSCRIPTION: u16 = 1;

/// An open connection, let in by the broker and subscribed.
pub(super) struct Mqtt {
    packets: Framed<Stream, Codec>,
    topic_pub: String,
}

impl Mqtt {
    /// Becomes one, as that device.
    pub(super) async fn open(
        stream: Stream,
        broker: &Broker,
        device_id: &str,
    ) -> Result<Self, Failure> {
        let codec =
            Codec { max_incoming_size: PACKET_BYTES_MAX, max_outgoing_size: u32::MAX as usize };
        let mut packets = Framed::new(stream, codec);
        let mut connect = Connect::new(broker.client_id(device_id));
        connect.keep_alive = KEEP_ALIVE;
        connect.clean_session = true;
        let fields = broker.fields();
        match (fields.user.as_str(), fields.passwd.as_str()) {
            ("", _) => {}
            (user, "") => {
                connect.set_username(user);
            }
            (user, passwd) => {
                connect.set_credentials(user, passwd.to_owned());
            }
        }
        let refused = |why: String| Failure::Broker(why);
        send(&mut packets, Packet::Connect(connect)).await.map_err(refused)?;
        match packets.next().await {
            Some(Ok(Packet::ConnAck(answer))) if answer.code == ConnectReturnCode::Success => {}
            Some(Ok(Packet::ConnAck(answer))) => {
                return Err(refused(format!("it refused the connection: {:?}", answer.code)));
            }
            other => return Err(refused(unexpected(other.as_ref()))),
        }
        let topic = broker.topic_sub(device_id);
        let mut subscribe = Subscribe::new(topic.as_str(), QoS::AtMostOnce);
        subscribe.pkid = SUBSCRIPTION;
        send(&mut packets, Packet::Subscribe(subscribe)).await.map_err(refused)?;
        let topic_pub = broker.topic_pub(device_id);
        loop {
            match packets.next().await {
                Some(Ok(Packet::SubAck(answer))) => {
                    return match answer.return_codes.first() {
                        Some(SubscribeReasonCode::Success(_)) => Ok(Self { packets, topic_pub }),
                        _ => Err(refused(format!("it refused the subscription to {topic}"))),
                    };
                }
                // What was published before the broker had said so: nobody was there to be asked.
                Some(Ok(Packet::Publish(_))) => {}
                other => return Err(refused(unexpected(other.as_ref()))),
            }
        }
    }

    /// What comes next. What was not waited for to its end is not lost.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            match self.packets.next().await {
                Some(Ok(Packet::Publish(publish))) if publish.payload.len() > BODY_BYTES_MAX => {
                    return Heard::TooLarge;
                }
                Some(Ok(Packet::Publish(publish))) => return Heard::Message(publish.payload),
                // Nothing else is asked of a subscriber at QoS 0.
                Some(Ok(_)) => {}
                Some(Err(Error::PayloadSizeLimitExceeded { .. })) => return Heard::TooLarge,
                Some(Err(error)) => return Heard::End(error.to_string()),
                None => return Heard::End("the broker closed it".to_owned()),
            }
        }
    }

    /// Lets a message leave whole; an error says why the connection is over.
    pub(super) async fn say(&mut self, bytes: Bytes) -> Result<(), String> {
        let publish = Publish::from_bytes(self.topic_pub.as_str(), QoS::AtMostOnce, bytes);
        send(&mut self.packets, Packet::Publish(publish)).await
    }

    /// The same as the faults in force have it. A message has no pieces here: it is late as a whole, and one
    /// that would break off does not leave.
    pub(super) async fn say_as(&mut self, bytes: Bytes, failing: &Api) -> Result<(), String> {
        if let Some(pace) = failing.pace {
            let pieces = u32::try_from(bytes.len().div_ceil(pace.bytes)).unwrap_or(u32::MAX);
            pause(pace.pause.saturating_mul(pieces)).await;
        }
        if failing.breaks_off {
            return Err("a fault broke an answer off".to_owned());
        }
        self.say(bytes).await
    }

    /// Closes it, and waits a while for the broker to have read everything.
    pub(super) async fn close(&mut self) {
        let ended = within(LINGER_TIME_MAX, async {
            if send(&mut self.packets, Packet::Disconnect).await.is_ok() {
                while let Some(Ok(_)) = self.packets.next().await {}
            }
        });
        // An impatient end is one too.
        let _ = ended.await;
    }
}

async fn send(packets: &mut Framed<Stream, Codec>, packet: Packet) -> Result<(), String> {
    match within(WRITE_TIME_MAX, packets.send(packet)).await {
        Ok(sent) => sent.map_err(|error| error.to_string()),
        Err(Elapsed) => Err(format!("nothing could be written for {WRITE_TIME_MAX:?}")),
    }
}

fn unexpected(packet: Option<&Result<Packet, Error>>) -> String {
    match packet {
        None => "it closed the connection".to_owned(),
        Some(Err(error)) => format!("what came is not MQTT: {error}"),
        Some(Ok(_)) => "it answered with another packet than was due".to_owned(),
    }
}
