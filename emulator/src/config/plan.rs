//! From a configuration to a run: everything is checked before anything is opened.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use vestibule_core::behaviour::Behaviour;
use vestibule_core::clock::{Speed, UnixMillis};
use vestibule_core::dest::{DestError, EventDest, ReportTo};
use vestibule_core::device::{self, Link};
use vestibule_core::event::{HealthCodes, Mode};
use vestibule_core::faults::{FaultError, FaultSet};
use vestibule_core::journal::{CAPACITY, Capacity};
use vestibule_core::picture::ImageBytes;
use vestibule_core::quirks::{self, QuirkError};
use vestibule_core::seed::Seed;
use vestibule_core::wire::Identity;
use vestibule_core::world::{
    MaskDetection, PEOPLE_MAX, Profile, Roster, RosterSizes, Screening, Setup, Traffic,
    TrafficError,
};

use super::devices::DevicePlan;
use super::file::{Addressing, ClockValue, Config};
use crate::discovery::Ways;
use crate::storage::Durability;

/// The factory account of the v3 API: the upper-case MD5 digest that these devices ship with.
const FACTORY_DIGEST: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";

/// The v1 account's password where none is given; its name is the same.
const FACTORY_PASSWORD: &str = "admin";

/// The most past events a run makes before it is ready: at a million a second, ten seconds.
const BACKFILL_MAX: u64 = 10_000_000;

/// The longest past: beyond it the search for its beginning would take longer than the past itself.
const BACKFILL_YEARS_MAX: f64 = 20.0;

const MINUTES_PER_YEAR: f64 = 365.25 * 24.0 * 60.0;

