//! One task per device: select, translate into an input, one `handle`, perform effects.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use vestibule_core::clock::Mono;
use vestibule_core::device::{Effect, Link};
use vestibule_core::event::Photo;

use super::handle::Handle;
use crate::control::feed::News;
use crate::uplink::{UnderWay, Uplink};

type InFlight = FuturesUnordered<UnderWay>;

/// Drives a device until `stop` is set: its deadlines, its deliveries and their outcomes. Then no delivery
/// begins, and what is in flight ends.
pub(crate) async fn drive(
    handle: Arc<Handle>,
    mut uplink: Uplink,
    mut stop: watch::Receiver<bool>,
) {
    let clock = handle.clock();
    let mut in_flight = InFlight::new();
    let mut stopping = false;
    while !(stopping && in_flight.is_empty()) {
        let (effects, deadline) = handle.take_effects();
        let count = effects.len();
        for effect in effects {
            if stopping && matches!(effect, Effect::Attempt(_) | Effect::Dial(_)) {
                continue;
            }
            perform(effect, &handle, &mut uplink, &mut in_flight);
        }
        uplink.rest();
        handle.performed(count);
        let next = earliest(deadline, uplink.idle_deadline());
        tokio::select! {
            finished = in_flight.next(), if !in_flight.is_empty() => {
                if let Some(finished) = finished {
                    let (id, outcome) = uplink.finish(finished, clock.mono());
                    handle.with(|device, mono, fx| device.handle_outcome(id, &outcome, mono, fx));
                }
            }
            () = handle.changed() => {}
            // Also when whoever could stop it is gone.
            _ = stop.wait_for(|stop| *stop), if !stopping => stopping = true,
            () = due(&handle, next), if !stopping => {
                uplink.close_idle(clock.mono());
                handle.with(|device, mono, effects| device.handle_timer(mono, effects));
            }
        }
    }
}

fn perform(effect: Effect, handle: &Arc<Handle>, uplink: &mut Uplink, in_flight: &mut InFlight) {
    match effect {
        Effect::Attempt(attempt) => {
            let now = handle.read(|device, mono| device.now(mono));
            in_flight.push(uplink.start(attempt, now, Arc::clone(handle)));
        }
        Effect::Dial(dial) => uplink.dial(dial, Arc::clone(handle)),
        Effect::Say(id, bytes) => uplink.say(id, bytes),
        Effect::HangUp => uplink.hang_up(),
        // Whoever called was cut when it happened.
        Effect::Cut => {
            in_flight.clear();
            uplink.close();
        }
        Effect::Link(link) => {
            if link == Link::Down {
                in_flight.clear();
                uplink.close();
            }
            handle.cable.set(link);
        }
        Effect::Photos(photo) => tell(&handle.identity().sn, photo),
        Effect::Happened(entry, view) => {
            let sn = handle.identity().sn.clone();
            handle.publish(News { sn, entry, view });
        }
    }
}

/// Says whether a device takes pictures of those who come: as it is shipped it does not, as the law has it.
pub(crate) fn tell(sn: &str, photo: Photo) {
    match photo {
        Photo::Taken => tracing::warn!(
            sn,
            "images are turned on: log-mode is image, and each entry has a synthetic one from now on"
        ),
        Photo::None => tracing::info!(sn, "images are turned off"),
    }
}

/// Waits until real time `next`, and until what the device then adds has room in its store's queue.
async fn due(handle: &Handle, next: Option<Mono>) {
    handle.clock().sleep_until(next).await;
    handle.room().await;
}

fn earliest(one: Option<Mono>, other: Option<Mono>) -> Option<Mono> {
    one.into_iter().chain(other).min()
}
