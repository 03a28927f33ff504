//! The settings that `config-fetch` and `config-set` know: their values, and what follows from those in effect.
//!
//! A new value is stored at once; when it takes effect, its row in `table.rs` says.

mod table;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::table::{Applies, Factory, MQTT_PREFIX, ROWS, Row, find, find_config};
use crate::behaviour::LogModeApplies;
use crate::calls::v3::Config;
use crate::dest::{Broker, BrokerFields, LineTo, ReportTo};
use crate::event::Photo;
use crate::world::{Hold, MaskDetection, Screening, Setup};

/// The values that differ from the factory's, and what follows from those in effect.
#[derive(Debug)]
pub(super) struct Settings {
    /// The device as configured: what some of the factory's values are.
    configured: Arc<Setup>,
    stored: Values,
    in_effect: Values,
    report_to: Option<ReportTo>,
    setup: Arc<Setup>,
}

/// What is shown of a password that there is.
const HIDDEN: &str = "***";

type Values = BTreeMap<&'static str, String>;

impl Settings {
    /// The factory's.
    pub(super) fn factory(configured: &Arc<Setup>) -> Self {
        Self {
            configured: Arc::clone(configured),
            stored: Values::new(),
            in_effect: Values::new(),
            report_to: None,
            setup: Arc::clone(configured),
        }
    }

    /// From now on it reports to that address, if to any.
    pub(super) fn report_from_the_start(&mut self, to: Option<&ReportTo>) {
        match to {
            None => return,
            Some(ReportTo::Line(LineTo::Mqtt(broker))) => {
                self.stored.insert(table::MANAGER_MODE, "mqtt".to_owned());
                for (row, (_, value)) in table::MQTT.iter().zip(broker.fields().named()) {
                    self.stored.insert(row.key, value.to_owned());
                }
            }
            Some(to) => {
                self.stored.insert(table::MANAGER_MODE, "none".to_owned());
                self.stored.insert(table::REPORT_SERVER, to.as_str().to_owned());
            }
        }
        self.take_effect();
    }

    /// Every setting with its stored value.
    pub(super) fn all(&self) -> Vec<Config> {
        let config = |row: &Row| Config {
            key: row.key,
            value: self.value(&self.stored, row.key).to_owned(),
            class: row.class,
        };
        ROWS.iter().map(config).collect()
    }

    /// What a batch comes to, in its order: keys that there are, each once, with the last value that is given
    /// for it; one that it does not take leaves the key as it is (R-V3-36).
    pub(super) fn check(batch: Vec<(String, String)>) -> Vec<Config> {
        Self::checked(batch, find_config)
    }

    fn checked(
        batch: Vec<(String, String)>,
        find: fn(&str) -> Option<&'static Row>,
    ) -> Vec<Config> {
        let mut taken: Vec<Config> = Vec::new();
        for (key, value) in batch {
            let Some(row) = find(&key) else {
                continue;
            };
            taken.retain(|earlier| earlier.key != row.key);
            if row.takes.takes(&value) {
                taken.push(Config { key: row.key, value, class: row.class });
            }
        }
        taken
    }

    /// How the device is to speak MQTT, in place of whose password stands whether there is one.
    pub(super) fn mqtt(&self) -> BrokerFields {
        let fields = self.broker_fields(&self.stored);
        let passwd = if fields.passwd.is_empty() { "" } else { HIDDEN };
        BrokerFields { passwd: passwd.to_owned(), ..fields }
    }

