//! How many files a run keeps open, and whether this process may.
//!
//! Counted before anything is opened: a run that would come up and then fail at its connections, one
//! by one, does not begin.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{DevicePlan, Plan};

/// Those of the process: its own, and those of the control API with some who ask it. Fewer, and what
/// steers a full run could not be reached.
const OF_THE_PROCESS: u64 = 32;

/// A device's port, one that calls it, and its report. (Its pushes come on top.) Who opens more at many
/// devices at once finds the limit by the connections that wait to be accepted.
const OF_A_DEVICE: u64 = 3;

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

/// Sees to it that the process may open what the run needs: where the soft limit is too low, it is raised
/// to the hard one.
///
/// # Errors
/// When that is too low, too.
pub(crate) fn provide(plan: &Plan) -> Result<(), TooFew> {
    let devices = plan.devices.iter().map(of_device).fold(0, u64::saturating_add);
    provide_so_many(devices, plan.devices.first().map_or(OF_A_DEVICE, of_device))
}

/// The same for a flood of so many devices.
///
/// # Errors
/// When the hard limit is too low.
pub(crate) fn provide_for_flood(devices: u64) -> Result<(), TooFew> {
    provide_so_many(devices.saturating_mul(OF_A_FLOODING_DEVICE), OF_A_FLOODING_DEVICE)
}

fn provide_so_many(of_all_devices: u64, of_one: u64) -> Result<(), TooFew> {
    let needed = OF_THE_PROCESS.saturating_add(of_all_devices);
    let allowed = allow(needed);
    if allowed >= needed {
        return Ok(());
    }
    let for_devices = allowed.saturating_sub(OF_THE_PROCESS);
    Err(TooFew { needed, allowed, fitting: for_devices / of_one })
}

fn of_device(plan: &DevicePlan) -> u64 {
    OF_A_DEVICE.saturating_add(plan.device.behaviour.v1.window as u64)
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
