//! `device-download` (R-V3-38): which entry's picture is meant.
//!
//! The picture is made by whoever shows it, without the device.

use std::sync::Arc;

use super::Device;
use super::v3::{Answer, refuse};
use crate::behaviour::TimeUnit;
use crate::calls::v3::{Download, Moment, Reply, Retcode};
use crate::event::{Entry, Photo, Seqnum};
use crate::wire::View;

impl Device {
    pub(super) fn download(&self, view: &View, asked: Download) -> Answer {
        let timestamp_wins = view.behaviour.violations.v3.download.timestamp_wins;
        let by_number = || self.journal.event(Seqnum::new(asked.seqnum?)?);
        let by_time = || self.event_at(view, asked.timestamp?);
        let found = match asked.seqnum {
            Some(_) if !timestamp_wins => by_number(),
            _ => by_time(),
        };
        let Some(entry) = found else {
            return refuse(Retcode::NO_SUCH_OBJECT);
        };
        if entry.fact.photo() == Photo::None {
            return refuse(Retcode::FILE);
        }
        let roster = Arc::clone(self.world.roster());
        Ok(Reply::Picture { entry: entry.clone(), roster, asked })
    }

    /// The newest event that shows that time.
    fn event_at(&self, view: &View, at: Moment) -> Option<&Entry> {
        let shown = |entry: &&Entry| match view.behaviour.v3.timestamp_unit {
            TimeUnit::Millis => entry.at.millis() == at.0,
            TimeUnit::Seconds => entry.at.seconds() == at.0,
        };
        self.journal.events(0, self.journal.len()).filter(shown).last()
    }
}
