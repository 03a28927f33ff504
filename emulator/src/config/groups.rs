//! `[[devices]]`: groups of devices, each with what it says otherwise than the rest of the file.
//!
//! A group has the tables of the file, and what it leaves out is as there. So it is read by laying it over the
//! file: what is then checked is a configuration like any other, and a mistake names the group and its line.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use toml::Spanned;
use vestibule_core::faults::Wanted;

use super::file::{Config, DeviceTable, QuirkValue, ReportTable, RosterTable, TrafficTable};
use super::plan::ConfigError;

/// How many devices there are: `devices = 3`, or what each `[[devices]]` says.
#[derive(Clone, Debug, Default)]
pub struct DeviceCount {
    /// The number of all, if it was said.
    pub all: Option<u32>,
    /// The groups, in their order.
    pub groups: Vec<GroupTable>,
}

/// `[[devices]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupTable {
    /// The line at which it begins, as soon as that is known.
    #[serde(skip)]
    line: Option<usize>,
    /// Where in the text it begins.
    #[serde(skip)]
    offset: usize,
    /// How many devices it has.
    #[serde(default = "one")]
    pub count: u32,
    /// How many events and how many records each keeps.
    pub capacity: Option<u32>,
    /// How many past events each begins with.
    pub backfill: Option<u64>,
    /// Whether they begin with the network unplugged.
    pub offline: Option<bool>,
    /// What they are; a name is that of the group's first device.
    #[serde(default)]
    pub device: DeviceTable,
    /// Whom they know; a group that has it is a site of its own.
    pub roster: Option<RosterTable>,
    /// What happens by itself.
    #[serde(default)]
    pub traffic: TrafficTable,
    /// Where they push.
    #[serde(default)]
    pub push: GroupPushTable,
    /// Where they report.
    #[serde(default)]
    pub report: ReportTable,
    /// Said over those of the file.
    #[serde(default)]
    pub quirks: BTreeMap<String, QuirkValue>,
    /// In place of those of the file.
    pub faults: Option<Vec<Wanted>>,
}

const fn one() -> u32 {
    1
}

/// `[devices.push]`: all devices of a process trust the same roots.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupPushTable {
    /// Where records go from the start.
    pub to: Option<String>,
}

impl<'de> Deserialize<'de> for DeviceCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountOrGroups)
    }
}

struct CountOrGroups;

