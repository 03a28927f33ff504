//! The connection for reports that a device keeps: when it is opened and given up, and what is heard of it.
//!
//! Leaves out what is said on it: reports are `delivering`'s, calls of the platform `v3`'s.

use std::sync::Arc;

use super::Device;
use super::effects::{Effect, Effects, Link};
use crate::clock::Mono;
use crate::delivery::Destination;
use crate::delivery::line::{Dial, LineId, News, Standing};
use crate::delivery::mqtt::Due;
use crate::dest::{LineTo, ReportTo};
use crate::wire::v3::encode_question;

/// What becomes of an event that could be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reporting {
    /// Nobody wants to know, or the device is offline.
    Off,
    /// There is no connection (R-V3-16): it is dropped and counted.
    Lost,
    /// A connection is being opened: it waits.
    Waits,
    /// It may leave.
    To(Destination),
}

impl Device {
    /// Takes news of a connection; those of an earlier one change nothing.
    pub fn handle_line(&mut self, id: LineId, news: News, mono: Mono, effects: &mut Effects) {
        match news {
            News::Opened => {
                if self.line.opened(id, mono) {
                    self.report_missed();
                }
            }
            News::Answered { reqid, retcode } => self.line.answered(id, &reqid, retcode, mono),
            News::Ended => {
                let again = mono + self.view.behaviour.v3.reconnect;
                if self.line.ended(id, again) {
                    self.forget_reports();
                }
            }
        }
        self.deliver(mono, effects);
    }

    /// What becomes of an event that could be reported now.
    pub(super) fn reporting(&self, mono: Mono) -> Reporting {
        let to = self.settings.report_to().filter(|_| self.network.link() == Link::Up);
        match to {
            None => Reporting::Off,
            Some(ReportTo::Post(dest)) => Reporting::To(Destination::Post(dest.clone())),
            Some(ReportTo::Line(to)) => match self.line.standing(mono) {
                Standing::Down => Reporting::Lost,
                Standing::Coming => Reporting::Waits,
                Standing::Up(id) => Reporting::To(Destination::Line(id, to.clone())),
            },
        }
    }

    /// Whether reports may leave.
    pub(super) fn can_report(&self) -> bool {
        // Whether a connection is open does not hang on the time.
        matches!(self.reporting(Mono::default()), Reporting::To(_))
    }

    /// Opens the connection that is wanted, and gives up one that is not.
    pub(super) fn keep_line(&mut self, mono: Mono, effects: &mut Effects) {
        let to = self.line_to().cloned();
        if self.line.is_astray(to.as_ref()) {
            self.line.cut();
            self.forget_reports();
            effects.add(Effect::HangUp);
        }
        while let Some((id, due)) = self.line.due(mono) {
            match due {
                Due::Ask(question) => {
                    effects.add(Effect::Say(id, encode_question(&self.view, &question)));
                }
                Due::GiveUp => {
                    self.line.ended(id, mono + self.view.behaviour.v3.reconnect);
                    self.forget_reports();
                    effects.add(Effect::HangUp);
                }
            }
        }
        let Some(to) = to.filter(|_| self.line.is_due(mono)) else {
            return;
        };
        self.attempts += 1;
        let id = LineId(self.attempts);
        let number = self.line.open(id, to.clone());
        let view = Arc::clone(&self.view);
        effects.add(Effect::Dial(Dial {
            id,
            to,
            number,
            timeout: view.behaviour.v3.report_timeout,
            view,
        }));
    }

    /// When the connection is to be opened.
    pub(super) fn line_deadline(&self) -> Option<Mono> {
        self.line_to()?;
        self.line.deadline()
    }

    /// How the connection stands, if one is wanted; offline there is none.
    pub(super) fn line_standing(&self, mono: Mono) -> Option<Standing> {
        match self.settings.report_to()? {
            ReportTo::Post(_) => None,
            ReportTo::Line(_) if self.network.link() == Link::Down => Some(Standing::Down),
            ReportTo::Line(_) => Some(self.line.standing(mono)),
        }
    }

    /// To whom a connection is wanted.
    fn line_to(&self) -> Option<&LineTo> {
        match self.settings.report_to().filter(|_| self.network.link() == Link::Up)? {
            ReportTo::Post(_) => None,
            ReportTo::Line(to) => Some(to),
        }
    }
}
