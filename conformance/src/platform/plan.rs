//! Which message gets which answer. Pure.

use super::answer::Answer;

/// Answers in turn; the last one goes on for ever.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    turns: Vec<(u64, Answer)>,
    last: Answer,
    counted: Counted,
}

/// What the turns are counted by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Counted {
    /// Every message is one.
    Messages,
    /// Every attempt at one and the same record or event is one.
    Attempts,
}

impl Plan {
    /// The same answer always.
    #[must_use]
    pub fn always(answer: Answer) -> Self {
        Self { turns: Vec::new(), last: answer, counted: Counted::Messages }
    }

    /// `answer` for the first `count` messages, and then this plan.
    #[must_use]
    pub fn after(mut self, count: u64, answer: Answer) -> Self {
        self.turns.insert(0, (count, answer));
        self
    }

    /// One answer for each message, and the last one from then on; `ok` where there is none.
    #[must_use]
    pub fn sequence(answers: Vec<Answer>) -> Self {
        Self::in_turn(answers, Counted::Messages)
    }

    /// One answer for each attempt at a message, by its identity: the first attempt at every record
    /// gets the first answer. The last one goes on. A message without identity is always a first.
    #[must_use]
    pub fn attempts(answers: Vec<Answer>) -> Self {
        Self::in_turn(answers, Counted::Attempts)
    }

    fn in_turn(mut answers: Vec<Answer>, counted: Counted) -> Self {
        let last = answers.pop().unwrap_or(Answer::OK);
        Self { turns: answers.into_iter().map(|answer| (1, answer)).collect(), last, counted }
    }

    /// The answer for a message when `messages` were answered by this plan before it, and `attempts`
    /// were made at it before.
    pub(super) fn answer(&self, messages: u64, attempts: u64) -> &Answer {
        let mut before = match self.counted {
            Counted::Messages => messages,
            Counted::Attempts => attempts,
        };
        for (count, answer) in &self.turns {
            match before.checked_sub(*count) {
                None => return answer,
                Some(rest) => before = rest,
            }
        }
        &self.last
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::always(Answer::OK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Content, Delivery};

    #[test]
    fn answers_come_in_turn_and_the_last_goes_on() {
        let bad = Answer::saying(Content::Code(500));
        let hang = Answer::delivered(Delivery::Hang);
        let given = |plan: &Plan| [0, 1, 2, 3, 9].map(|n| plan.answer(n, 0).clone());
        let plan = Plan::default().after(1, hang.clone()).after(2, bad.clone());
        let [b, h, ok] = [bad, hang, Answer::OK];
        assert_eq!(given(&plan), [&b, &b, &h, &ok, &ok].map(Clone::clone));
        assert_eq!(given(&Plan::always(b.clone())), [&b; 5].map(Clone::clone));
        let plan = Plan::sequence(vec![h.clone(), b.clone()]);
        assert_eq!(given(&plan), [&h, &b, &b, &b, &b].map(Clone::clone));
        let plan = Plan::attempts(vec![h.clone(), b.clone()]);
        assert_eq!(given(&plan), [&h; 5].map(Clone::clone));
        assert_eq!([plan.answer(7, 0), plan.answer(7, 1), plan.answer(7, 2)], [&h, &b, &b]);
        assert_eq!(Plan::sequence(Vec::new()), Plan::default());
    }
}
