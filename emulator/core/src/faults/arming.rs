//! Faults as they are asked for, and whether they can be: a set is taken whole or not at all.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::fault::{Args, Fault, Site};
use super::scope::{SCOPES, Scope};
use super::table::all;
use crate::event::Kind;

/// The most faults that are armed at once: a set for every row of the table fits.
const FAULTS_MAX: usize = 1000;

/// One fault, as somebody wrote it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its parameters; those left out have their defaults.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Its scope: one name and value, or nothing.
    #[serde(default)]
    pub scope: BTreeMap<String, Value>,
}

/// One fault, checked.
#[derive(Clone)]
pub struct Arming {
    pub(super) fault: &'static Fault,
    pub(super) args: Args,
    pub(super) scope: Scope,
    pub(super) sites: Vec<Site>,
}

impl std::fmt::Debug for Arming {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { fault, args, scope, .. } = self;
        write!(formatter, "{} {args:?} {scope:?}", fault.name)
    }
}

/// Faults that are armed together.
#[derive(Clone, Debug, Default)]
pub struct FaultSet(pub(super) Vec<Arming>);

/// Faults that cannot be armed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FaultError {
    /// There is no such fault.
    #[error("there is no fault `{name}`{}; `vestibule faults` lists them", nearest(.name))]
    UnknownName {
        /// The name that was given.
        name: String,
    },
    /// The fault has no such parameter.
    #[error("fault `{name}` has no parameter `{param}`; {}", known_params(.known))]
    UnknownParam {
        /// The fault.
        name: &'static str,
        /// The parameter that was given.
        param: String,
        /// The parameters it has.
        known: Vec<&'static str>,
    },
    /// The parameter does not take the value.
    #[error("parameter `{param}` of fault `{name}` does not take {value}; it takes {takes}")]
    BadValue {
        /// The fault.
        name: &'static str,
        /// The parameter.
        param: &'static str,
        /// The value that was given.
        value: String,
        /// What it takes.
        takes: String,
    },
    /// There is no such scope.
    #[error("{given} is no scope of fault `{name}`; a scope is {SCOPES}")]
    BadScope {
        /// The fault.
        name: &'static str,
        /// What was given.
        given: String,
    },
    /// More than are armed at once.
    #[error("{count} faults are more than the {FAULTS_MAX} that can be armed at once")]
    TooMany {
        /// How many were given.
        count: usize,
    },
}

impl FaultSet {
    /// Checks a set of faults.
    ///
    /// # Errors
    /// The first of them that cannot be armed, and why; then none is.
    pub fn read(wanted: &[Wanted]) -> Result<Self, FaultError> {
        if wanted.len() > FAULTS_MAX {
            return Err(FaultError::TooMany { count: wanted.len() });
        }
        wanted.iter().map(Arming::read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Arming {
    fn read(wanted: &Wanted) -> Result<Self, FaultError> {
        let fault = all().find(|fault| fault.name == wanted.name);
        let fault = fault.ok_or_else(|| FaultError::UnknownName { name: wanted.name.clone() })?;
        let args = read_args(fault, &wanted.params)?;
        let scope = read_scope(fault, &wanted.scope)?;
        let sites = fault.sites.iter().copied().filter(|site| is_on(*site, args.word(WAY)));
        let sites = sites.collect();
        Ok(Self { fault, args, scope, sites })
    }
}

/// The parameter that says on which way a fault strikes.
pub(super) const WAY: &str = "way";

/// Whether connections of that kind go that way; without a way, every site is one of the fault's.
fn is_on(site: Site, way: &str) -> bool {
    match way {
        "in" => site == Site::Accept,
        "out" => site == Site::Connect,
        _ => true,
    }
}

fn read_args(fault: &'static Fault, given: &BTreeMap<String, Value>) -> Result<Args, FaultError> {
    let is_known = |name: &String| fault.params.iter().any(|param| param.name == name);
    if let Some(param) = given.keys().find(|name| !is_known(name)) {
        let known = fault.params.iter().map(|param| param.name).collect();
        return Err(FaultError::UnknownParam { name: fault.name, param: param.clone(), known });
    }
    let mut args = Args::default();
    for param in fault.params {
        let default = Value::from(param.default);
        let value = given.get(param.name).unwrap_or(&default);
        let arg = param.takes.read(value).ok_or_else(|| FaultError::BadValue {
            name: fault.name,
            param: param.name,
            value: value.to_string(),
            takes: param.takes.describe(),
        })?;
        args.0.insert(param.name, arg);
    }
    check_field(fault, &mut args, given.contains_key("field"))?;
    Ok(args)
}

/// A fault that is about a field of a kind takes a field that this kind must have (table A).
fn check_field(fault: &'static Fault, args: &mut Args, is_given: bool) -> Result<(), FaultError> {
    let of_kind = fault.params.iter().any(|param| param.name == "kind");
    let Some(param) = fault.params.iter().find(|param| param.name == "field" && of_kind) else {
        return Ok(());
    };
    let kind = Kind::from_name(args.word("kind"));
    let fields = kind.map_or(&[][..], must_fields);
    if fields.contains(&args.word("field")) {
        return Ok(());
    }
    match fields.first() {
        Some(first) if !is_given => {
            args.0.insert(param.name, super::fault::Arg::Word(first));
            Ok(())
        }
        _ => Err(FaultError::BadValue {
            name: fault.name,
            param: param.name,
            value: format!("{:?} with kind {:?}", args.word("field"), args.word("kind")),
            takes: format!("a field that this kind must have: {}", fields.join("|")),
        }),
    }
}

/// The column "must" of table A.
pub(super) const fn must_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Face => &["uid", "score", "sharp", "state"],
        Kind::Card => &["uid", "data", "state"],
        Kind::Qrcode => &["qrcode"],
        Kind::Therm => &["therm"],
        Kind::Door | Kind::Push | Kind::Fire | Kind::Disa | Kind::Remote => &["state"],
        Kind::Visitor | Kind::Reset => &[],
    }
}

fn read_scope(fault: &'static Fault, given: &BTreeMap<String, Value>) -> Result<Scope, FaultError> {
    let mut members = given.iter();
    let scope = match (members.next(), members.next()) {
        (None, _) => Some(Scope::UntilCleared),
        (Some((name, value)), None) => Scope::read(name, value),
        (Some(_), Some(_)) => None,
    };
    scope.ok_or_else(|| {
        let members = given.iter().map(|(name, value)| format!("\"{name}\": {value}"));
        let given = format!("{{{}}}", members.collect::<Vec<_>>().join(", "));
        FaultError::BadScope { name: fault.name, given }
    })
}

fn known_params(known: &[&str]) -> String {
    if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) }
}

/// The name that was probably meant: the one that shares the most of its letters, in order.
fn nearest(name: &str) -> String {
    let names = all().map(|fault| fault.name);
    let close = names.max_by_key(|known| in_common(known, name));
    let close = close.filter(|known| in_common(known, name) * 3 >= known.len().max(name.len()) * 2);
    close.map(|known| format!(" (did you mean `{known}`?)")).unwrap_or_default()
}

/// The length of the longest sequence of letters that both have in this order.
fn in_common(one: &str, other: &str) -> usize {
    let other = other.as_bytes();
    let mut row = vec![0; other.len() + 1];
    for letter in one.bytes() {
        let mut diagonal = 0;
        for (at, against) in other.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if letter == *against { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[other.len()]
}
