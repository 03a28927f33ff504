//! What stands on the bench: the device that was named, or emulators of our own, one for each way in
//! which a case needs a device to be set up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

use vestibule_conformance::case::types::{Case, Cost, Need};
use vestibule_conformance::outcome::{Redactor, Target as Shown};
use vestibule_conformance::platform::Authority;
use vestibule_conformance::runner::{Door, Runner, Settings};
use vestibule_conformance::stimulus::Stimulus;
use vestibule_conformance::target::Target;
use vestibule_conformance::target::discover::{DiscoverError, discover};

use super::own::{self, Base, Own, Setup};
use super::{person, settings};
use crate::cli::conform::{AllowArg, DeviceArgs, StimulusArg, TargetArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// The devices that are judged.
pub(super) struct Bench<'a> {
    args: &'a DeviceArgs,
    output: &'a Output,
    authority: Authority,
    /// What emulators of our own are told; none where a device was named.
    base: Option<Base>,
    origin: Instant,
    stations: RefCell<BTreeMap<Setup, Station>>,
    /// What the report shows of the device.
    pub(super) shown: Shown,
}

/// A device and whoever judges it.
pub(super) struct Station {
    setup: Setup,
    own: Option<Own>,
    pub(super) runner: Runner,
}

impl<'a> Bench<'a> {
    /// Puts the device on the bench, or a first emulator.
    pub(super) async fn new(
        args: &'a DeviceArgs,
        origin: Instant,
        redactor: &Redactor,
        output: &'a Output,
    ) -> Result<Self, Failure> {
        let authority = Authority::new().map_err(|error| {
            let tried = "making a certificate for the suite's receivers";
            Failure::new(Exit::Unreachable, tried, error)
        })?;
        let base = match args.target.url {
            Some(_) => None,
            None => Some(Base::new(&args.own)?),
        };
        let (stations, shown) = (RefCell::default(), Shown::default());
        let mut bench = Self { args, output, authority, base, origin, stations, shown };
        let (station, told) = bench.station(Setup::default()).await?;
        bench.put(station);
        bench.shown = told.shown(redactor);
        Ok(bench)
    }

    /// The device that a case needs, until it is put back. A device that was named is as it is.
    pub(super) async fn take(&self, case: &Case) -> Result<Station, Failure> {
        let setup = if self.has_own() { needed(case) } else { Setup::default() };
        let there = self.stations.borrow_mut().remove(&setup);
        match there {
            Some(station) => Ok(station),
            None => Ok(self.station(setup).await?.0),
        }
    }

    /// Puts a device back on the bench.
    pub(super) fn put(&self, station: Station) {
        self.stations.borrow_mut().insert(station.setup, station);
    }

    /// Whether the devices are emulators of our own, of which there can be several at a time.
    pub(super) fn has_own(&self) -> bool {
        self.base.is_some()
    }

    async fn station(&self, setup: Setup) -> Result<(Station, Told), Failure> {
        let args = self.args;
        let own = match &self.base {
            None => None,
            Some(base) => {
                let capacity = args.stimulus.allow.contains(&AllowArg::Capacity);
                let setup = Setup { full_size: capacity, ..setup };
                Some(Own::start(base, setup, &self.authority).await?)
            }
        };
        let mut wanted = settings::wanted(&args.target, own.as_ref());
        wanted.token_ttl = self.base.as_ref().map(Base::token_ttl).or(wanted.token_ttl);
        wanted.mode = own.as_ref().map(|_| setup.mode.unwrap_or(own::MODE));
        wanted.health_codes = setup.health_codes;
        wanted.trust = settings::trust(&args.target)?;
        let mut settings = settings::settings(args, &wanted, self.origin, &self.authority)?;
        let target = discover(&wanted, self.origin).await;
        let target = target.map_err(|error| unreachable(&wanted.url, error))?;
        let stimulus = stimulus(args, &target, self.output)?;
        if args.stimulus.may_unlock.as_ref().is_some_and(|typed| target.is_called(typed)) {
            settings.door = Door::MayOpen;
        }
        let mut told = told(
            &target,
            &stimulus,
            &settings,
            (&wanted.url, own.as_ref().zip(self.base.as_ref())),
        );
        if args.target.insecure {
            told.notes.push("over https whoever answered was believed: --insecure".to_owned());
        }
        let runner = Runner::new(target, stimulus, settings);
        Ok((Station { setup, own, runner }, told))
    }

    /// Puts back what was set for the whole run, and ends the emulators; what could not be put back
    /// is told.
    pub(super) async fn clear(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        for (_, mut station) in self.stations.take() {
            match station.own {
                // It is gone in a moment, and what was set with it.
                Some(own) => own.stop().await,
                None => troubles.extend(station.runner.finish().await),
            }
        }
        troubles
    }
}

