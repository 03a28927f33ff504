//! A real broker, Mosquitto, for as long as a test runs.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::running::until;

/// Where Debian puts it, besides what `PATH` has.
const PLACES: [&str; 2] = ["mosquitto", "/usr/sbin/mosquitto"];

const MISSING: &str = "the tests of MQTT need a broker: install mosquitto, on Debian with \
                       `apt-get install -y mosquitto`";

/// A broker of its own, which lets in everybody who has its account, or everybody.
pub(crate) struct Mosquitto {
    child: Child,
    directory: TempDir,
    pub(crate) address: SocketAddr,
}

impl Mosquitto {
    /// One that lets everybody in.
    pub(crate) fn start() -> Self {
        Self::with(|_| "allow_anonymous true\n".to_owned())
    }

    /// One that speaks TLS, with the account `door`, `s3cret`; its certificate is in `certificate()`.
    pub(crate) fn with_tls_and_account() -> Self {
        Self::with(|directory| {
            let file = |name: &str| directory.join(name).display().to_string();
            let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]);
            let signed = signed.expect("a certificate can be made");
            std::fs::write(file("crt"), signed.cert.pem()).expect("writable");
            std::fs::write(file("key"), signed.signing_key.serialize_pem()).expect("writable");
            let made = Command::new("mosquitto_passwd")
                .args(["-b", "-c", &file("accounts"), "door", "s3cret"])
                .status();
            assert!(made.is_ok_and(|status| status.success()), "{MISSING}");
            let mut config = format!("allow_anonymous false\npassword_file {}\n", file("accounts"));
            writeln!(config, "certfile {}\nkeyfile {}", file("crt"), file("key")).expect("a text");
            config
        })
    }

    fn with(config: impl Fn(&Path) -> String) -> Self {
        let directory = TempDir::new().expect("a directory");
        let config = config(directory.path());
        // Mosquitto takes no port 0: one that was free a moment ago, and another where somebody was faster.
        for _ in 0..20 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = free.local_addr().expect("bound");
            drop(free);
            let text = format!("user root\nlistener {} 127.0.0.1\n{config}", address.port());
            std::fs::write(directory.path().join("config"), text).expect("writable");
            let mut child = spawn(directory.path());
            if listens(&mut child, address) {
                return Self { child, directory, address };
            }
        }
        panic!("mosquitto does not start on any of twenty free ports");
    }

    /// What it shows over TLS.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.path().join("crt")
    }

    /// Ends it and starts it again at the same place.
    pub(crate) fn restart(&mut self) {
        self.end();
        self.child = spawn(self.directory.path());
        assert!(listens(&mut self.child, self.address), "its port is taken");
    }

    fn end(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.end();
    }
}

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
fn listens(child: &mut Child, address: SocketAddr) -> bool {
    let mut ended = false;
    until(|| {
        ended = child.try_wait().expect("a child").is_some();
        ended || TcpStream::connect(address).is_ok()
    });
    !ended
}
