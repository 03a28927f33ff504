//! The connection that a device keeps to its platform, where its reports leave that way: when it is opened.
//!
//! Opened at once when there is somewhere to report to and a network to do so; when that fails, or the
//! connection ends, again after a while in real time (R-V3-18). One at a time. Reports wait while it is being
//! opened, and are not attempted while it is not there (R-V3-16).

use std::sync::Arc;
use std::time::Duration;

use super::mqtt::{Due, Questions, Registered};
use crate::clock::Mono;
use crate::dest::LineTo;
use crate::wire::View;

/// A connection's number within a device's life: never used twice, so that what is heard of one from before
/// a restart cannot be taken for a newer one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineId(pub u64);

/// What the shell is to open, and keep open.
#[derive(Clone, Debug)]
pub struct Dial {
    /// Which connection this is.
    pub id: LineId,
    /// To whom.
    pub to: LineTo,
    /// The how-manieth attempt since the last connection or cut, from 1.
    pub number: u32,
    /// How long opening may take, in real time.
    pub timeout: Duration,
    /// How the device behaves as it opens it.
    pub view: Arc<View>,
}

/// What is told of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It is open.
    Opened,
    /// Something was answered on it.
    Answered {
        /// To what, if it says so.
        reqid: String,
        /// How; 0 is well.
        retcode: i64,
    },
    /// It could not be opened, or has ended.
    Ended,
}

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not there, and is not opened for a while.
    Down,
    /// It is being opened, or about to be; or the platform has not let the device in yet.
    Coming,
    /// It is open.
    Up(LineId),
}

/// A device's connection to its platform.
#[derive(Debug, Default)]
pub struct Line {
    state: State,
    /// How often it was tried in vain since it last was open or was cut.
    failures: u32,
}

#[derive(Debug)]
enum State {
    /// Not there; to be opened again then.
    Down(Mono),
    Opening(LineId, LineTo),
    /// With what the device asks by itself, where it does.
    Open(LineId, LineTo, Option<Questions>),
}

impl Default for State {
    /// To be opened at once.
    fn default() -> Self {
        Self::Down(Mono::default())
    }
}

impl Line {
    /// How it stands, if it is wanted.
    #[must_use]
    pub fn standing(&self, now: Mono) -> Standing {
        match &self.state {
            State::Down(again) if now < *again => Standing::Down,
            State::Down(_) | State::Opening(..) => Standing::Coming,
            State::Open(id, _, Some(questions)) => match questions.registered() {
                Registered::No => Standing::Coming,
                Registered::Yes => Standing::Up(*id),
            },
            State::Open(id, _, None) => Standing::Up(*id),
        }
    }

    /// Whether that connection is open.
    #[must_use]
    pub fn is_open(&self, id: LineId) -> bool {
        matches!(&self.state, State::Open(own, ..) if *own == id)
    }

    /// Whether there is, or is to be, a connection to somebody else.
    #[must_use]
    pub fn is_astray(&self, to: Option<&LineTo>) -> bool {
        match &self.state {
            State::Down(_) => false,
            State::Opening(_, other) | State::Open(_, other, _) => Some(other) != to,
        }
    }

