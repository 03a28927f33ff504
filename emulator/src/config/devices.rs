//! The devices of a run: how many there are, where each listens, what each is called.
//!
//! No two have a name or a port in common, and none has the control API's. What a device does follows
//! from its own name: it does the same things, however many others there are.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use vestibule_core::device;
use vestibule_core::seed::Seed;
use vestibule_core::wire::Identity;

use super::file::{Addressing, Config};
use super::plan::{ConfigError, name, out_of_range};

/// One address has no more ports.
const DEVICES_MAX: u64 = 65_535;

/// The last address of 127.0.0.0/8 but one: the last is a broadcast address, which nobody can call.
const LOOPBACK_LAST: u32 = 0x7fff_fffe;

/// At some kilobytes each, more would not fit into any machine's memory.
const LOOPBACK_DEVICES_MAX: u64 = 1_000_000;

/// A device of a run.
#[derive(Debug)]
pub struct DevicePlan {
    /// Where both device APIs listen.
    pub listen: SocketAddr,
    /// The device itself.
    pub device: device::Config,
}

impl Config {
    /// All devices, in their order.
    pub(super) fn devices(
        &self,
        seed: u64,
        listen: SocketAddr,
        control: SocketAddr,
    ) -> Result<Vec<DevicePlan>, ConfigError> {
        let counts = self.devices.counts()?;
        let count = counts.iter().copied().map(u64::from).sum();
        let addresses = match self.addressing {
            Addressing::Port => by_port(listen, control, count)?,
            Addressing::Loopback => by_loopback(listen, control, count)?,
        };
        let mut plans = Vec::with_capacity(addresses.len());
        for (place, count) in counts.into_iter().enumerate() {
            self.add_group(seed, (place, count), &addresses, &mut plans)
                .map_err(|error| self.devices.of_group(place, error))?;
        }
        differ(&plans)?;
        Ok(plans)
    }

    /// The devices of a group, which come after those that there are. Their names go on from the first
    /// device's, unless the group says its own.
    fn add_group(
        &self,
        seed: u64,
        (place, count): (usize, u32),
        addresses: &[SocketAddr],
        plans: &mut Vec<DevicePlan>,
    ) -> Result<(), ConfigError> {
        let config = self.of_group(place);
        let (root, group) = (Seed::root(seed), self.devices.group(place));
        let site = root.named("roster");
        // A group with people of its own is another site.
        let site = match group.filter(|group| group.roster.is_some()) {
            Some(_) => site.numbered(place as u64),
            None => site,
        };
        let first = config.device(root, site, addresses)?;
        let before = u32::try_from(plans.len()).expect("there are no more than addresses");
        let from = |own: Option<&String>| if own.is_some() { 0 } else { before };
        let sn_from = from(group.and_then(|group| group.device.sn.as_ref()));
        let id_from = from(group.and_then(|group| group.device.device_id.as_ref()));
        for number in 0..count {
            let listen = addresses[plans.len()];
            let Identity { sn, device_id, ip, .. } = &*first.identity;
            let ip = match (&config.device.ip, self.addressing) {
                (None, Addressing::Loopback) => listen.ip().to_string(),
                _ => ip.clone(),
            };
            let sn = counted("the serial number", sn, sn_from + number)?;
            let device_id = counted("the device id", device_id, id_from + number)?;
            let seed = root.named("device").named(&device_id);
            let identity = Identity { sn, device_id, ip, ..(*first.identity).clone() };
            let device = device::Config { identity: Arc::new(identity), seed, ..first.clone() };
            plans.push(DevicePlan { listen, device });
        }
        Ok(())
    }
}

