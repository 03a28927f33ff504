//! Names, groups, remarks and numbers of made-up people.
//!
//! All of it is visibly synthetic where a real value could belong to somebody: an ID number begins
//! with TEST, which no authority issues.

use fake::Fake;
use fake::faker::name::raw::{FirstName, LastName};
use fake::locales::{EN, ZH_CN};

use super::dice::Dice;
use super::odds;
use super::standing::Category;
use crate::seed::Seed;

/// A group of people, as v1 shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// Every group. The last two are the visitors' and the blocklist's; nobody else is in them.
pub const GROUPS: [Group; 10] = [
    Group { id: "1", name: "研发部" },
    Group { id: "2", name: "市场部" },
    Group { id: "3", name: "行政部" },
    Group { id: "4", name: "Finance" },
    Group { id: "5", name: "Customer Service" },
    Group { id: "6", name: "生产一线" },
    Group { id: "7", name: "Night Shift 夜班" },
    Group { id: "8", name: "消防安全员" },
    Group { id: "9", name: "访客 Visitors" },
    Group { id: "10", name: "黑名单" },
];

/// Groups that employees are in.
const EMPLOYEE_GROUPS: u32 = 8;
const VISITORS_GROUP: usize = 8;
const BLOCKLIST_GROUP: usize = 9;

/// The most bytes of a remark: the v1 document's "上限256字节".
pub const REMARK_BYTES_MAX: usize = 256;

const REMARKS: [&str; 6] = [
    "靠窗工位，分机 8021",
    "Works from home on Fridays",
    "Contractor; badge to be returned",
    "左手持卡",
    // Longer than 256 bytes, and its 256th byte lies inside a character: shows where it is cut.
    "本条备注用于检验长度上限：设备只保存前二百五十六个字节，且不会把一个汉字从中间切断。\
     This note is longer than a device keeps, so that integrators meet one in their tests. \
     后面的内容不应出现在任何接口里，也不应出现半个汉字或替换字符。",
    "Zoë Müller's assistant — «ассистент», 助理 🙂",
];

/// What the roster's numbers do not say of a person.
pub(super) struct Particulars {
    pub(super) name: String,
    pub(super) pin: String,
    pub(super) remark: String,
    pub(super) groups: Vec<Group>,
}

impl Particulars {
    /// Those of the person that `seed` stands for.
    pub(super) fn draw(seed: Seed, category: Category) -> Self {
        let mut dice = Dice::new(seed.named("particulars"));
        Self {
            name: name(seed, &mut dice),
            pin: format!("{:06}", dice.below(1_000_000)),
            remark: remark(&mut dice),
            groups: groups(category, &mut dice),
        }
    }
}

/// The ID number of the person in that place of the roster.
pub(super) fn id_number(number: u32) -> String {
    format!("TEST{number:014}")
}

fn name(seed: Seed, dice: &mut Dice) -> String {
    let mut generator = seed.named("name").generator();
    let generator = &mut generator;
    if dice.chance(odds::CHINESE_NAMES) {
        let last: &str = LastName(ZH_CN).fake_with_rng(generator);
        let first: &str = FirstName(ZH_CN).fake_with_rng(generator);
        format!("{last}{first}")
    } else {
        let first: &str = FirstName(EN).fake_with_rng(generator);
        let last: &str = LastName(EN).fake_with_rng(generator);
        format!("{first} {last}")
    }
}

fn remark(dice: &mut Dice) -> String {
    if !dice.chance(odds::REMARKS) {
        return String::new();
    }
    let choices = u32::try_from(REMARKS.len()).expect("a handful");
    let remark = REMARKS[dice.below(choices) as usize];
    cut(remark, REMARK_BYTES_MAX).to_owned()
}

/// At most that many bytes of the text, never cut inside a character (R-V1-22).
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

fn groups(category: Category, dice: &mut Dice) -> Vec<Group> {
    match category {
        Category::Visitor => vec![GROUPS[VISITORS_GROUP]],
        Category::Blocklisted => vec![GROUPS[BLOCKLIST_GROUP]],
        Category::Employee => {
            let first = dice.below(EMPLOYEE_GROUPS) as usize;
            let second = dice.below(EMPLOYEE_GROUPS) as usize;
            if dice.chance(odds::SECOND_GROUP) && first != second {
                vec![GROUPS[first], GROUPS[second]]
            } else {
                vec![GROUPS[first]]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_remark_is_cut_and_none_inside_a_character() {
        let long: Vec<_> = REMARKS.iter().filter(|text| text.len() > REMARK_BYTES_MAX).collect();
        assert_eq!(long.len(), 1);
        assert!(!long[0].is_char_boundary(REMARK_BYTES_MAX), "the cut would prove nothing");
        assert!(cut(long[0], REMARK_BYTES_MAX).len() < REMARK_BYTES_MAX);
    }

    #[test]
    fn names_are_of_both_scripts() {
        let names: Vec<String> = (0..100)
            .map(|k| Particulars::draw(Seed::root(1).numbered(k), Category::Employee).name)
            .collect();
        let latin = names.iter().filter(|name| name.is_ascii()).count();
        assert!((5..60).contains(&latin), "{latin} of {names:?}");
    }
}
