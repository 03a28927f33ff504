//! The arguments of `vestibule run`, which `vestibule exec` takes too.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::ValueEnum;
use vestibule_emulator::config::{Addressing, ClockValue, Config, QuirkValue};
use vestibule_emulator::discovery;

use crate::output::LogFormat;

/// Be a device at a door, or many: both device APIs, its events, pushes and reports.
///
/// Prints a JSON line with the URLs on stdout when it is ready, one for each device, and runs until
/// SIGINT or SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RunArgs {
    /// Where both device APIs listen; port 0 picks a free one [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: Option<SocketAddr>,

    /// Where the control API listens; port 0 picks a free one [default: 127.0.0.1:7900]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    control: Option<SocketAddr>,

    /// Ask for this token on the control API; needed to listen beyond loopback
    #[arg(long, value_name = "T", env = "VESTIBULE_CONTROL_TOKEN", hide_env_values = true)]
    control_token: Option<String>,

    /// Be so many devices, as those of one site, each at an address of its own [default: 1]
    ///
    /// Their names are counted up from the first's, and they know the same people.
    #[arg(long, value_name = "N")]
    devices: Option<u32>,

    /// How the devices' addresses differ [default: port]
    #[arg(long, value_name = "HOW")]
    addressing: Option<AddressingName>,

    /// Hold at most so many connections to deliver pushes and reports, all devices together
    ///
    /// Devices that wait for one take turns, the oldest record first. Kept connections for reports (ws,
    /// mqtt) are not among them. [default: as many as the devices can use and the process may open]
    #[arg(long, value_name = "N")]
    connections: Option<u32>,

    /// Take what is not said here from this file
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,

    /// Speak TLS 1.2 and 1.3 on the device APIs
    ///
    /// Each device shows a certificate that it signed for itself, for localhost, 127.0.0.1 and the address
    /// it listens on; with --data it is in DIR/tls and stays the same.
    #[arg(long)]
    tls: bool,

    /// Show this certificate (PEM, a chain may follow) in place of one of the device's own
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Keep this many events, and this many unacknowledged records [default: 50000]
    #[arg(long, value_name = "N")]
    capacity: Option<u32>,

    /// Begin with this many past events, spread over the days before
    #[arg(long, value_name = "N")]
    backfill: Option<u64>,

    /// Keep the device in this directory: it goes on there at the next start
    ///
    /// One process at a time uses a directory. Without it the device is in memory only.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// What an answer survives with --data: process | power [default: process]
    ///
    /// `process` is the end of this process at any instant; with `power` everything is synced to the
    /// disk before the answer.
    #[arg(long, value_name = "WHAT")]
    durability: Option<String>,

    /// Repeat a run: the same seed and clock give the same events [default: random, printed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Start the device's clock here [default: the host's time]
    #[arg(long, value_name = "RFC3339")]
    clock: Option<String>,

    /// The shape of a day: office | steady | quiet [default: office]
    #[arg(long, value_name = "PROFILE")]
    traffic: Option<String>,

    /// Events a minute, on the average of a weekday; 0 for none of its own [default: 6]
    #[arg(long, value_name = "EVENTS_PER_MINUTE")]
    rate: Option<f64>,

    /// Run the device's clock this many times as fast [default: 1]
    ///
    /// Its stamps and its world; deliveries, retries, timeouts and tokens stay in real time.
    #[arg(long, value_name = "X")]
    speed: Option<f64>,

    /// Push records here from the start, as if it had been subscribed
    #[arg(long, value_name = "URL")]
    push_to: Option<String>,

    /// Report events here from the start: an http, https, ws, wss, mqtt or mqtts URL
    ///
    /// A broker's is mqtt://USER:PASSWORD@HOST:PORT/?topic_pub=...&topic_sub=...&client_id=..., of
    /// which all but the host may be left out.
    #[arg(long, value_name = "URL")]
    report_to: Option<String>,

    /// Let the devices be found: udp, mdns, or both with a comma between them
    ///
    /// udp: answer scans on port 6543 of every address of this machine. mdns: announce each device as the
    /// service `sensetime`. Other addresses and ports: `[discover]` in the configuration.
    #[arg(long, value_name = "HOW", value_delimiter = ',')]
    discover: Vec<DiscoverName>,

    /// How large an image is, where a platform turns images on [default: 30000]
    #[arg(long, value_name = "N")]
    image_bytes: Option<u32>,

    /// Start with the network unplugged
    #[arg(long)]
    offline: bool,

    /// Behave another way where the documents leave room; `vestibule quirks` lists them
    #[arg(long = "quirk", value_name = "NAME=VALUE", value_parser = quirk)]
    quirks: Vec<(String, String)>,

    /// Trust these root certificates for https, wss and mqtts destinations, besides the system's (PEM)
    #[arg(long, value_name = "FILE")]
    push_ca: Option<PathBuf>,

    /// Write the ready lines to this file too; it appears whole
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,

    /// The form of the log on stderr
    #[arg(long, value_name = "FORM", default_value = "text")]
    log: LogForm,
}

