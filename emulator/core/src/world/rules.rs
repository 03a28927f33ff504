//! What goes with what: which verdict, person and method tables B and C have together.

use super::roster::Category;
use super::setup::Screening;
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
