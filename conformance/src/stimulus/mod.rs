//! Making something happen at a device: through an emulator's control API, by opening the door from
//! afar, by a command of the user's, or by asking the person at the door.
//!
//! Promises that what a stimulus cannot provoke is told as such, so that a case is skipped and not
//! failed for it. Whether anything came of it is for the cases to judge.

mod wish;

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot};

use crate::case::step::{EventName, Stimulus as Wish};
use crate::clock;
use crate::target::Target;
use crate::target::control::{Control, ControlError};
use crate::target::discover::body;

pub use wish::word;

/// How events are provoked.
#[derive(Debug)]
pub enum Stimulus {
    /// Not at all.
    None,
    /// By the control API of an emulator.
    Control,
    /// By v3 `device-opendoor`, which makes a `remote` event.
    OpenDoor,
    /// By a command, run in a shell once for each event.
    Command(String),
    /// By a person, who is asked.
    Manual(mpsc::Sender<Request>),
}

/// Something that a person is asked to do.
#[derive(Debug)]
pub struct Request {
    /// What, in words.
    pub what: String,
    /// Where the answer goes.
    pub done: oneshot::Sender<Done>,
}

/// What a person answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Done {
    /// It was done.
    Done,
    /// It cannot be done here.
    Cannot,
}

/// Why nothing was provoked.
#[derive(Debug, thiserror::Error)]
pub enum Unprovoked {
    /// This stimulus cannot.
    #[error("{0}")]
    Cannot(String),
    /// It should have, and something of ours or of the user's did not work.
    #[error("{0}")]
    Broken(String),
    /// The device refused what it must do.
    #[error("{0}")]
    Refused(String),
}

/// Events made by one request to an emulator. Its answer tells of each: as JSON, a thousand take the suite
/// a megabyte, fifty thousand more than all that it keeps of their records.
const EMITTED_AT_ONCE: u32 = 1_000;

/// How long a command may take: a person may be called by it.
const COMMAND_MAX: Duration = Duration::from_secs(120);

impl Stimulus {
    /// Its name, as `--stimulus` takes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Control => "control",
            Self::OpenDoor => "opendoor",
            Self::Command(_) => "command",
            Self::Manual(_) => "manual",
        }
    }

    /// Whether what was provoked has happened once it returns.
    #[must_use]
    pub const fn tells(&self) -> bool {
        matches!(self, Self::None | Self::Control)
    }

    /// Why this stimulus surely cannot provoke that, if so.
    #[must_use]
    pub fn why_not(&self, wish: &Wish) -> Option<String> {
        let event = word(wish.event);
        match self {
            Self::None => Some(format!("no --stimulus was chosen, and the case needs `{event}`")),
            Self::OpenDoor if wish.event != EventName::Remote || wish.state == Some(0) => {
                Some(format!("--stimulus opendoor provokes `remote` alone, not `{event}`"))
            }
            Self::OpenDoor | Self::Command(_) => wish::unsaid(wish).map(|what| {
                let name = self.name();
                format!(
                    "--stimulus {name} cannot be told more than `{event}`, and {what} is needed"
                )
            }),
            // A person is told all of it, and may say no.
            Self::Control | Self::Manual(_) => None,
        }
    }

    /// Makes it happen; what the stimulus tells of the events, which may be nothing.
    ///
    /// # Errors
    ///
    /// When it cannot, or did not.
    pub async fn provoke(&self, target: &mut Target, wish: &Wish) -> Result<Value, Unprovoked> {
        if let Some(why) = self.why_not(wish) {
            return Err(Unprovoked::Cannot(why));
        }
        match self {
            Self::None => Ok(Value::Null),
            Self::Control => by_control(target, wish).await,
            Self::OpenDoor => repeat(wish, async || open_door(target).await).await,
            Self::Command(command) => repeat(wish, async || run(command, wish).await).await,
            Self::Manual(person) => ask(person, wish).await,
        }
    }
}

async fn repeat(
    wish: &Wish,
    mut once: impl AsyncFnMut() -> Result<(), Unprovoked>,
) -> Result<Value, Unprovoked> {
    for _ in 0..wish.count {
        once().await?;
    }
    Ok(json!({"events": []}))
}

async fn by_control(target: &mut Target, wish: &Wish) -> Result<Value, Unprovoked> {
    let Some(control) = &mut target.control else {
        return Err(Unprovoked::Cannot("there is no control API".to_owned()));
    };
    let done = if wish.event == EventName::Network {
        let state = if wish.state == Some(0) { "offline" } else { "online" };
        control.network(state).await.map(|()| Vec::new())
    } else {
        emit(control, wish).await
    };
    done.map(|events| json!({"events": events})).map_err(|error| match error {
        ControlError::Refused(_) => Unprovoked::Cannot(error.line()),
        _ => Unprovoked::Broken(error.line()),
    })
}

