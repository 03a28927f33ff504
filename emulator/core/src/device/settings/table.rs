//! The table of settings: what each is called, what it takes, what it is as shipped, and when it takes effect.
//!
//! A setting is a row (R-V3-36). What follows from those in effect is `mod.rs`'s; everything else is kept for
//! whoever asks.

use crate::dest::{LineTo, ReportTo, TEXT_BYTES_MAX};
use crate::world::{MaskDetection, Screening, Setup};

/// One setting.
pub(super) struct Row {
    pub(super) key: &'static str,
    pub(super) class: &'static str,
    pub(super) factory: Factory,
    pub(super) takes: Takes,
    pub(super) applies: Applies,
}

/// What it is as shipped.
pub(super) enum Factory {
    /// The same on every device.
    Value(&'static str),
    /// As the device was configured.
    Of(fn(&Setup) -> &'static str),
}

/// Which values it takes. All travel as texts.
pub(super) enum Takes {
    /// One of these.
    Word(&'static [&'static str]),
    /// A whole number from the first to the second, written the one usual way.
    Whole(i64, i64),
    /// At most so many bytes, without control characters.
    Text(usize),
    /// Nothing, or an address that reports can be sent to.
    Address,
}

/// When a new value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applies {
    /// With the answer.
    AtOnce,
    /// With the next restart.
    AtRestart,
    /// As the knob of images has it (R-V3-26).
    AsImagesDo,
}

/// How the device is managed: `none` stands for its own HTTP API, with reports to
/// [`REPORT_SERVER`]; the factory value sends nothing there.
pub(super) const MANAGER_MODE: &str = "manager-mode";
/// Where reports are posted.
pub(super) const REPORT_SERVER: &str = "report-state-server";
/// Whether images are kept.
pub(super) const LOG_MODE: &str = "log-mode";
/// For how many seconds a door opens that is told nothing of it.
pub(super) const DOOR_SECONDS: &str = "tips-duration";
/// Whether temperatures are taken.
pub(super) const SCREENING: &str = "therm-mode";
/// Whether masks are looked for.
pub(super) const MASKS: &str = "mask-mode";

/// What is on, and what is off.
pub(super) const ENABLE: &str = "enable";
pub(super) const DISABLE: &str = "disable";

const SWITCH: Takes = Takes::Word(&[DISABLE, ENABLE]);

/// Fits the field on the device's screen.
const NAME_BYTES_MAX: usize = 64;

/// A day, as with an order to the door (R-V3-34).
const DOOR_SECONDS_MAX: i64 = 24 * 60 * 60;

const BASE: &str = "baseConfig";
const RECOGNITION: &str = "recogConfig";
const CLOUD: &str = "cloud";

const fn row(
    key: &'static str,
    class: &'static str,
    factory: &'static str,
    takes: Takes,
    applies: Applies,
) -> Row {
    Row { key, class, factory: Factory::Value(factory), takes, applies }
}

pub(super) const ROWS: [Row; 10] = [
    row("door-id", BASE, "Vestibule", Takes::Text(NAME_BYTES_MAX), Applies::AtOnce),
    row("volume-out", BASE, "100", Takes::Whole(0, 100), Applies::AtOnce),
    row("turnoff-screen", BASE, DISABLE, SWITCH, Applies::AtOnce),
    row(DOOR_SECONDS, BASE, "5", Takes::Whole(-1, DOOR_SECONDS_MAX), Applies::AtOnce),
    row("show-mode", RECOGNITION, "user", Takes::Word(&["user", "none"]), Applies::AtOnce),
    row(LOG_MODE, RECOGNITION, "none", Takes::Word(&["none", "image"]), Applies::AsImagesDo),
    Row {
        key: SCREENING,
        class: RECOGNITION,
        factory: Factory::Of(|setup| match setup.screening {
            Screening::On => ENABLE,
            Screening::Off => DISABLE,
        }),
        takes: SWITCH,
        applies: Applies::AtOnce,
    },
    Row {
        key: MASKS,
        class: RECOGNITION,
        factory: Factory::Of(|setup| match setup.mask_detection {
            MaskDetection::On => ENABLE,
            MaskDetection::Off => DISABLE,
        }),
        takes: SWITCH,
        applies: Applies::AtOnce,
    },
    row(MANAGER_MODE, CLOUD, "mqtt", Takes::Word(&["none", "mqtt"]), Applies::AtRestart),
    row(REPORT_SERVER, CLOUD, "", Takes::Address, Applies::AtRestart),
];

/// What `mqtt-set` sets (R-V3-18), under its own names behind a prefix: `config-set` knows none of them. Whether
/// they go together, the broker that they come to says.
pub(super) const MQTT: [Row; 7] = [
    mqtt("mqtt.host"),
    mqtt("mqtt.port"),
    mqtt("mqtt.client_id"),
    mqtt("mqtt.user"),
    mqtt("mqtt.passwd"),
    mqtt("mqtt.topic_pub"),
    mqtt("mqtt.topic_sub"),
];

/// What stands before the names of [`MQTT`].
pub(super) const MQTT_PREFIX: &str = "mqtt.";

const fn mqtt(key: &'static str) -> Row {
    row(key, CLOUD, "", Takes::Text(TEXT_BYTES_MAX), Applies::AtRestart)
}

/// The row of that key, of those that `config-set` knows.
pub(super) fn find_config(key: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.key == key)
}

/// The row of that key.
pub(super) fn find(key: &str) -> Option<&'static Row> {
    find_config(key).or_else(|| MQTT.iter().find(|row| row.key == key))
}

impl Takes {
    /// Whether it takes the value.
    pub(super) fn takes(&self, value: &str) -> bool {
        match self {
            Self::Word(words) => words.contains(&value),
            Self::Whole(min, max) => {
                let number = value.parse::<i64>();
                number.is_ok_and(|number| {
                    (*min..=*max).contains(&number) && number.to_string() == value
                })
            }
            Self::Text(bytes_max) => {
                value.len() <= *bytes_max && !value.chars().any(char::is_control)
            }
            Self::Address => {
                value.is_empty()
                    || ReportTo::parse(value)
                        .is_ok_and(|to| !matches!(to, ReportTo::Line(LineTo::Mqtt(_))))
            }
        }
    }
}