    /// What some of the fields of MQTT come to, with the others as they are; none if they do not go together.
    pub(super) fn check_mqtt(
        &self,
        fields: Vec<(&'static str, String)>,
    ) -> Option<Vec<(&'static str, String)>> {
        let mut settings = Vec::new();
        let mut values = self.stored.clone();
        for (name, value) in fields {
            let is_it = |row: &&Row| row.key.strip_prefix(MQTT_PREFIX) == Some(name);
            let row = table::MQTT.iter().find(is_it)?;
            // Who sets what it was shown leaves the password as it is.
            if name == "passwd" && value == HIDDEN {
                continue;
            }
            values.insert(row.key, value.clone());
            settings.push((row.key, value));
        }
        let fields = self.broker_fields(&values);
        let is_good = fields == BrokerFields::default() || Broker::new(fields).is_ok();
        is_good.then_some(settings)
    }

    fn broker_fields(&self, values: &Values) -> BrokerFields {
        let [host, port, client_id, user, passwd, topic_pub, topic_sub] =
            table::MQTT.each_ref().map(|row| self.value(values, row.key).to_owned());
        BrokerFields { host, port, client_id, user, passwd, topic_pub, topic_sub }
    }

    /// Stores values that were checked. Some take effect with it.
    pub(super) fn store(&mut self, settings: Vec<(&'static str, String)>, images: LogModeApplies) {
        for (key, value) in settings {
            let is_so_at_once = find(key).is_some_and(|row| match row.applies {
                Applies::AtOnce => true,
                Applies::AtRestart => false,
                Applies::AsImagesDo => images == LogModeApplies::AtOnce,
            });
            if is_so_at_once {
                self.in_effect.insert(key, value.clone());
            }
            self.stored.insert(key, value);
        }
        self.follow();
    }

    /// The stored values.
    pub(super) fn stored(&self) -> BTreeMap<String, String> {
        let owned = |(key, value): (&&str, &String)| ((*key).to_owned(), value.clone());
        self.stored.iter().map(owned).collect()
    }

    /// Becomes what was stored, and in effect: it comes up with it.
    pub(super) fn restore(&mut self, stored: BTreeMap<String, String>) {
        let checked = Self::checked(stored.into_iter().collect(), find);
        self.stored = checked.into_iter().map(|config| (config.key, config.value)).collect();
        self.take_effect();
    }

    /// Brings the stored values into effect, as a restart does.
    pub(super) fn take_effect(&mut self) {
        self.in_effect.clone_from(&self.stored);
        self.follow();
    }

    /// Where reports go.
    pub(super) const fn report_to(&self) -> Option<&ReportTo> {
        self.report_to.as_ref()
    }

    /// How the device is set up.
    pub(super) const fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// Whether pictures are taken.
    pub(super) fn photo(&self) -> Photo {
        match self.value(&self.in_effect, table::LOG_MODE) {
            "image" => Photo::Taken,
            _ => Photo::None,
        }
    }

    /// For how long a door opens that is told nothing of it.
    pub(super) fn door_hold(&self) -> Hold {
        // -1 has no end (R-V3-34).
        let seconds = self.value(&self.in_effect, table::DOOR_SECONDS).parse().ok();
        seconds.map_or(Hold::UntilTold, |seconds| Hold::For(Duration::from_secs(seconds)))
    }

    /// What follows from the values in effect.
    fn follow(&mut self) {
        let value = |key| self.value(&self.in_effect, key);
        let report_to = match value(table::MANAGER_MODE) {
            "none" => ReportTo::parse(value(table::REPORT_SERVER)).ok(),
            _ => {
                let broker = Broker::new(self.broker_fields(&self.in_effect)).ok();
                broker.map(|broker| ReportTo::Line(LineTo::Mqtt(Arc::new(broker))))
            }
        };
        let screening = match value(table::SCREENING) {
            table::ENABLE => Screening::On,
            _ => Screening::Off,
        };
        let mask_detection = match value(table::MASKS) {
            table::ENABLE => MaskDetection::On,
            _ => MaskDetection::Off,
        };
        let old = &self.setup;
        if (old.screening, old.mask_detection) != (screening, mask_detection) {
            let configured = Setup::clone(&self.configured);
            self.setup = Arc::new(Setup { screening, mask_detection, ..configured });
        }
        self.report_to = report_to;
    }

    fn value<'a>(&self, values: &'a Values, key: &str) -> &'a str {
        let factory = || match find(key).map(|row| &row.factory) {
            Some(Factory::Value(value)) => value,
            Some(Factory::Of(value)) => value(&self.configured),
            None => "",
        };
        values.get(key).map_or_else(factory, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_is_taken() {
        let all = Settings::factory(&Arc::new(Setup::default())).all();
        let batch = all.iter().map(|config| (config.key.to_owned(), config.value.clone()));
        assert_eq!(Settings::check(batch.collect()), all);
    }
}