    /// When it is to be opened, or something is to be asked on it; none while neither is to be.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        match &self.state {
            State::Down(again) => Some(*again),
            State::Opening(..) => None,
            State::Open(_, _, questions) => questions.as_ref().map(Questions::deadline),
        }
    }

    /// Whether it is to be opened now.
    #[must_use]
    pub fn is_due(&self, now: Mono) -> bool {
        matches!(&self.state, State::Down(again) if *again <= now)
    }

    /// What is to be done on it now, if anything.
    pub fn due(&mut self, now: Mono) -> Option<(LineId, Due)> {
        match &mut self.state {
            State::Open(id, _, Some(questions)) => questions.due(now).map(|due| (*id, due)),
            _ => None,
        }
    }

    /// Whether the platform on it has let the device in, where it must.
    #[must_use]
    pub fn is_let_in(&self) -> bool {
        match &self.state {
            State::Open(_, _, Some(questions)) => questions.registered() == Registered::Yes,
            _ => true,
        }
    }

    /// Takes an answer that came on it.
    pub fn answered(&mut self, id: LineId, reqid: &str, retcode: i64, now: Mono) {
        if let State::Open(own, _, Some(questions)) = &mut self.state
            && *own == id
        {
            questions.answered(reqid, retcode, now);
        }
    }

    /// Notes that it is being opened; says the how-manieth attempt that is, from 1.
    pub fn open(&mut self, id: LineId, to: LineTo) -> u32 {
        self.state = State::Opening(id, to);
        self.failures.saturating_add(1)
    }

    /// Notes that it is open; false if that is not news of this connection.
    pub fn opened(&mut self, id: LineId, now: Mono) -> bool {
        match std::mem::take(&mut self.state) {
            State::Opening(own, to) if own == id => {
                let questions = match to {
                    LineTo::WebSocket(_) => None,
                    LineTo::Mqtt(_) => Some(Questions::new(now)),
                };
                self.state = State::Open(id, to, questions);
                self.failures = 0;
                true
            }
            state => {
                self.state = state;
                false
            }
        }
    }

    /// Notes that it has ended, to be opened again then; false if that is not news of this connection.
    pub fn ended(&mut self, id: LineId, again: Mono) -> bool {
        let failed = match &self.state {
            State::Opening(own, _) if *own == id => 1,
            State::Open(own, ..) if *own == id => 0,
            _ => return false,
        };
        self.state = State::Down(again);
        self.failures = self.failures.saturating_add(failed);
        true
    }

    /// Notes that it was cut, or is to be opened at once.
    pub fn cut(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dest::SocketDest;

    fn to(text: &str) -> LineTo {
        LineTo::WebSocket(SocketDest::parse(text).expect("an address"))
    }

    fn second(seconds: u64) -> Mono {
        Mono::new(Duration::from_secs(seconds))
    }

    #[test]
    fn it_is_opened_at_once_and_again_when_it_is_time() {
        let (mut line, there) = (Line::default(), to("ws://host/"));
        assert_eq!(
            (line.standing(second(0)), line.deadline()),
            (Standing::Coming, Some(second(0)))
        );
        assert_eq!(line.open(LineId(1), there.clone()), 1);
        assert_eq!((line.standing(second(0)), line.deadline()), (Standing::Coming, None));
        assert!(line.ended(LineId(1), second(30)));
        assert_eq!(line.standing(second(29)), Standing::Down);
        assert_eq!(
            (line.standing(second(30)), line.deadline()),
            (Standing::Coming, Some(second(30)))
        );
        assert_eq!(line.open(LineId(2), there.clone()), 2, "the second in a row");
        assert!(line.opened(LineId(2), second(0)));
        assert_eq!(line.standing(second(30)), Standing::Up(LineId(2)));
        assert!(line.ended(LineId(2), second(60)));
        assert_eq!(line.open(LineId(3), there), 1, "it had been open");
    }

    #[test]
    fn news_of_another_connection_are_none() {
        let mut line = Line::default();
        line.open(LineId(2), to("ws://host/"));
        assert!(!line.opened(LineId(1), second(0)) && !line.ended(LineId(1), second(1)));
        assert!(line.opened(LineId(2), second(0)) && !line.opened(LineId(2), second(0)));
        line.cut();
        assert!(!line.opened(LineId(2), second(0)) && !line.ended(LineId(2), second(1)));
        assert_eq!(line.standing(second(0)), Standing::Coming, "opened again at once");
    }

    #[test]
    fn it_is_astray_when_it_leads_elsewhere() {
        let (mut line, there) = (Line::default(), to("ws://host/"));
        assert!(!line.is_astray(None), "there is none");
        line.open(LineId(1), there.clone());
        assert!(!line.is_astray(Some(&there)));
        assert!(line.is_astray(None) && line.is_astray(Some(&to("ws://other/"))));
    }
}
