//! A real broker, Mosquitto, for as long as a test runs, and a platform that speaks through it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::{SinkExt, StreamExt};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Codec, Connect, Packet, Publish, Subscribe};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_util::codec::Framed;
use vestibule_emulator::clock::pause;

use crate::bench_device::PATIENCE;
use crate::platform::Certificate;

/// Where Debian puts it, besides what `PATH` has.
const PLACES: [&str; 2] = ["mosquitto", "/usr/sbin/mosquitto"];

/// A broker of its own, with its own files.
pub(crate) struct Mosquitto {
    process: Process,
    directory: TempDir,
    account: Option<(String, String)>,
    pub(crate) address: SocketAddr,
    /// Where it speaks TLS, if it does.
    pub(crate) tls_address: SocketAddr,
}

/// A process that ends with the test.
struct Process(Child);

impl Process {
    fn end(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

impl Mosquitto {
    /// One that lets everybody in.
    pub(crate) async fn start() -> Self {
        Self::with(|_, _| "allow_anonymous true\n".to_owned()).await
    }

    /// One that lets that account in, and nobody else.
    pub(crate) async fn with_account(user: &str, password: &str) -> Self {
        let broker = Self::with(|directory, _| {
            let path = directory.join("accounts");
            let made = Command::new("mosquitto_passwd")
                .args(["-b", "-c"])
                .arg(&path)
                .args([user, password])
                .status();
            assert!(made.is_ok_and(|status| status.success()), "{MISSING}");
            format!("allow_anonymous false\npassword_file {}\n", path.display())
        });
        let account = Some((user.to_owned(), password.to_owned()));
        Self { account, ..broker.await }
    }

    /// One that speaks TLS, too.
    pub(crate) async fn with_tls(certificate: &Certificate) -> Self {
        Self::with(|directory, tls| {
            let key = directory.join("key.pem");
            std::fs::write(&key, certificate.key_pem()).expect("writable");
            let certificate = certificate.path().display();
            let key = key.display();
            let listener = format!("listener {} 127.0.0.1", tls.port());
            format!("allow_anonymous true\n{listener}\ncertfile {certificate}\nkeyfile {key}\n")
        })
        .await
    }

    async fn with(config: impl Fn(&Path, SocketAddr) -> String) -> Self {
        let directory = TempDir::new().expect("a directory");
        // Mosquitto takes no port 0: one that was free a moment ago, and another where somebody was faster.
        for _ in 0..20 {
            let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
            let [address, tls_address] =
                free.each_ref().map(|free| free.local_addr().expect("bound"));
            drop(free);
            let config = config(directory.path(), tls_address);
            let text = format!("user root\nlistener {} 127.0.0.1\n{config}", address.port());
            std::fs::write(directory.path().join("config"), text).expect("writable");
            let mut process = Process(spawn(directory.path()));
            if listens(&mut process.0, address).await {
                return Self { process, directory, account: None, address, tls_address };
            }
        }
        panic!("mosquitto does not start on any of twenty free ports");
    }

    pub(crate) fn stop(&mut self) {
        self.process.end();
    }

    /// Starts it again at the same place.
    pub(crate) async fn start_again(&mut self) {
        self.process = Process(spawn(self.directory.path()));
        assert!(listens(&mut self.process.0, self.address).await, "its port is taken");
    }

    /// A platform for the device of that id, which hears from now on what the device says.
    pub(crate) async fn platform(&self, device_id: &str) -> Platform {
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let codec = Codec { max_incoming_size: 1 << 24, max_outgoing_size: 1 << 24 };
        let mut packets = Framed::new(stream, codec);
        let mut send = async |packet| packets.send(packet).await.expect("open");
        let mut connect = Connect::new("platform");
        if let Some((user, password)) = &self.account {
            connect.set_credentials(user, password.clone());
        }
        send(Packet::Connect(connect)).await;
        let up = format!("vestibule/up/{device_id}");
        let mut subscribe = Subscribe::new(up.as_str(), QoS::AtMostOnce);
        subscribe.pkid = 1;
        send(Packet::Subscribe(subscribe)).await;
        let mut platform = Platform { packets, down: format!("vestibule/down/{device_id}") };
        while !matches!(platform.packet().await, Packet::SubAck(_)) {}
        platform
    }
}

const MISSING: &str = "the tests of MQTT need a broker: install mosquitto, on Debian with \
                       `apt-get install -y mosquitto`";

fn spawn(directory: &Path) -> Child {
    let config = directory.join("config");
    let spawned = PLACES.iter().find_map(|place| {
        let mut command = Command::new(place);
        command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().ok()
    });
    spawned.expect(MISSING)
}

/// Whether it comes to listen there; false if it ends.
async fn listens(child: &mut Child, address: SocketAddr) -> bool {
    let coming = async {
        loop {
            if child.try_wait().expect("a child").is_some() {
                return false;
            }
            if TcpStream::connect(address).await.is_ok() {
                return true;
            }
            pause(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, coming).await.expect("mosquitto listens or ends")
}

/// A platform on the other side of the broker.
pub(crate) struct Platform {
    packets: Framed<TcpStream, Codec>,
    down: String,
}

impl Platform {
    async fn packet(&mut self) -> Packet {
        let next = tokio::time::timeout(PATIENCE, self.packets.next()).await;
        next.expect("the broker says something").expect("open").expect("MQTT")
    }

    /// The next message of the device, as it was published.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            if let Packet::Publish(publish) = self.packet().await {
                assert!(publish.qos == QoS::AtMostOnce && !publish.retain);
                return serde_json::from_slice(&publish.payload).expect("JSON");
            }
        }
    }

    /// The next one for which that holds; what comes before it is passed over.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.hear().await;
            if is_it(&message) {
                return message;
            }
        }
    }

    /// The next report.
    pub(crate) async fn report(&mut self) -> Value {
        self.until(|message| message["action"] == "event-report").await["body"].take()
    }

    pub(crate) async fn say(&mut self, text: impl Into<Vec<u8>>) {
        let publish = Publish::new(self.down.as_str(), QoS::AtMostOnce, text);
        self.packets.send(Packet::Publish(publish)).await.expect("open");
    }

    /// The answer to a call.
    pub(crate) async fn ask(&mut self, action: &str) -> Value {
        let request = json!({"action": action, "header": {"reqid": action}});
        self.say(request.to_string()).await;
        let is_answer =
            |message: &Value| message["header"]["reqid"] == action && message["retcode"].is_u64();
        self.until(is_answer).await
    }

    /// Lets the device in when it asks.
    pub(crate) async fn let_in(&mut self, retcode: i64) {
        let asked = self.until(|message| message["action"] == "sync-time").await;
        let answer = json!({"retcode": retcode, "header": {"reqid": asked["header"]["reqid"]}});
        self.say(answer.to_string()).await;
    }
}
