//! What a case needs, and why it is left out where that is not there.

use crate::case::collection::Filed;
use crate::case::lint::least_safety;
use crate::case::step::{Call, RestartBy, Step, Stimulus as Wish, Tls};
use crate::case::types::{Case, Cost, Need, Safety};
use crate::outcome::Skip;
use crate::stimulus::Stimulus;
use crate::target::Target;

use super::{Door, Settings};

/// What a case writes to a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Writes {
    /// The worst it does.
    pub safety: Safety,
    /// Each write, in words.
    pub what: Vec<String>,
}

/// Why a case cannot run against this device, if so. What only the device's log can tell is asked
/// when the case starts.
pub(super) fn unmet(
    case: &Case,
    target: &Target,
    stimulus: &Stimulus,
    settings: &Settings,
) -> Option<Skip> {
    let steps = all(case);
    let needs_v3 = case.needs.contains(&Need::V3) || steps.iter().any(|step| asks_v3(step));
    let needs_v1 = case.needs.contains(&Need::V1) || steps.iter().any(|step| asks_v1(step));
    if needs_v3 && target.v3.is_none() {
        return Some(Skip::Absent("it has no v3 API, or --api leaves it out".to_owned()));
    }
    if needs_v1 && target.v1.is_none() {
        return Some(Skip::Absent("it has no v1 API, or --api leaves it out".to_owned()));
    }
    if let Some(word) = not_allowed(case, settings) {
        return Some(Skip::Excluded(format!("it is {word}: --allow {word}")));
    }
    if opens_door(&steps) && settings.door == Door::Shut {
        let why = "it opens the door: type the serial number after --may-unlock";
        return Some(Skip::Excluded(why.to_owned()));
    }
    let wishes = steps.iter().filter_map(|step| match step {
        Step::Stimulus(wish) => stimulus.why_not(wish),
        _ => None,
    });
    if let Some(why) = wishes.into_iter().next() {
        return Some(Skip::Unprovokable(why));
    }
    case.needs.iter().find_map(|need| lacking(*need, target)).or_else(|| {
        let https = |step: &&Step| matches!(step, Step::Listen(one) if one.tls == Tls::Trusted);
        let wants = case.needs.contains(&Need::Https) || steps.iter().any(https);
        (wants && settings.receiver.trusted.is_none()).then(|| {
            let why = "no certificate is known that it trusts: --receiver-cert and --receiver-key";
            Skip::Excluded(why.to_owned())
        })
    })
}

fn lacking(need: Need, target: &Target) -> Option<Skip> {
    let absent = |why: &str| Some(Skip::Absent(why.to_owned()));
    match need {
        Need::TokenTtl if target.token_ttl.is_none() => {
            absent("how long a token lives is not known: --token-ttl")
        }
        Need::V1Account if target.v1.as_ref().is_none_or(|v1| v1.basic.is_none()) => {
            absent("no v1 account is known: --v1-user and --v1-password")
        }
        Need::ShortTokens if !target.short_tokens => {
            absent("it is not known to take a part of a minute for validTime")
        }
        Need::Images if !target.images => {
            absent("it has no setting log-mode, so it keeps no images")
        }
        Need::HealthCodes if !target.health_codes => absent("it is not known to take health codes"),
        Need::Mode(mode) if target.mode != Some(mode) => {
            Some(Skip::Absent(format!("it is not known to verify by mode {mode}")))
        }
        _ => None,
    }
}

fn not_allowed(case: &Case, settings: &Settings) -> Option<&'static str> {
    let allowed = &settings.allowed;
    if case.safety != Safety::Safe && !allowed.safety.contains(&case.safety) {
        return Some(case.safety.word());
    }
    let costs = case.cost != Cost::Fast && !allowed.cost.contains(&case.cost);
    costs.then(|| case.cost.word())
}

/// Every step of a case, also those within others.
pub(super) fn all(case: &Case) -> Vec<&Step> {
    let lists = [&case.setup, &case.steps, &case.cleanup];
    lists.into_iter().flatten().flat_map(within).collect()
}

fn within(step: &Step) -> Vec<&Step> {
    match step {
        Step::Each(each) => each.steps.iter().flat_map(within).collect(),
        _ => vec![step],
    }
}

fn asks_v3(step: &Step) -> bool {
    match step {
        Step::Call(call) => matches!(**call, Call::V3(_)),
        Step::ReportTo(_) | Step::Configure(_) | Step::FetchAll(_) => true,
        Step::Restart(restart) => restart.by != RestartBy::Any,
        _ => false,
    }
}

fn asks_v1(step: &Step) -> bool {
    match step {
        Step::Call(call) => matches!(**call, Call::V1(_)),
        Step::Subscribe(_) | Step::Feed(_) => true,
        _ => false,
    }
}

fn opens_door(steps: &[&Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Call(call) => match &**call {
            Call::V3(call) => {
                call.action.as_ref().and_then(|action| action.plain()) == Some("device-opendoor")
            }
            Call::V1(call) => {
                let path = call.path.as_ref().and_then(|path| path.plain());
                path == Some("/v1/device/door")
            }
        },
        _ => false,
    })
}

/// Every write that a case makes at most.
#[must_use]
pub fn writes(filed: &Filed) -> Writes {
    let mut what: Vec<String> = Vec::new();
    for step in all(&filed.case) {
        if let Some(one) = write(step)
            && !what.contains(&one)
        {
            what.push(one);
        }
    }
    for need in &filed.case.needs {
        if let Need::Events(count) = need {
            what.push(format!("events, where fewer than {count} are in the log"));
        }
    }
    Writes { safety: filed.case.safety, what }
}

fn write(step: &Step) -> Option<String> {
    match step {
        Step::Subscribe(_) => Some("POST /v1/event/subscribe (put back)".to_owned()),
        Step::ReportTo(_) => Some("config-set manager-mode, report-state-server (put back)".into()),
        Step::Configure(configure) => {
            let keys: Vec<&str> = configure.configs.keys().map(String::as_str).collect();
            Some(format!("config-set {} (put back)", keys.join(", ")))
        }
        Step::Stimulus(wish) => Some(format!("stimulus {}", named(wish))),
        Step::Restart(restart) => Some(restart.by.action().to_owned()),
        Step::Call(call) if least_safety(step) > Safety::Safe => Some(match &**call {
            Call::V3(call) => {
                call.action.as_ref().and_then(|one| one.plain()).unwrap_or("a message").to_owned()
            }
            Call::V1(call) => {
                let path = call.path.as_ref().and_then(|path| path.plain());
                format!("{} {}", call.method, path.unwrap_or("/v1/event/subscribe"))
            }
        }),
        _ => None,
    }
}

fn named(wish: &Wish) -> String {
    let event = crate::stimulus::word(wish.event);
    if wish.count == 1 { event.to_owned() } else { format!("{event} x{}", wish.count) }
}