/// A configuration that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not what a configuration is.
    #[error("{} is not a configuration:\n{message}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        message: String,
    },
    /// A quirk cannot be set.
    #[error(transparent)]
    Quirk(#[from] QuirkError),
    /// A fault cannot be armed.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// An address cannot be sent to.
    #[error("{what}: {reason}")]
    Destination {
        /// Which address.
        what: &'static str,
        /// What is wrong with it.
        reason: DestError,
    },
    /// The traffic cannot be so.
    #[error(transparent)]
    Traffic(#[from] TrafficError),
    /// A group of devices cannot be.
    #[error("group {number} of [[devices]]{line}")]
    Group {
        /// The how-manieth it is, from 1.
        number: usize,
        /// Where it begins, if that is known.
        line: String,
        /// What is wrong with it.
        source: Box<ConfigError>,
    },
    /// A value is out of its range.
    #[error("{what} cannot be {value}; it is {range}")]
    OutOfRange {
        /// Which value.
        what: &'static str,
        /// What was given.
        value: String,
        /// What it may be.
        range: String,
    },
}

pub(super) fn out_of_range<T>(
    what: &'static str,
    value: impl std::fmt::Display,
    range: &str,
) -> Result<T, ConfigError> {
    Err(ConfigError::OutOfRange { what, value: value.to_string(), range: range.to_owned() })
}

/// A run, checked.
#[derive(Debug)]
pub struct Plan {
    /// Where the control API listens.
    pub control: SocketAddr,
    /// What the control API asks for.
    pub control_token: Option<String>,
    /// Roots to trust besides the system's.
    pub push_ca: Option<PathBuf>,
    /// In which ways the devices can be found.
    pub discover: Ways,
    /// What the devices show within TLS; none where they speak plainly.
    pub tls: Option<TlsPlan>,
    /// The root of every random choice.
    pub seed: u64,
    /// The devices' time at the start, if not the host's.
    pub clock: Option<UnixMillis>,
    /// How many people are enrolled.
    pub roster: RosterSizes,
    /// How the devices' addresses differ.
    pub addressing: Addressing,
    /// The most connections that all devices together hold to deliver what they have; as many as fit where
    /// none is given.
    pub connections: Option<u32>,
    /// The devices, in their order: one at least.
    pub devices: Vec<DevicePlan>,
}

/// Which certificate devices show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsPlan {
    /// Each its own.
    Own,
    /// All that of these files, PEM.
    Files {
        /// The chain, which begins with it.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

/// Where the device is kept, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// The directory.
    pub dir: PathBuf,
    /// What a commit survives.
    pub durability: Durability,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or has a key that there is not.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let read = toml::from_str(&text);
        let mut config: Self = read.map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        config.devices.note_lines(&text);
        Ok(config)
    }

    /// Checks everything. `fresh_seed` is taken where none is given.
    ///
    /// # Errors
    /// The first thing that cannot be.
    pub fn plan(&self, fresh_seed: u64) -> Result<Plan, ConfigError> {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let listen = self.listen.unwrap_or_else(|| loopback(8000));
        let control = self.control.unwrap_or_else(|| loopback(7900));
        let control_token = self.control_token()?;
        if !control.ip().is_loopback() && control_token.is_none() {
            let range = "a loopback address, or any with --control-token";
            return out_of_range("the control address", control, range);
        }
        let seed = self.seed.unwrap_or(fresh_seed);
        Ok(Plan {
            control,
            control_token,
            push_ca: self.push.ca.clone(),
            discover: Ways { udp: self.discover.udp, mdns_port: self.mdns_port()? },
            tls: self.tls()?,
            seed,
            clock: self.clock()?,
            roster: self.roster_sizes()?,
            addressing: self.addressing,
            connections: self.connections()?,
            devices: self.devices(seed, listen, control)?,
        })
    }

    fn connections(&self) -> Result<Option<u32>, ConfigError> {
        match self.connections {
            Some(0) => out_of_range("the number of connections", 0, "1 or more"),
            given => Ok(given),
        }
    }

    fn mdns_port(&self) -> Result<Option<u16>, ConfigError> {
        match self.discover.mdns_port {
            Some(0) => out_of_range("the port of mDNS", 0, "the one on which it is listened to"),
            port => Ok(port),
        }
    }

    fn tls(&self) -> Result<Option<TlsPlan>, ConfigError> {
        match (self.tls, &self.tls_cert, &self.tls_key) {
            (false, None, None) => Ok(None),
            (true, None, None) => Ok(Some(TlsPlan::Own)),
            (true, Some(certificate), Some(key)) => {
                Ok(Some(TlsPlan::Files { certificate: certificate.clone(), key: key.clone() }))
            }
            (true, Some(one), None) | (true, None, Some(one)) => {
                let range = "given with its other half: both --tls-cert and --tls-key";
                out_of_range("the certificate", one.display(), range)
            }
            (false, Some(one), _) | (false, None, Some(one)) => {
                out_of_range("the certificate", one.display(), "given with --tls alone")
            }
        }
    }

    /// Where the device is kept; none if in memory only.
    ///
    /// # Errors
    /// When what is to be survived is neither of the two, or nothing is kept that could.
    pub fn keeping(&self) -> Result<Option<Keeping>, ConfigError> {
        let durability = match self.durability.as_deref() {
            None | Some("process") => Durability::Process,
            Some("power") => Durability::Power,
            Some(other) => return out_of_range("the durability", other, "process or power"),
        };
        let own_site = self.devices.groups.iter().position(|group| group.roster.is_some());
        if let (Some(place), Some(dir)) = (own_site, &self.data) {
            let range = "for the people of one site; leave out the roster of the group";
            let refused = out_of_range("the data directory", dir.display(), range);
            return refused.map_err(|error| self.devices.of_group(place, error));
        }
        match (&self.data, &self.durability) {
            (Some(dir), _) => Ok(Some(Keeping { dir: dir.clone(), durability })),
            (None, None) => Ok(None),
            (None, Some(given)) => {
                out_of_range("the durability", given, "only for a device that --data keeps")
            }
        }
    }

    /// An empty one is none: a pipeline's secret that is not set.
    fn control_token(&self) -> Result<Option<String>, ConfigError> {
        match self.control_token.as_deref() {
            None | Some("") => Ok(None),
            Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Some(token.to_owned()))
            }
            Some(_) => {
                out_of_range("the control token", "what is given", "visible ASCII, without spaces")
            }
        }
    }

    /// How many past events each device has; not more than some years have.
    fn backfill(&self, traffic: Traffic, devices: usize) -> Result<u64, ConfigError> {
        let events = self.backfill.unwrap_or(0);
        let most = BACKFILL_MAX / devices as u64;
        if events > most {
            let range = match devices {
                1 => format!("at most {most} events"),
                _ => format!("at most {most} events for each of {devices} devices"),
            };
            return out_of_range("backfill", events, &range);
        }
        let rate = match traffic.events_per_minute {
            rate if rate > 0.0 => rate,
            _ => Traffic::default().events_per_minute,
        };
        let quiet = if traffic.profile == Profile::Quiet { 10.0 } else { 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "a rough span")]
        let years = events as f64 * quiet / rate / MINUTES_PER_YEAR;
        if years > BACKFILL_YEARS_MAX {
            let range = format!("what {BACKFILL_YEARS_MAX} years have at this rate; raise --rate");
            return out_of_range("backfill", events, &range);
        }
        Ok(events)
    }

    fn clock(&self) -> Result<Option<UnixMillis>, ConfigError> {
        let text = match &self.clock {
            None => return Ok(None),
            Some(ClockValue::Text(text)) => text.clone(),
            Some(ClockValue::Time(time)) => time.to_string(),
        };
        match text.parse::<jiff::Timestamp>().map(|stamp| stamp.as_millisecond()) {
            Ok(millis) if (0..=UnixMillis::MAX.millis()).contains(&millis) => {
                Ok(Some(UnixMillis::new(millis)))
            }
            _ => {
                let range = "a time from 1970 to 9999-12-30, like 2026-03-02T08:00:00Z";
                out_of_range("the clock", text, range)
            }
        }
    }

    /// The first of the devices at `addresses`; `site` is whose people it knows.
    pub(super) fn device(
        &self,
        root: Seed,
        site: Seed,
        addresses: &[SocketAddr],
    ) -> Result<device::Config, ConfigError> {
        let identity = self.identity(addresses[0])?;
        let roster = Roster::new(site, self.roster_sizes()?);
        let traffic = self.traffic()?;
        Ok(device::Config {
            seed: root.named("device").named(&identity.device_id),
            identity: Arc::new(identity),
            roster: Arc::new(roster),
            setup: Arc::new(self.setup()?),
            behaviour: Arc::new(self.behaviour()?),
            faults: FaultSet::read(&self.faults)?,
            capacity: self.capacity()?,
            traffic,
            speed: self.speed()?,
            accounts: Arc::new(BTreeMap::from([self.v3_account()?])),
            v1_password: self.v1_password()?,
            push_to: destination("the push address", self.push.to.as_deref(), EventDest::parse)?,
            report_to: destination(
                "the report address",
                self.report.to.as_deref(),
                ReportTo::parse,
            )?,
            link: if self.offline { Link::Down } else { Link::Up },
            backfill: self.backfill(traffic, addresses.len())?,
        })
    }

    fn identity(&self, listen: SocketAddr) -> Result<Identity, ConfigError> {
        let ip = if listen.ip().is_unspecified() {
            "127.0.0.1".to_owned()
        } else {
            listen.ip().to_string()
        };
        let device = &self.device;
        let or = |given: &Option<String>, default: &str| {
            given.clone().unwrap_or_else(|| default.to_owned())
        };
        let sn = name("the serial number", or(&device.sn, "VSB0000001"))?;
        if sn == "all" {
            return out_of_range("the serial number", sn, "another: `all` names every device");
        }
        Ok(Identity {
            sn,
            device_id: name("the device id", or(&device.device_id, "00vsb00001"))?,
            model: name("the model", or(&device.model, "VST-100"))?,
            ip: name("the device's address", or(&device.ip, &ip))?,
            account: name("the v1 account", or(&self.accounts.v1.user, "admin"))?,
        })
    }

    fn roster_sizes(&self) -> Result<RosterSizes, ConfigError> {
        let (table, usual) = (&self.roster, RosterSizes::default());
        let sizes = RosterSizes {
            employees: table.employees.unwrap_or(usual.employees),
            visitors: table.visitors.unwrap_or(usual.visitors),
            blocklisted: table.blocklisted.unwrap_or(usual.blocklisted),
        };
        let all = [sizes.employees, sizes.visitors, sizes.blocklisted];
        let people: u64 = all.into_iter().map(u64::from).sum();
        if people == 0 || people > u64::from(PEOPLE_MAX) {
            return out_of_range("the roster", people, &format!("1 to {PEOPLE_MAX} people"));
        }
        Ok(sizes)
    }

    fn setup(&self) -> Result<Setup, ConfigError> {
        let (table, mut setup) = (&self.device, Setup::default());
        if let Some(zone) = &table.time_zone {
            setup.time_zone = time_zone(zone)?;
        }
        if let Some(mode) = table.mode {
            let Some(mode) = Mode::new(mode) else {
                return out_of_range("the mode", mode, "0 to 9");
            };
            setup.mode = mode;
        }
        if let Some(on) = table.screening {
            setup.screening = if on { Screening::On } else { Screening::Off };
        }
        if let Some(on) = table.mask_detection {
            setup.mask_detection = if on { MaskDetection::On } else { MaskDetection::Off };
        }
        if let Some(on) = table.health_codes {
            setup.health_codes = if on { HealthCodes::On } else { HealthCodes::Off };
        }
        if let Some(text) = &table.door_held_after {
            let range = Duration::from_secs(1)..=Duration::from_secs(3600);
            match humantime::parse_duration(text) {
                Ok(held) if range.contains(&held) => setup.door_held_after = held,
                _ => return out_of_range("door_held_after", text, "1s to 1h, such as 30s"),
            }
        }
        if let Some(bytes) = table.image_bytes {
            let range = format!("{} to {} bytes", ImageBytes::MIN, ImageBytes::MAX);
            let Some(bytes) = ImageBytes::new(bytes) else {
                return out_of_range("image_bytes", bytes, &range);
            };
            setup.image_bytes = bytes;
        }
        Ok(setup)
    }

    fn behaviour(&self) -> Result<Behaviour, ConfigError> {
        let mut behaviour = Behaviour::default();
        // A preset first, whatever its place: what is said by name is said over it.
        let mut settings = Vec::new();
        for (name, value) in &self.quirks {
            value.list(name, &mut settings);
        }
        settings.sort_by_key(|(name, _)| name != quirks::PRESET);
        for (name, value) in settings {
            quirks::set(&mut behaviour, &name, &value)?;
        }
        Ok(behaviour)
    }

    fn capacity(&self) -> Result<Capacity, ConfigError> {
        let Some(entries) = self.capacity else {
            return Ok(CAPACITY);
        };
        match Capacity::new(entries) {
            Some(capacity) => Ok(capacity),
            None => out_of_range("the capacity", entries, &format!("1 to {}", Capacity::MAX)),
        }
    }

    fn traffic(&self) -> Result<Traffic, ConfigError> {
        let usual = Traffic::default();
        let profile = match &self.traffic.profile {
            Some(profile) => profile.parse::<Profile>()?,
            None => usual.profile,
        };
        let rate = self.traffic.rate_per_minute.unwrap_or(usual.events_per_minute);
        Ok(Traffic::new(profile, rate)?)
    }

    fn speed(&self) -> Result<Speed, ConfigError> {
        let Some(times) = self.traffic.speed else {
            return Ok(Speed::REAL);
        };
        match Speed::new(times) {
            Some(speed) => Ok(speed),
            None => out_of_range("the speed", times, "0.001 to 1000000 times real time"),
        }
    }

    /// Kept to what every way of logging in can carry.
    fn v1_password(&self) -> Result<String, ConfigError> {
        let password = self.accounts.v1.password.as_deref().unwrap_or(FACTORY_PASSWORD);
        let good = (1..=64).contains(&password.len())
            && password.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if good {
            Ok(password.to_owned())
        } else {
            let range = "1 to 64 ASCII characters";
            out_of_range("the v1 account's password", "what is given", range)
        }
    }

    fn v3_account(&self) -> Result<(String, String), ConfigError> {
        let account = &self.accounts.v3;
        let user = account.user.clone().unwrap_or_else(|| "admin".to_owned());
        let digest = account.digest.clone().unwrap_or_else(|| FACTORY_DIGEST.to_owned());
        if digest.len() != 32 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let range = "32 hex digits: the MD5 digest of the password";
            return out_of_range("the v3 account's digest", "what is given", range);
        }
        Ok((user, digest))
    }
}

fn destination<T>(
    what: &'static str,
    given: Option<&str>,
    parse: impl Fn(&str) -> Result<T, DestError>,
) -> Result<Option<T>, ConfigError> {
    let parsed = given.map(parse).transpose();
    parsed.map_err(|reason| ConfigError::Destination { what, reason })
}

/// A name that can stand in a header.
pub(super) fn name(what: &'static str, name: String) -> Result<String, ConfigError> {
    let good =
        !name.is_empty() && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(name) } else { out_of_range(what, name, "1 to 64 visible ASCII characters") }
}

fn time_zone(text: &str) -> Result<jiff::tz::TimeZone, ConfigError> {
    match jiff::fmt::temporal::DateTimeParser::new().parse_time_zone(text) {
        Ok(zone) => Ok(zone),
        Err(_) => out_of_range("the time zone", text, "an offset or name: +08:00, Asia/Shanghai"),
    }
}