const AFTER_HELP: &str = "\
Examples:
  vestibule run
  vestibule run --push-to http://127.0.0.1:9000/Record --rate 60
  vestibule run --seed 7 --clock 2026-03-02T08:00:00+08:00 --speed 60
  vestibule run --data ./door --durability power
  vestibule run --devices 20 --listen 127.0.0.1:8100
  vestibule run --devices 10000 --addressing loopback --rate 1 \
    --push-to http://127.0.0.1:9000/Record
  vestibule run --tls --data ./door
  vestibule run --listen 192.0.2.7:8000 --discover udp,mdns
  vestibule run --quirk preset=walos-demo --quirk v3.bad-token=105

Exit codes: 0 stopped by SIGINT or SIGTERM; 2 bad usage or configuration, or a
store that is damaged; 3 port taken, or store held by another process.";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AddressingName {
    /// Device i listens on the port of --listen plus i; where that is 0, on a free one of its own
    Port,
    /// Device i listens on the address of --listen (127.0.0.1) plus i, all at its port, and on this machine
    /// alone (Linux)
    Loopback,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DiscoverName {
    /// Answer scans by UDP
    Udp,
    /// Announce by mDNS
    Mdns,
}

impl From<AddressingName> for Addressing {
    fn from(name: AddressingName) -> Self {
        match name {
            AddressingName::Port => Self::Port,
            AddressingName::Loopback => Self::Loopback,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogForm {
    Text,
    Json,
}

impl RunArgs {
    /// The form of the log.
    pub(crate) const fn log_format(&self) -> LogFormat {
        match self.log {
            LogForm::Text => LogFormat::Text,
            LogForm::Json => LogFormat::Json,
        }
    }

    /// The file to begin with.
    pub(crate) const fn config(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }

    /// Says over the file what was said on the command line.
    pub(crate) fn say_over(&self, config: &mut Config) {
        let mut said = Config::default();
        self.say_over_file(&mut said);
        config.devices.yield_to(&said);
        self.say_over_file(config);
    }

    /// The same, without what groups of devices say.
    fn say_over_file(&self, config: &mut Config) {
        fn over<T: Clone>(said: &Option<T>, config: &mut Option<T>) {
            if said.is_some() {
                config.clone_from(said);
            }
        }
        over(&self.listen, &mut config.listen);
        over(&self.devices, &mut config.devices.all);
        config.addressing = self.addressing.map_or(config.addressing, Addressing::from);
        over(&self.connections, &mut config.connections);
        over(&self.control, &mut config.control);
        over(&self.control_token, &mut config.control_token);
        config.tls |= self.tls;
        over(&self.tls_cert, &mut config.tls_cert);
        over(&self.tls_key, &mut config.tls_key);
        over(&self.capacity, &mut config.capacity);
        over(&self.backfill, &mut config.backfill);
        over(&self.data, &mut config.data);
        over(&self.durability, &mut config.durability);
        over(&self.seed, &mut config.seed);
        over(&self.clock.clone().map(ClockValue::Text), &mut config.clock);
        over(&self.traffic, &mut config.traffic.profile);
        over(&self.rate, &mut config.traffic.rate_per_minute);
        over(&self.speed, &mut config.traffic.speed);
        over(&self.push_to, &mut config.push.to);
        over(&self.push_ca, &mut config.push.ca);
        over(&self.report_to, &mut config.report.to);
        over(&self.image_bytes, &mut config.device.image_bytes);
        if self.discover.contains(&DiscoverName::Udp) {
            config.discover.udp.get_or_insert(discovery::UDP_ADDRESS);
        }
        if self.discover.contains(&DiscoverName::Mdns) {
            config.discover.mdns_port.get_or_insert(discovery::MDNS_PORT);
        }
        config.offline |= self.offline;
        let quirks = self.quirks.iter().cloned();
        config.quirks.extend(quirks.map(|(name, value)| (name, QuirkValue::Text(value))));
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut addresses =
        text.to_socket_addrs().map_err(|error| format!("not HOST:PORT: {error}"))?;
    addresses.next().ok_or_else(|| "the name has no address".to_owned())
}

fn quirk(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("not NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
