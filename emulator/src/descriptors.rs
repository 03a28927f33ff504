//! How many files a run keeps open, and whether this process may.
//!
//! Counted before anything is opened: a run that would come up and then fail at its connections, one
//! by one, does not begin.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use vestibule_core::dest::ReportTo;

use crate::api::limits;
use crate::config::{Addressing, DevicePlan, Plan};
use crate::lanes::Lanes;

/// Those of the process: its own, those of one thread for its connections, and those of the control API with some who
/// ask it. Fewer, and what steers a full run could not be reached.
const OF_THE_PROCESS: u64 = 32;

/// What each thread more hears of its connections by, and is woken by.
const OF_A_LANE: u64 = 4;

/// Those of who calls the devices: one each, up to as many as one device takes. Who calls more at once finds
/// the limit by the connections that wait to be accepted.
const OF_CALLERS_MAX: u64 = limits::CONNECTIONS_MAX as u64;

/// A device of a flood has its connection and nothing else.
const OF_A_FLOODING_DEVICE: u64 = 1;

/// A process may not open as many files as a run keeps open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{needed} file descriptors are needed, and {allowed} are allowed, enough for {fitting} devices"
)]
pub struct TooFew {
    /// What the run needs.
    pub needed: u64,
    /// What the process may have, its limit raised as far as it can be.
    pub allowed: u64,
    /// How many devices that is enough for.
    pub fitting: u64,
}

/// What a process may open beyond what its devices need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// How many connections the devices may hold together to deliver what they have: as many as they could ever
    /// use, where that fits, and else one for each; at most what was asked for.
    pub(crate) turns: usize,
    /// How many threads may have connections: one for each core, where that fits, and else one.
    pub(crate) lanes: usize,
}

/// Sees to it that the process may open what the run needs: where the soft limit is too low, it is raised
/// to the hard one.
///
/// # Errors
/// When the hard limit is too low, too.
pub(crate) fn provide(plan: &Plan) -> Result<Allowance, TooFew> {
    let wishes = Wishes::of(plan);
    let (least, most) = (wishes.least(plan.devices.len()), wishes.most(plan.devices.len()));
    let allowed = allow(most.saturating_add(of_lanes(Lanes::cores())));
    if allowed < least {
        let fitting = (0..plan.devices.len()).rev().find(|count| wishes.least(*count) <= allowed);
        let fitting = fitting.unwrap_or(0) as u64;
        return Err(TooFew { needed: least, allowed, fitting });
    }
    let lanes = lanes(allowed - least);
    let others = wishes.others(plan.devices.len());
    let turns = (allowed - of_lanes(lanes)).min(most).saturating_sub(others);
    Ok(Allowance { turns: usize::try_from(turns).unwrap_or(usize::MAX), lanes })
}

/// How many threads may have connections, where so many descriptors are left.
fn lanes(left: u64) -> usize {
    if left >= of_lanes(Lanes::cores()) { Lanes::cores() } else { 1 }
}

/// What so many threads need, beyond the first.
const fn of_lanes(lanes: usize) -> u64 {
    OF_A_LANE * (lanes as u64 - 1)
}

/// The same for a flood of so many devices: how many threads may send.
///
/// # Errors
/// When the hard limit is too low.
pub(crate) fn provide_for_flood(devices: u64) -> Result<usize, TooFew> {
    let of_devices = devices.saturating_mul(OF_A_FLOODING_DEVICE);
    let needed = OF_THE_PROCESS.saturating_add(of_devices);
    let allowed = allow(needed.saturating_add(of_lanes(Lanes::cores())));
    if allowed >= needed {
        return Ok(lanes(allowed - needed));
    }
    let for_devices = allowed.saturating_sub(OF_THE_PROCESS);
    Err(TooFew { needed, allowed, fitting: for_devices / OF_A_FLOODING_DEVICE })
}

/// What the first so many devices of a run open.
struct Wishes<'a> {
    devices: &'a [DevicePlan],
    addressing: Addressing,
    /// How many connections all may hold together.
    connections: u64,
}

impl<'a> Wishes<'a> {
    fn of(plan: &'a Plan) -> Self {
        let connections = plan.connections.map_or(u64::MAX, u64::from);
        Self { devices: &plan.devices, addressing: plan.addressing, connections }
    }

    /// What they need at least: one connection each, to deliver what they have, or what was asked for.
    fn least(&self, count: usize) -> u64 {
        self.others(count) + self.delivering(count, |_| 1)
    }

    /// What they could ever use.
    fn most(&self, count: usize) -> u64 {
        let ever = |plan: &DevicePlan| 1 + plan.device.behaviour.v1.window as u64;
        self.others(count).saturating_add(self.delivering(count, ever))
    }

    fn delivering(&self, count: usize, of_one: impl Fn(&DevicePlan) -> u64) -> u64 {
        let devices = self.devices[..count].iter();
        let all = devices.map(of_one).fold(0, u64::saturating_add);
        all.min(self.connections)
    }

    /// All but the connections that take turns: ports, callers, kept connections for reports.
    fn others(&self, count: usize) -> u64 {
        let devices = count as u64;
        let ports = match self.addressing {
            Addressing::Port => devices,
            Addressing::Loopback => 1,
        };
        let lines = self.devices[..count].iter().filter(|plan| keeps_a_line(plan)).count() as u64;
        OF_THE_PROCESS + ports + devices.min(OF_CALLERS_MAX) + lines
    }
}

/// Whether a device keeps a connection for its reports from the start.
fn keeps_a_line(plan: &DevicePlan) -> bool {
    matches!(plan.device.report_to, Some(ReportTo::Line(_)))
}

/// How many the process may have, once everything was done for it to have so many.
fn allow(needed: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(current) = current.filter(|current| *current < needed) else {
        return u64::MAX;
    };
    // Some systems take no unlimited number of files, though they say there is no hard limit.
    let wanted = maximum.unwrap_or(needed);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files could not be raised");
            current
        }
    }
}