/// Emits some at a time; what is told of them, if the case keeps that.
async fn emit(control: &mut Control, wish: &Wish) -> Result<Vec<Value>, ControlError> {
    let mut events = Vec::new();
    let mut left = wish.count;
    while left > 0 {
        let count = left.min(EMITTED_AT_ONCE);
        let told = control.emit(wish::body(&Wish { count, ..wish.clone() })).await?;
        if let (Some(_), Value::Array(told)) = (&wish.keep, &told["events"]) {
            events.extend_from_slice(told);
        }
        left -= count;
    }
    Ok(events)
}

async fn open_door(target: &mut Target) -> Result<(), Unprovoked> {
    let Some(v3) = &mut target.v3 else {
        return Err(Unprovoked::Cannot("the door is opened by the v3 API".to_owned()));
    };
    if v3.token.is_none() {
        v3.login("stimulus").await;
    }
    let message = json!({
        "action": "device-opendoor", "header": {"reqid": "stimulus"},
        "body": {"userid": "1", "type": "open"}
    });
    let token = v3.token.clone();
    let answer = v3.post("device", &message, token.as_deref(), "stimulus").await;
    match body(&answer)["retcode"].as_i64() {
        Some(0) => Ok(()),
        Some(code) => Err(Unprovoked::Refused(format!("device-opendoor: retcode {code}"))),
        None => Err(Unprovoked::Refused("device-opendoor was not answered".to_owned())),
    }
}

async fn run(command: &str, wish: &Wish) -> Result<(), Unprovoked> {
    let mut child = Command::new("sh");
    child.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    child.env("VESTIBULE_EVENT", word(wish.event));
    child.env("VESTIBULE_STATE", wish.state.map_or(String::new(), |state| state.to_string()));
    child.env("VESTIBULE_REASON", wish.reason.clone().unwrap_or_default());
    let broken = |why: String| Unprovoked::Broken(format!("the command of --stimulus: {why}"));
    match clock::within(COMMAND_MAX, child.status()).await {
        Some(Ok(status)) if status.success() => Ok(()),
        Some(Ok(status)) => {
            let event = word(wish.event);
            Err(Unprovoked::Cannot(format!("the command of --stimulus: {status} for `{event}`")))
        }
        Some(Err(error)) => Err(broken(error.to_string())),
        None => Err(broken(format!("it took over {} s", COMMAND_MAX.as_secs()))),
    }
}

async fn ask(person: &mpsc::Sender<Request>, wish: &Wish) -> Result<Value, Unprovoked> {
    let gone = || Unprovoked::Broken("nobody is there to be asked".to_owned());
    let (done, answer) = oneshot::channel();
    let request = Request { what: wish::words(wish), done };
    person.send(request).await.map_err(|_| gone())?;
    match answer.await {
        Ok(Done::Done) => Ok(json!({"events": []})),
        Ok(Done::Cannot) => {
            let event = word(wish.event);
            Err(Unprovoked::Cannot(format!("the person at the door cannot provoke `{event}`")))
        }
        Err(_) => Err(gone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why_not(stimulus: &Stimulus, text: &str) -> Option<String> {
        stimulus.why_not(&serde_json::from_str(text).expect("a wish"))
    }

    /// A case is skipped for what its stimulus cannot say, and not failed for what came of less.
    #[test]
    fn what_a_stimulus_cannot_say_it_cannot_provoke() {
        let command = Stimulus::Command("true".to_owned());
        let manual = Stimulus::Manual(mpsc::channel(1).0);
        let visitor = r#"{"event": "face", "person": "visitor"}"#;
        let cleared = r#"{"event": "alarm", "code": 10003, "status": 3}"#;
        for wish in [visitor, cleared] {
            let why = why_not(&command, wish).expect("three words do not say it");
            assert!(why.contains("--stimulus command cannot be told"), "{why}");
            assert_eq!(why_not(&manual, wish), None);
            assert_eq!(why_not(&Stimulus::Control, wish), None);
            assert!(why_not(&Stimulus::None, wish).is_some());
        }
        let remote = r#"{"event": "remote", "state": 1}"#;
        let by_somebody = r#"{"event": "remote", "person": "7"}"#;
        assert_eq!(why_not(&Stimulus::OpenDoor, remote), None);
        assert!(why_not(&Stimulus::OpenDoor, by_somebody).is_some());
        assert!(why_not(&Stimulus::OpenDoor, r#"{"event": "face"}"#).is_some());
        assert_eq!(why_not(&command, r#"{"event": "face", "reason": "expired"}"#), None);
    }
}