impl<'de> Visitor<'de> for CountOrGroups {
    type Value = DeviceCount;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number of devices, or groups of them as [[devices]]")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<DeviceCount, E> {
        let all = u32::try_from(number);
        let all = all.map_err(|_| E::custom(format!("there cannot be {number} devices")))?;
        Ok(DeviceCount { all: Some(all), groups: Vec::new() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<DeviceCount, A::Error> {
        let mut groups = Vec::new();
        while let Some(group) = list.next_element::<Spanned<GroupTable>>()? {
            let offset = group.span().start;
            groups.push(GroupTable { offset, ..group.into_inner() });
        }
        if groups.is_empty() {
            return Err(A::Error::custom("an empty list has no devices; leave `devices` out"));
        }
        Ok(DeviceCount { all: None, groups })
    }
}

impl DeviceCount {
    /// Notes at which line of `text`, which it was read from, each group begins.
    pub(super) fn note_lines(&mut self, text: &str) {
        for group in &mut self.groups {
            let before = text.get(..group.offset).unwrap_or(text);
            group.line = Some(before.matches('\n').count() + 1);
        }
    }

    /// How many devices each group has; one group of all where there are no groups.
    pub(super) fn counts(&self) -> Result<Vec<u32>, ConfigError> {
        if self.groups.is_empty() {
            return Ok(vec![self.all.unwrap_or(1)]);
        }
        for (place, group) in self.groups.iter().enumerate() {
            if group.count == 0 {
                let source = ConfigError::OutOfRange {
                    what: "count",
                    value: "0".to_owned(),
                    range: "1 or more; leave the group out to have none of it".to_owned(),
                };
                return Err(self.of_group(place, source));
            }
        }
        let counts: Vec<u32> = self.groups.iter().map(|group| group.count).collect();
        let sum: u64 = counts.iter().copied().map(u64::from).sum();
        match self.all {
            Some(all) if u64::from(all) != sum => {
                let groups = counts.len();
                Err(ConfigError::OutOfRange {
                    what: "the number of devices",
                    value: all.to_string(),
                    range: format!("{sum}, the sum of the {groups} [[devices]]; leave one out"),
                })
            }
            _ => Ok(counts),
        }
    }

    /// Gives way to what was said on the command line, which wins over the file.
    pub fn yield_to(&mut self, said: &Config) {
        fn give_way<T>(group: &mut Option<T>, said: &Option<T>) {
            if said.is_some() {
                *group = None;
            }
        }
        let mut quirks = Vec::new();
        for (name, value) in &said.quirks {
            value.list(name, &mut quirks);
        }
        for group in &mut self.groups {
            give_way(&mut group.capacity, &said.capacity);
            give_way(&mut group.backfill, &said.backfill);
            group.offline = group.offline.filter(|_| !said.offline);
            give_way(&mut group.traffic.profile, &said.traffic.profile);
            give_way(&mut group.traffic.rate_per_minute, &said.traffic.rate_per_minute);
            give_way(&mut group.traffic.speed, &said.traffic.speed);
            give_way(&mut group.push.to, &said.push.to);
            give_way(&mut group.report.to, &said.report.to);
            give_way(&mut group.device.image_bytes, &said.device.image_bytes);
            for (name, value) in &quirks {
                lay_quirk_over(name, &QuirkValue::Text(value.clone()), &mut group.quirks);
            }
        }
    }

    /// The group at that place, if there are groups.
    pub(super) fn group(&self, place: usize) -> Option<&GroupTable> {
        self.groups.get(place)
    }

    /// What is wrong with a group, and where that is.
    pub(super) fn of_group(&self, place: usize, source: ConfigError) -> ConfigError {
        match self.groups.get(place) {
            None => source,
            Some(group) => ConfigError::Group {
                number: place + 1,
                line: group.line.map_or_else(String::new, |line| format!(", at line {line}")),
                source: Box::new(source),
            },
        }
    }
}

impl Config {
    /// The file as it is for a group: what the group says, and what the file says where it says nothing.
    pub(super) fn of_group(&self, place: usize) -> Self {
        let mut config = self.clone();
        config.devices = DeviceCount::default();
        let Some(group) = self.devices.groups.get(place) else {
            return config;
        };
        over(&group.capacity, &mut config.capacity);
        over(&group.backfill, &mut config.backfill);
        config.offline = group.offline.unwrap_or(config.offline);
        lay_device_over(&group.device, &mut config.device);
        if let Some(RosterTable { employees, visitors, blocklisted }) = &group.roster {
            over(employees, &mut config.roster.employees);
            over(visitors, &mut config.roster.visitors);
            over(blocklisted, &mut config.roster.blocklisted);
        }
        let TrafficTable { profile, rate_per_minute, speed } = &group.traffic;
        over(profile, &mut config.traffic.profile);
        over(rate_per_minute, &mut config.traffic.rate_per_minute);
        over(speed, &mut config.traffic.speed);
        over(&group.push.to, &mut config.push.to);
        over(&group.report.to, &mut config.report.to);
        for (name, value) in &group.quirks {
            lay_quirk_over(name, value, &mut config.quirks);
        }
        if let Some(faults) = &group.faults {
            config.faults.clone_from(faults);
        }
        config
    }
}

fn over<T: Clone>(said: &Option<T>, under: &mut Option<T>) {
    if said.is_some() {
        under.clone_from(said);
    }
}

fn lay_device_over(said: &DeviceTable, under: &mut DeviceTable) {
    over(&said.sn, &mut under.sn);
    over(&said.device_id, &mut under.device_id);
    over(&said.model, &mut under.model);
    over(&said.ip, &mut under.ip);
    over(&said.time_zone, &mut under.time_zone);
    over(&said.mode, &mut under.mode);
    over(&said.screening, &mut under.screening);
    over(&said.mask_detection, &mut under.mask_detection);
    over(&said.health_codes, &mut under.health_codes);
    over(&said.door_held_after, &mut under.door_held_after);
    over(&said.image_bytes, &mut under.image_bytes);
}

/// A name may be written with its dots within quotes or without: one that is set again is set, either way.
fn lay_quirk_over(name: &str, value: &QuirkValue, under: &mut BTreeMap<String, QuirkValue>) {
    let mut flat = Vec::new();
    for (name, value) in &*under {
        value.list(name, &mut flat);
    }
    value.list(name, &mut flat);
    *under = flat.into_iter().map(|(name, value)| (name, QuirkValue::Text(value))).collect();
}
