//! What a device says by itself through a broker: that it wants to be let in, and that it is still there
//! (R-V3-18).
//!
//! It asks `sync-time` until that is answered with `retcode` 0, and again now and then; until the first such
//! answer it is not registered. It sends `ping`, and gives the connection up when nobody answers.

use std::time::Duration;

use crate::clock::Mono;

/// Between two pings (the vendor's manual).
const PING_EVERY: Duration = Duration::from_secs(10);

/// So many pings without an answer end the connection (the vendor's manual).
const PINGS_UNANSWERED_MAX: u32 = 3;

/// Between two `sync-time`: over an hour (the vendor's manual).
const SYNC_EVERY: Duration = Duration::from_secs(61 * 60);

/// Between two as long as none was answered with `retcode` 0: a platform that starts later than its broker
/// must not be waited for an hour.
const SYNC_AGAIN: Duration = Duration::from_secs(30);

/// Something to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// `sync-time` or `ping`.
    pub action: &'static str,
    /// What its answer bears.
    pub reqid: String,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask that.
    Ask(Question),
    /// Give the connection up.
    GiveUp,
}

/// Whether the platform has let the device in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registered {
    /// Not yet.
    #[default]
    No,
    /// It has.
    Yes,
}

/// A device's questions on one connection.
#[derive(Debug)]
pub struct Questions {
    registered: Registered,
    asked: u64,
    /// The last `sync-time` that was not answered.
    sync: Option<String>,
    sync_at: Mono,
    ping_at: Mono,
    pings_unanswered: u32,
}

impl Questions {
    /// Those of a connection that is open since `now`.
    #[must_use]
    pub fn new(now: Mono) -> Self {
        Self {
            registered: Registered::No,
            asked: 0,
            sync: None,
            sync_at: now,
            ping_at: now + PING_EVERY,
            pings_unanswered: 0,
        }
    }

    /// Whether the platform has let the device in.
    #[must_use]
    pub const fn registered(&self) -> Registered {
        self.registered
    }

    /// When something is to be done next.
    #[must_use]
    pub fn deadline(&self) -> Mono {
        self.sync_at.min(self.ping_at)
    }

    /// What is to be done now, if anything.
    pub fn due(&mut self, now: Mono) -> Option<Due> {
        if self.sync_at <= now {
            self.sync_at = now + SYNC_AGAIN;
            let question = self.question("sync-time");
            self.sync = Some(question.reqid.clone());
            return Some(Due::Ask(question));
        }
        if self.ping_at > now {
            return None;
        }
        if self.pings_unanswered == PINGS_UNANSWERED_MAX {
            return Some(Due::GiveUp);
        }
        self.ping_at = now + PING_EVERY;
        self.pings_unanswered += 1;
        Some(Due::Ask(self.question("ping")))
    }

    /// Takes an answer; one to something else changes nothing.
    pub fn answered(&mut self, reqid: &str, retcode: i64, now: Mono) {
        if self.sync.as_deref() == Some(reqid) {
            self.sync = None;
            if retcode == 0 {
                self.registered = Registered::Yes;
                self.sync_at = now + SYNC_EVERY;
            }
        } else if reqid.starts_with("ping-") {
            // Whatever is said to it, somebody is there.
            self.pings_unanswered = 0;
        }
    }

    fn question(&mut self, action: &'static str) -> Question {
        self.asked += 1;
        Question { action, reqid: format!("{action}-{}", self.asked) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Mono {
        Mono::new(Duration::from_secs(seconds))
    }

    fn ask(questions: &mut Questions, now: Mono) -> Question {
        match questions.due(now) {
            Some(Due::Ask(question)) => question,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_asks_to_be_let_in_until_it_is() {
        let mut questions = Questions::new(second(0));
        let first = ask(&mut questions, second(0));
        assert_eq!((first.action, questions.due(second(9))), ("sync-time", None));
        questions.answered(&first.reqid, 114, second(1));
        questions.answered("sync-time-9", 0, second(1));
        assert_eq!(questions.registered(), Registered::No, "refused, and answered to nobody");
        for seconds in [10, 20] {
            let ping = ask(&mut questions, second(seconds));
            questions.answered(&ping.reqid, 0, second(seconds));
        }
        let again = ask(&mut questions, second(30));
        assert_eq!(again.action, "sync-time");
        questions.answered(&again.reqid, 0, second(30));
        assert_eq!(questions.registered(), Registered::Yes);
    }

    #[test]
    fn once_let_in_it_asks_again_after_more_than_an_hour() {
        let mut questions = Questions::new(second(0));
        let first = ask(&mut questions, second(0));
        questions.answered(&first.reqid, 0, second(1));
        assert_eq!(questions.registered(), Registered::Yes);
        assert!(questions.sync_at > second(3600));
        let mut now = second(1);
        while questions.deadline() < questions.sync_at {
            now = questions.deadline();
            let ping = ask(&mut questions, now);
            assert_eq!(ping.action, "ping");
            questions.answered(&ping.reqid, 0, now);
        }
        let again = questions.deadline();
        assert_eq!(ask(&mut questions, again).action, "sync-time");
        questions.answered("sync-time-1", 1, now);
        assert_eq!(questions.registered(), Registered::Yes, "let in is let in");
    }

    #[test]
    fn three_pings_that_nobody_answers_are_enough() {
        let mut questions = Questions::new(second(0));
        let first = ask(&mut questions, second(0));
        questions.answered(&first.reqid, 0, second(0));
        for seconds in [10, 20] {
            assert_eq!(ask(&mut questions, second(seconds)).action, "ping");
        }
        questions.answered("ping-2", 0, second(25));
        for seconds in [30, 40, 50] {
            assert_eq!(ask(&mut questions, second(seconds)).action, "ping");
        }
        assert_eq!(questions.due(second(60)), Some(Due::GiveUp));
    }
}
