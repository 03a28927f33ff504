//! What can be played at this device: the tables of odds, less what its mode, switches and roster
//! rule out, and the mean number of events that follows.

use std::sync::Arc;

use super::dice::Dice;
use super::odds::{self, Outcome, Scene};
use super::roster::Roster;
use super::rules::{self, Who};
use super::setup::{Screening, Setup};
use super::standing::Category;
use crate::event::{Method, Verdict};

/// Rows with weights, drawn by them.
#[derive(Clone, Debug)]
pub(super) struct Weighted<T> {
    /// Each row with the sum of the weights up to and including its own.
    rows: Vec<(f64, T)>,
}

impl<T: Copy> Weighted<T> {
    fn new(weighted: impl Iterator<Item = (f64, T)>) -> Self {
        let mut sum = 0.0;
        let rows = weighted.filter(|(weight, _)| *weight > 0.0);
        Self {
            rows: rows
                .map(|(weight, row)| {
                    sum += weight;
                    (sum, row)
                })
                .collect(),
        }
    }

    /// A row; none if there are none.
    pub(super) fn draw(&self, dice: &mut Dice) -> Option<T> {
        let at = dice.fraction() * self.total();
        let row = self.rows.partition_point(|(sum, _)| *sum <= at);
        self.rows.get(row).or(self.rows.last()).map(|(_, row)| *row)
    }

    /// The mean of a figure over the rows; 0 if there are none.
    fn mean(&self, figure: impl Fn(T) -> f64) -> f64 {
        let mut before = 0.0;
        let mut sum = 0.0;
        for (up_to, row) in &self.rows {
            sum += (up_to - before) * figure(*row);
            before = *up_to;
        }
        if self.rows.is_empty() { 0.0 } else { sum / self.total() }
    }

    fn total(&self) -> f64 {
        self.rows.last().map_or(0.0, |(sum, _)| *sum)
    }
}

/// The odds as they are at one device.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) scenes: Weighted<Scene>,
    pub(super) walk_ins: Weighted<(Method, Outcome)>,
    pub(super) pin_methods: Weighted<Method>,
    pub(super) events_per_arrival: f64,
}

impl Program {
    /// The odds at a device so set up, with that roster. The doors of one site share them, where nobody
    /// changed whom they know.
    pub(super) fn of(setup: &Setup, roster: &Roster) -> Arc<Self> {
        let make = || Self::new(setup, roster);
        match roster.as_configured() {
            Some(people) => people.made.program(setup, make),
            None => Arc::new(make()),
        }
    }

    fn new(setup: &Setup, roster: &Roster) -> Self {
        let offered = || {
            odds::METHODS
                .into_iter()
                .filter(|(method, _)| method.allowed_in(setup.mode, setup.health_codes))
        };
        let walk_ins = Weighted::new(offered().flat_map(|(method, weight)| {
            let outcomes = outcomes(method, setup, roster);
            let sum: f64 = outcomes.iter().map(|outcome| f64::from(outcome.weight)).sum();
            outcomes.into_iter().map(move |outcome| {
                (f64::from(weight) * f64::from(outcome.weight) / sum, (method, outcome))
            })
        }));
        let pin_methods = Weighted::new(
            offered()
                .filter(|(method, _)| method.has_pin() && roster.has(Category::Employee, *method))
                .map(|(method, weight)| (f64::from(weight), method)),
        );
        let scenes = Weighted::new(
            odds::SCENES
                .into_iter()
                .filter(|(scene, _)| *scene != Scene::PinGuessing || !pin_methods.rows.is_empty())
                .map(|(scene, weight)| (f64::from(weight), scene)),
        );
        let therms = if setup.screening == Screening::On { 1.0 } else { 0.0 };
        let walk_in = therms + walk_ins.mean(|(method, outcome)| walk_in_events(method, outcome));
        let tries = f64::from(odds::WRONG_PINS_BEFORE_ATTACK);
        let guessing = therms + tries * pin_methods.mean(method_events);
        let events_per_arrival = scenes.mean(|scene| match scene {
            Scene::WalkIn => walk_in,
            Scene::PinGuessing => guessing,
            Scene::ExitButton => 2.0 + DOOR_EVENTS,
            Scene::RemoteOpening => 1.0 + DOOR_EVENTS,
            Scene::ForcedDoor | Scene::Tamper | Scene::Fire => 2.0,
        });
        Self { scenes, walk_ins, pin_methods, events_per_arrival }
    }
}

/// The door opens and closes.
const DOOR_EVENTS: f64 = 2.0;

fn walk_in_events(method: Method, outcome: Outcome) -> f64 {
    let door = if outcome.verdict == Verdict::Accepted { DOOR_EVENTS } else { 0.0 };
    method_events(method) + door
}

fn method_events(method: Method) -> f64 {
    if method.kind().is_some() { 1.0 } else { 0.0 }
}

fn outcomes(method: Method, setup: &Setup, roster: &Roster) -> Vec<Outcome> {
    odds::OUTCOMES
        .into_iter()
        .filter(|outcome| rules::allow(outcome.verdict, method, outcome.who, setup.screening))
        .filter(|outcome| match outcome.who {
            Who::Enrolled(category) => roster.has(category, method),
            Who::Stranger | Who::Nobody => true,
        })
        .collect()
}