/// Sees to it that no two have a name in common.
fn differ(plans: &[DevicePlan]) -> Result<(), ConfigError> {
    let (mut sns, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for DevicePlan { device, .. } in plans {
        let Identity { sn, device_id, .. } = &*device.identity;
        let range = "one device's only; let the groups' names begin further apart";
        if !sns.insert(sn) {
            return out_of_range("the serial number", sn, range);
        }
        if !ids.insert(device_id) {
            return out_of_range("the device id", device_id, range);
        }
    }
    Ok(())
}

/// The first device's address, and those that follow; all at one port.
fn by_loopback(
    first: SocketAddr,
    control: SocketAddr,
    count: u64,
) -> Result<Vec<SocketAddr>, ConfigError> {
    if !cfg!(target_os = "linux") {
        let range = "port here: only Linux answers at every address of 127.0.0.0/8";
        return out_of_range("addressing", "loopback", range);
    }
    let IpAddr::V4(ip) = first.ip() else {
        return not_loopback(first);
    };
    if !ip.is_loopback() {
        return not_loopback(first);
    }
    let (ip, port) = (u32::from(ip), first.port());
    let room = u64::from(LOOPBACK_LAST - ip) + 1;
    let most = room.min(LOOPBACK_DEVICES_MAX);
    if !(1..=most).contains(&count) {
        let range = format!("1 to {most} from {} on", first.ip());
        return out_of_range("the number of devices", count, &range);
    }
    if port != 0 && port == control.port() {
        let range =
            format!("at another port than the devices', which have {port} of every address");
        return out_of_range("the control address", control, &range);
    }
    let last = ip + u32::try_from(count - 1).expect("no more than there are addresses");
    Ok((ip..=last).map(|ip| SocketAddr::new(Ipv4Addr::from(ip).into(), port)).collect())
}

fn not_loopback<T>(first: SocketAddr) -> Result<T, ConfigError> {
    let range = "an IPv4 loopback address with --addressing loopback, like 127.0.0.1:8000";
    out_of_range("the devices' address", first, range)
}

/// The first device's address, and the ports that follow; a free port for each if that is 0.
fn by_port(
    first: SocketAddr,
    control: SocketAddr,
    count: u64,
) -> Result<Vec<SocketAddr>, ConfigError> {
    let what = "the number of devices";
    if !(1..=DEVICES_MAX).contains(&count) {
        return out_of_range(what, count, &format!("1 to {DEVICES_MAX}"));
    }
    if first.port() == 0 {
        return Ok((0..count).map(|_| first).collect());
    }
    let ports = u32::from(u16::MAX - first.port()) + 1;
    let Some(last) = u16::try_from(count - 1).ok().and_then(|by| first.port().checked_add(by))
    else {
        return out_of_range(
            what,
            count,
            &format!("at most {ports} from port {} on", first.port()),
        );
    };
    let ports = first.port()..=last;
    if ports.contains(&control.port()) && share_ports(first.ip(), control.ip()) {
        let range = match count {
            1 => "another port than the device's".to_owned(),
            _ => format!("none of the devices' ports, {} to {last}", first.port()),
        };
        return out_of_range("the control address", control, &range);
    }
    Ok(ports.map(|port| SocketAddr::new(first.ip(), port)).collect())
}

/// Whether what listens on one address takes the port from who would on the other.
fn share_ports(one: IpAddr, other: IpAddr) -> bool {
    one == other || one.is_unspecified() || other.is_unspecified()
}

/// The name that comes so many after the first: the number at its end is counted up, no shorter than it
/// was.
fn counted(what: &'static str, first: &str, by: u32) -> Result<String, ConfigError> {
    if by == 0 {
        return Ok(first.to_owned());
    }
    let stem = first.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let digits = &first[stem.len()..];
    let number = digits.parse::<u128>().ok().and_then(|number| number.checked_add(by.into()));
    match number {
        Some(number) => name(what, format!("{stem}{number:0width$}", width = digits.len())),
        None => {
            let range = "a name that ends in a number, like DOOR-01, to count the others up from";
            out_of_range(what, first, range)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn names_are_counted_up_and_keep_their_length() {
        for (first, by, counted_up) in [
            ("VSB0000001", 1, "VSB0000002"),
            ("VSB0000001", 65_534, "VSB0065535"),
            ("00vsb00001", 9, "00vsb00010"),
            ("D9", 1, "D10"),
            ("0099", 1, "0100"),
            ("DOOR", 0, "DOOR"),
        ] {
            assert_eq!(counted("a name", first, by).expect("it can be counted"), counted_up);
        }
        let digits = "9".repeat(64);
        for bad in ["DOOR", "1A", &digits] {
            let error = counted("the serial number", bad, 1).expect_err("it cannot be counted");
            assert!(error.to_string().contains("like DOOR-01"), "{error}");
        }
        let longest = "D".repeat(63) + "9";
        let error = counted("the serial number", &longest, 1).expect_err("65 characters");
        assert!(error.to_string().contains("1 to 64 visible"), "{error}");
    }

    #[test]
    fn ports_follow_each_other_and_avoid_the_control_api() {
        let control = address("127.0.0.1:7900");
        let ports = |first: &str, control: SocketAddr, count| {
            let addresses = by_port(address(first), control, count)?;
            Ok::<_, ConfigError>(addresses.iter().map(SocketAddr::port).collect::<Vec<_>>())
        };
        assert_eq!(ports("127.0.0.1:8000", control, 3).expect("free"), [8000, 8001, 8002]);
        assert_eq!(ports("127.0.0.1:65534", control, 2).expect("free"), [65534, 65535]);
        assert_eq!(ports("127.0.0.1:0", control, 2).expect("any"), [0, 0]);
        assert_eq!(ports("127.0.0.2:7899", control, 2).expect("elsewhere"), [7899, 7900]);
        assert_eq!(
            ports("127.0.0.1:1", address("127.0.0.1:0"), 65_535).expect("all").len(),
            65_535
        );
        for (first, count, why) in [
            ("127.0.0.1:8000", 0, "1 to 65535"),
            ("127.0.0.1:0", 65_536, "1 to 65535"),
            ("127.0.0.1:65534", 3, "at most 2 from port 65534 on"),
            ("127.0.0.1:7900", 1, "another port than the device's"),
            ("127.0.0.1:7890", 11, "none of the devices' ports, 7890 to 7900"),
            ("0.0.0.0:7890", 11, "none of the devices' ports"),
            ("[::]:7890", 11, "none of the devices' ports"),
        ] {
            let error = ports(first, control, count).expect_err(why);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
