//! The control API's commands: they change the device through what the device APIs and the world use, too.

use super::Device;
use super::effects::Effects;
use super::storing::{Rare, Replacing};
use crate::calls::control::{Command, CommandError, Emitted, Playing, Reply, TrafficChange};
use crate::clock::{Mono, Now, UnixMillis};
use crate::event::{Fact, Index, RecordId, RecordType, Trace};
use crate::faults::Site;
use crate::world::{Traffic, Wish};

impl Device {
    /// Carries out a command.
    ///
    /// # Errors
    /// When tables B, C and E lack what is to be emitted, or the traffic cannot be so; then nothing has
    /// changed.
    pub fn handle_control(
        &mut self,
        command: Command,
        mono: Mono,
        effects: &mut Effects,
    ) -> Result<Reply, CommandError> {
        if self.is_leaving() {
            return Err(CommandError::Leaving);
        }
        let now = self.clock.at(mono);
        let reply = match command {
            Command::Network(network) => {
                self.set_network(network, now, effects);
                Reply::Done
            }
            Command::Emit(wish, playing) => {
                Reply::Emitted(self.emit(&wish, playing, now, effects)?)
            }
            Command::SetTraffic(change) => self.set_traffic(change, now)?,
            Command::Arm(faults) => {
                self.arm(&faults, mono, effects);
                Reply::Done
            }
            Command::Restart => {
                self.restart(now, effects);
                Reply::Done
            }
            Command::FactoryReset => {
                self.factory_reset(now, effects);
                Reply::Done
            }
        };
        self.deliver(mono, effects);
        Ok(reply)
    }

    fn emit(
        &mut self,
        wish: &Wish,
        playing: Playing,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Vec<Emitted>, CommandError> {
        let prepared = self.world.prepare(wish)?;
        if !self.has_room() {
            self.exchange(Site::Append, now.mono);
            self.refused += u64::from(prepared.count());
            return Err(CommandError::Full);
        }
        if playing == Playing::Episode {
            self.world.room_for(prepared.count())?;
        }
        let present = self.present(now, effects);
        let at = wish.at.unwrap_or(present);
        let mut emitted = Vec::new();
        match playing {
            Playing::Exactly => {
                for _ in 0..wish.count {
                    let fact = self.world.emit(&prepared, at);
                    emitted.extend(self.emitted(&fact, at, now, effects));
                }
            }
            Playing::Episode => {
                for _ in 0..wish.count {
                    self.world.play(&prepared, at);
                }
                while let Some(happening) = self.world.advance(present) {
                    let (at, fact) = (happening.at, happening.fact);
                    emitted.extend(self.emitted(&fact, at, now, effects));
                }
                self.world_moved();
            }
        }
        // A fault may fill the storage only now and then.
        if emitted.is_empty() && playing == Playing::Exactly && wish.count > 0 {
            return Err(CommandError::Full);
        }
        Ok(emitted)
    }

    fn emitted(
        &mut self,
        fact: &Fact,
        at: UnixMillis,
        now: Now,
        effects: &mut Effects,
    ) -> Option<Emitted> {
        let (index, seqnum, at) = self.happen(at, fact.clone(), now, effects)?;
        let uuid = self.uuid(fact, index);
        let trace_id = trace(fact, at).map(|trace| self.view.trace_id(trace));
        Some(Emitted { index, seqnum, uuid, trace_id })
    }

    /// The `uuid` of the fact's recognition record.
    fn uuid(&self, fact: &Fact, index: Index) -> Option<String> {
        let part = fact.records().iter().position(|record| *record == RecordType::Recognition)?;
        let part = u8::try_from(part).ok()?;
        Some(self.view.record_uuid(RecordId { index, part }).to_string())
    }

    fn set_traffic(&mut self, change: TrafficChange, now: Now) -> Result<Reply, CommandError> {
        let old = self.world.traffic();
        let traffic = Traffic::new(
            change.profile.unwrap_or(old.profile),
            change.events_per_minute.unwrap_or(old.events_per_minute),
        )?;
        if traffic != old {
            self.world.set_traffic(traffic, now.wall);
        }
        if let Some(speed) = change.speed {
            self.clock.set_speed(speed, now.mono);
        }
        Ok(Reply::Traffic(traffic, self.clock.speed()))
    }

    /// Lets what is due happen, and says when that leaves the device: where the world lags behind a very
    /// fast clock, that is before now, and time must not go back after what is asked for.
    pub(super) fn present(&mut self, now: Now, effects: &mut Effects) -> UnixMillis {
        self.catch_up(now, effects);
        self.world.next_due().map_or(now.wall, |due| due.min(now.wall))
    }

    /// A power cycle: the tokens go, the settings take effect; journal and backlog stay, as in flash.
    pub(super) fn restart(&mut self, now: Now, effects: &mut Effects) {
        let present = self.present(now, effects);
        self.change(Rare::Restart, now.mono, effects);
        self.happen(present, Fact::Reset, now, effects);
    }

    /// R-V3-29: journal, backlog, numbering, subscription, tokens, passwords, settings and enrolled
    /// people go; the seed's roster returns.
    pub(super) fn factory_reset(&mut self, now: Now, effects: &mut Effects) {
        let fresh = self.reset_to_factory(now);
        self.change(Rare::Replace(fresh, Replacing::FactoryReset), now.mono, effects);
    }
}

/// The alarm that the fact is about.
const fn trace(fact: &Fact, at: UnixMillis) -> Option<Trace> {
    match fact {
        Fact::Alarm(alarm) => Some(alarm.trace),
        Fact::PinAttack(_, serial) => Some(Trace { serial: *serial, raised_at: at }),
        _ => None,
    }
}