/// The secrets that the user typed.
pub(super) fn secrets(args: &TargetArgs) -> Redactor {
    let wanted = settings::wanted(args, None);
    let texts =
        [Some(wanted.digest), wanted.v1_basic, args.password.clone(), args.v1_password.clone()];
    let texts: Vec<String> = texts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    Redactor::new(texts.iter().map(String::as_str))
}

fn needed(case: &Case) -> Setup {
    let mut setup = Setup { slow: case.cost == Cost::Slow, ..Setup::default() };
    for need in &case.needs {
        match need {
            Need::Mode(mode) if *mode != own::MODE => setup.mode = Some(*mode),
            Need::HealthCodes => setup.health_codes = true,
            _ => {}
        }
    }
    setup
}

fn stimulus(args: &DeviceArgs, target: &Target, output: &Output) -> Result<Stimulus, Failure> {
    let usage = |tried: &str, why: String, hint: &str| {
        Err(Failure::new(Exit::Usage, tried, why).hint(hint))
    };
    match &args.stimulus.stimulus {
        None if target.control.is_some() => Ok(Stimulus::Control),
        None => Ok(Stimulus::None),
        Some(StimulusArg::Control) if target.control.is_none() => {
            let why = "there is no control API".to_owned();
            usage("choosing the stimulus", why, "name it with --control")
        }
        Some(StimulusArg::Control) => Ok(Stimulus::Control),
        Some(StimulusArg::OpenDoor) => match &args.stimulus.may_unlock {
            Some(typed) if target.is_called(typed) => Ok(Stimulus::OpenDoor),
            Some(typed) => {
                let told = [&target.sn, &target.device_id].into_iter().flatten();
                let told = told.map(String::as_str).collect::<Vec<_>>().join(", ");
                let told = if told.is_empty() { "none".to_owned() } else { told };
                let why =
                    format!("--may-unlock says {typed}, the device's serial number is {told}");
                usage("opening a door", why, "type the number of the device whose door may open")
            }
            None => {
                let why = "a door is opened only with its serial number typed".to_owned();
                usage("opening a door", why, "type it after --may-unlock")
            }
        },
        Some(StimulusArg::Manual) => Ok(person::stimulus(output)),
        Some(StimulusArg::Command(command)) => Ok(Stimulus::Command(command.clone())),
    }
}

/// What is to be told of a device.
struct Told {
    url: String,
    facts: Vec<(String, String)>,
    notes: Vec<String>,
}

impl Told {
    fn shown(self, redactor: &Redactor) -> Shown {
        let fact = |(name, fact): (String, String)| (name, redactor.text(&fact));
        let facts = self.facts.into_iter().map(fact).collect();
        Shown { url: redactor.text(&self.url), facts, notes: self.notes }
    }
}

fn told(
    target: &Target,
    stimulus: &Stimulus,
    settings: &Settings,
    (url, own): (&str, Option<(&Own, &Base)>),
) -> Told {
    let mut facts: Vec<(String, String)> = target.facts.clone();
    facts.push(("stimulus".to_owned(), stimulus.name().to_owned()));
    facts.push(("allowed".to_owned(), settings::words(&settings.allowed)));
    let apis = [("v3", target.v3.is_some()), ("v1", target.v1.is_some())];
    let apis: Vec<&str> = apis.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    facts.push(("apis".to_owned(), apis.join(", ")));
    let mut notes = Vec::new();
    if let Some((own, base)) = own {
        facts.push(("seed".to_owned(), own.ready.seed.to_string()));
        notes.push(base.note());
        notes.extend(
            base.faults().iter().map(|fault| format!("the emulator was told to do wrong: {fault}")),
        );
    }
    Told { url: url.to_owned(), facts, notes }
}

/// Why there is nothing to judge.
pub(super) fn unreachable(url: &str, error: DiscoverError) -> Failure {
    let (exit, hint) = match error {
        DiscoverError::Url(_) => (Exit::Usage, "give a URL such as http://192.0.2.7:8000"),
        DiscoverError::Control(_) => {
            (Exit::Unreachable, "name the emulator's control API with --control")
        }
        DiscoverError::Untrusted(_) => (
            Exit::Unreachable,
            "give its certificate or its authority's with --ca, or believe anyone with --insecure",
        ),
        DiscoverError::Unreachable(_) => (Exit::Unreachable, "is it on, and is that its address?"),
        DiscoverError::Neither(_) => (
            Exit::Unreachable,
            "give the path of v3 with --v3-path, or the URL of v1 with --v1-url",
        ),
    };
    Failure::new(exit, format!("asking {url}"), error).hint(hint)
}
