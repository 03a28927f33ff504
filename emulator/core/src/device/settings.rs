//! The settings that `config-fetch` and `config-set` know, as a table.
//!
//! A new value is stored at once and takes effect at the next restart.

use std::collections::BTreeMap;

use crate::calls::v3::Config;
use crate::dest::EventDest;

/// One setting.
struct Row {
    key: &'static str,
    class: &'static str,
    factory: &'static str,
    takes: fn(&str) -> bool,
}

/// How the device is managed: `none` stands for its own HTTP API, with reports to
/// [`REPORT_SERVER`]; the factory value sends nothing there.
const MANAGER_MODE: &str = "manager-mode";

/// Where reports are posted.
const REPORT_SERVER: &str = "report-state-server";

const ROWS: [Row; 2] = [
    Row {
        key: MANAGER_MODE,
        class: "network",
        factory: "mqtt",
        takes: |value| matches!(value, "none" | "mqtt"),
    },
    Row {
        key: REPORT_SERVER,
        class: "network",
        factory: "",
        takes: |value| value.is_empty() || EventDest::parse(value).is_ok(),
    },
];

/// The values that differ from the factory's, and what follows from those in effect.
#[derive(Debug, Default)]
pub(super) struct Settings {
    stored: BTreeMap<&'static str, String>,
    report_to: Option<EventDest>,
}

impl Settings {
    /// The factory's, or those of a device that reports from the start.
    pub(super) fn new(report_to: Option<&EventDest>) -> Self {
        let mut settings = Self::default();
        if let Some(report_to) = report_to {
            settings.stored.insert(MANAGER_MODE, "none".to_owned());
            settings.stored.insert(REPORT_SERVER, report_to.as_str().to_owned());
        }
        settings.take_effect();
        settings
    }

    /// Every setting with its stored value.
    pub(super) fn all(&self) -> Vec<Config> {
        ROWS.iter().map(|row| self.config(row)).collect()
    }

    /// The setting as it will be; none if there is no such key or it does not take the value.
    pub(super) fn check(key: &str, value: String) -> Option<Config> {
        let row = ROWS.iter().find(|row| row.key == key && (row.takes)(&value))?;
        Some(Config { key: row.key, value, class: row.class })
    }

    /// Stores values that were checked.
    pub(super) fn store(&mut self, settings: Vec<(&'static str, String)>) {
        self.stored.extend(settings);
    }

    /// The stored values.
    pub(super) fn stored(&self) -> BTreeMap<String, String> {
        let owned = |(key, value): (&&str, &String)| ((*key).to_owned(), value.clone());
        self.stored.iter().map(owned).collect()
    }

    /// Becomes what was stored, and in effect: it comes up with it.
    pub(super) fn restore(&mut self, stored: &BTreeMap<String, String>) {
        let checked = stored.iter().filter_map(|(key, value)| Self::check(key, value.clone()));
        self.stored = checked.map(|config| (config.key, config.value)).collect();
        self.take_effect();
    }

    /// Brings the stored values into effect, as a restart does.
    pub(super) fn take_effect(&mut self) {
        self.report_to = match self.value(MANAGER_MODE) {
            "none" => EventDest::parse(self.value(REPORT_SERVER)).ok(),
            _ => None,
        };
    }

    /// Where reports go, by the values in effect.
    pub(super) const fn report_to(&self) -> Option<&EventDest> {
        self.report_to.as_ref()
    }

    fn config(&self, row: &Row) -> Config {
        Config { key: row.key, value: self.value(row.key).to_owned(), class: row.class }
    }

    fn value(&self, key: &str) -> &str {
        let factory = ROWS.iter().find(|row| row.key == key).map_or("", |row| row.factory);
        self.stored.get(key).map_or(factory, String::as_str)
    }
}
