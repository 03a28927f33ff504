//! What goes with what: which verdict, person and method tables B and C have together.

use super::setup::Screening;
use super::standing::Category;
use crate::event::{Method, Reason, Verdict};

/// Who stands at the reader, as far as the device can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody enrolled.
    Enrolled(Category),
    /// A face that is not.
    Stranger,
    /// No face, and a card or code that is nobody's.
    Nobody,
}

/// Whether the three go together.
pub(super) fn allow(verdict: Verdict, method: Method, who: Who, screening: Screening) -> bool {
    verdict_of(verdict, who)
        && verdict_by(verdict, method)
        && method_of(method, who)
        && (verdict != Verdict::Refused(Reason::Fever) || screening == Screening::On)
}

/// Whether table C has the verdict for such a person.
pub(super) const fn verdict_of(verdict: Verdict, who: Who) -> bool {
    let Verdict::Refused(reason) = verdict else {
        return matches!(who, Who::Enrolled(Category::Employee | Category::Visitor));
    };
    match reason {
        Reason::NotYetValid | Reason::Disabled | Reason::Expired => {
            matches!(who, Who::Enrolled(Category::Employee))
        }
        Reason::VisitorEarly | Reason::VisitorLate => {
            matches!(who, Who::Enrolled(Category::Visitor))
        }
        Reason::NoPermission
        | Reason::OutsideHours
        | Reason::Fever
        | Reason::Mismatch
        | Reason::WrongPin
        | Reason::TooManyPins => {
            matches!(who, Who::Enrolled(Category::Employee | Category::Visitor))
        }
        Reason::Blocklisted => matches!(who, Who::Enrolled(Category::Blocklisted)),
        Reason::Stranger | Reason::NotLive => matches!(who, Who::Stranger),
        Reason::UnknownCard | Reason::InvalidCode | Reason::InvalidIdCard => {
            matches!(who, Who::Nobody)
        }
    }
}

/// Whether the method can come to the verdict (table B).
pub(super) fn verdict_by(verdict: Verdict, method: Method) -> bool {
    let Verdict::Refused(reason) = verdict else {
        return true;
    };
    match reason {
        Reason::Stranger | Reason::NotLive => method.has_face(),
        Reason::UnknownCard => matches!(method, Method::Card | Method::CardAndPin),
        Reason::InvalidCode => matches!(method, Method::Code | Method::HealthCode),
        Reason::InvalidIdCard => method == Method::IdCard,
        Reason::WrongPin | Reason::TooManyPins => method.has_pin(),
        Reason::Mismatch => matches!(
            method,
            Method::FaceAndCard | Method::FaceAndIdCard | Method::FaceCardAndPin | Method::Code
        ),
        Reason::NotYetValid
        | Reason::Disabled
        | Reason::Expired
        | Reason::VisitorEarly
        | Reason::VisitorLate
        | Reason::NoPermission
        | Reason::OutsideHours
        | Reason::Blocklisted
        | Reason::Fever => true,
    }
}

/// Whether such a person can use the method: visitors have a code of their own kind and no job
/// number; a stranger has only a face.
pub(super) fn method_of(method: Method, who: Who) -> bool {
    match who {
        Who::Enrolled(Category::Visitor) => !matches!(method, Method::Code | Method::NumberAndPin),
        Who::Enrolled(Category::Employee) => method != Method::VisitorCode,
        Who::Enrolled(Category::Blocklisted) => {
            !matches!(method, Method::VisitorCode | Method::NumberAndPin)
        }
        Who::Stranger => method.has_face(),
        Who::Nobody => matches!(
            method,
            Method::Card | Method::CardAndPin | Method::IdCard | Method::Code | Method::HealthCode
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;

    /// Tables B and C again, as rows of (reason, entry_modes, recognitionTypes; 0 is nobody).
    const ROWS: [(Reason, &[u8], &[u8]); 17] = [
        (Reason::NotYetValid, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12], &[1]),
        (Reason::Disabled, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12], &[1]),
        (Reason::Expired, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12], &[1]),
        (Reason::VisitorEarly, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[2]),
        (Reason::VisitorLate, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[2]),
        (Reason::NoPermission, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12], &[1, 2]),
        (Reason::OutsideHours, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12], &[1, 2]),
        (Reason::Blocklisted, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[5]),
        (Reason::Stranger, &[1, 4, 6, 8, 10], &[3]),
        (Reason::NotLive, &[1, 4, 6, 8, 10], &[3]),
        (Reason::Fever, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12], &[1, 2]),
        (Reason::UnknownCard, &[3, 9], &[0]),
        (Reason::InvalidCode, &[2, 7], &[0]),
        (Reason::InvalidIdCard, &[5], &[0]),
        (Reason::Mismatch, &[2, 4, 6, 10], &[1, 2]),
        (Reason::WrongPin, &[8, 9, 10, 12], &[1, 2]),
        (Reason::TooManyPins, &[8, 9, 10, 12], &[1, 2]),
    ];

    fn number(who: Who) -> u8 {
        match who {
            Who::Enrolled(category) => category.user_type(),
            Who::Stranger => 3,
            Who::Nobody => 0,
        }
    }

    #[test]
    fn each_reason_has_its_entry_modes_and_people() {
        for (reason, entry_modes, people) in ROWS {
            let mut found = (Vec::new(), Vec::new());
            for method in Method::ALL {
                for who in EVERYBODY {
                    if allow(Verdict::Refused(reason), method, who, Screening::On) {
                        found.0.push(method.entry_mode());
                        found.1.push(number(who));
                    }
                }
            }
            for numbers in [&mut found.0, &mut found.1] {
                numbers.sort_unstable();
                numbers.dedup();
            }
            assert_eq!(found, (entry_modes.to_vec(), people.to_vec()), "{reason:?}");
        }
    }

    #[test]
    fn a_visitors_code_is_only_a_visitors() {
        for method in Method::ALL {
            for who in EVERYBODY {
                let visitor = who == Who::Enrolled(Category::Visitor);
                let accepted = allow(Verdict::Accepted, method, who, Screening::On);
                if method.kind() == Some(Kind::Visitor) {
                    assert_eq!(accepted, visitor);
                }
                if method == Method::Code {
                    assert!(!(accepted && visitor), "a visitor's code is another kind");
                }
            }
        }
    }

    const EVERYBODY: [Who; 5] = [
        Who::Enrolled(Category::Employee),
        Who::Enrolled(Category::Visitor),
        Who::Enrolled(Category::Blocklisted),
        Who::Stranger,
        Who::Nobody,
    ];
}
