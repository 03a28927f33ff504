//! How the command ends: its exit codes, and the error that names one.
//!
//! Promises that each way of ending is a variant here and nowhere a bare number, and that a
//! failure says what was tried, why it failed and, where there is something, what to try.

use std::fmt;
use std::process::ExitCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Done as asked.
    Done,
    /// The thing examined falls short.
    FallsShort,
    /// Bad usage, configuration or fixture.
    Usage,
    /// Target or network: unreachable, port taken, store held.
    Unreachable,
    /// Nothing was examined, or less than planned.
    NothingExamined,
    /// Stopped by a signal before it was done.
    Interrupted,
    /// What the command that `exec` ran ended with.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::FallsShort => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::NothingExamined => 4,
            Exit::Interrupted => 130,
            Exit::Of(code) => code,
        })
    }
}

/// Why the command ends with something other than 0, as one line:
/// `tried: why, and its causes; try hint`.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code to end with.
    pub(crate) exit: Exit,
    tried: String,
    why: Box<dyn std::error::Error + Send + Sync>,
    hint: Option<String>,
}

impl Failure {
    /// A failure of `tried` ("listening on 127.0.0.1:9000") because of `why`, an error or a text.
    pub(crate) fn new(
        exit: Exit,
        tried: impl Into<String>,
        why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { exit, tried: tried.into(), why: why.into(), hint: None }
    }

    /// Adds what to try, in the imperative: "give another port with --listen".
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tried, self.why)?;
        let mut cause = self.why.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot bind")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_failure_is_one_line_with_what_why_and_what_to_try() {
        let outer = Outer(std::io::Error::other("address in use"));
        let failure = Failure::new(Exit::Unreachable, "listening", outer).hint("use another port");
        assert_eq!(failure.to_string(), "listening: cannot bind: address in use; use another port");
    }
}
