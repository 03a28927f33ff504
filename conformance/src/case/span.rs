//! How long a step waits: a duration, or a word that the run gives a length to.

use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

/// A wait.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = r"^(prompt|redelivery|quiet|token-ttl|([0-9]+(ms|s|m|h))+)$"))]
pub enum Span {
    /// `prompt`: what should come at once, with much room for a slow machine.
    Prompt,
    /// `redelivery`: what the device tries again by itself, `--redelivery-timeout`.
    Redelivery,
    /// `quiet`: long enough to believe that nothing comes.
    Quiet,
    /// `token-ttl`: a little longer than a token lives.
    TokenTtl,
    /// A fixed time such as `300ms` or `5s`.
    Fixed(Duration),
}

/// A text that is no wait.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{given}` is no wait: write a duration such as \"300ms\" or \"5s\", or \"prompt\", \
     \"redelivery\", \"quiet\" or \"token-ttl\""
)]
pub struct NoSpan {
    given: String,
}

/// What a run makes of the words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spans {
    /// See [`Span::Prompt`].
    pub prompt: Duration,
    /// See [`Span::Redelivery`].
    pub redelivery: Duration,
    /// See [`Span::Quiet`].
    pub quiet: Duration,
    /// See [`Span::TokenTtl`].
    pub token_ttl: Duration,
}

/// An event reaches a listener within a second; anything slower than this is hardly "pushed". Less
/// would blame a device for a loaded machine.
const PROMPT_MAX: Duration = Duration::from_secs(30);

/// Quiet is a tenth of the redelivery timeout, and neither so short that a busy machine misses what
/// does come, nor so long that a run never ends.
const QUIET: (u32, Duration, Duration) = (10, Duration::from_secs(1), Duration::from_secs(60));

/// What R-V3-02 has a token live; used only where a case says that it needs to know.
const TOKEN_TTL: Duration = Duration::from_secs(3_600);

impl Spans {
    /// The lengths that follow from the redelivery timeout.
    #[must_use]
    pub fn new(redelivery: Duration) -> Self {
        let (part, least, most) = QUIET;
        let quiet = (redelivery / part).clamp(least, most);
        Self { prompt: redelivery.min(PROMPT_MAX), redelivery, quiet, token_ttl: TOKEN_TTL }
    }

    /// With tokens that live so long.
    #[must_use]
    pub fn with_token_ttl(self, lives: Duration) -> Self {
        Self { token_ttl: lives + lives / 4, ..self }
    }

    /// The length of a wait.
    #[must_use]
    pub fn length(&self, span: Span) -> Duration {
        match span {
            Span::Prompt => self.prompt,
            Span::Redelivery => self.redelivery,
            Span::Quiet => self.quiet,
            Span::TokenTtl => self.token_ttl,
            Span::Fixed(fixed) => fixed,
        }
    }
}

impl TryFrom<String> for Span {
    type Error = NoSpan;

    fn try_from(text: String) -> Result<Self, NoSpan> {
        text.parse()
    }
}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        match text {
            "prompt" => Ok(Self::Prompt),
            "redelivery" => Ok(Self::Redelivery),
            "quiet" => Ok(Self::Quiet),
            "token-ttl" => Ok(Self::TokenTtl),
            _ => humantime::parse_duration(text)
                .map(Self::Fixed)
                .map_err(|_| NoSpan { given: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_word_or_a_duration() {
        let spans = Spans::new(Duration::from_secs(90));
        for (text, length) in [
            ("prompt", Some(Duration::from_secs(30))),
            ("redelivery", Some(Duration::from_secs(90))),
            ("quiet", Some(Duration::from_secs(9))),
            ("300ms", Some(Duration::from_millis(300))),
            ("soon", None),
            ("", None),
        ] {
            let span = text.parse::<Span>().ok();
            assert_eq!(span.map(|span| spans.length(span)), length, "{text}");
        }
    }

    #[test]
    fn quiet_has_bounds() {
        let quiet = |s| Spans::new(Duration::from_secs(s)).quiet;
        assert_eq!((quiet(1), quiet(600), quiet(6_000)), (s(1), s(60), s(60)));
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }
}
