//! The order of the cases: what they depend on first, and what needs a fresh device before what
//! fills it.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::collection::Filed;
use crate::case::types::{Case, Cost, Need, Safety};

/// The positions of `cases` in the order in which they are to run.
#[must_use]
pub fn order(cases: &[Filed]) -> Vec<usize> {
    let at: BTreeMap<&str, usize> =
        cases.iter().enumerate().map(|(at, filed)| (filed.case.id.as_str(), at)).collect();
    let needs: Vec<Vec<usize>> = cases
        .iter()
        .map(|filed| filed.case.depends_on.iter().filter_map(|id| at.get(id.as_str())).copied())
        .map(Iterator::collect)
        .collect();
    let ranks = ranks(cases, &needs);
    let mut done = BTreeSet::new();
    let mut order = Vec::with_capacity(cases.len());
    let mut ready: BTreeSet<(Rank, usize)> = BTreeSet::new();
    loop {
        for (at, needs) in needs.iter().enumerate() {
            if !done.contains(&at) && needs.iter().all(|need| done.contains(need)) {
                ready.insert((ranks[at], at));
            }
        }
        let Some((_, next)) = ready.pop_first() else {
            return order;
        };
        done.insert(next);
        order.push(next);
    }
}

/// Smaller runs earlier.
type Rank = u8;

/// A case runs as early as the earliest one that depends on it.
fn ranks(cases: &[Filed], needs: &[Vec<usize>]) -> Vec<Rank> {
    let mut ranks: Vec<Rank> = cases.iter().map(|filed| rank(&filed.case)).collect();
    // Each round carries a rank one step down; there are no more steps than cases.
    for _ in 0..cases.len() {
        let before = ranks.clone();
        for (at, needs) in needs.iter().enumerate() {
            for need in needs {
                ranks[*need] = ranks[*need].min(before[at]);
            }
        }
        if ranks == before {
            break;
        }
    }
    ranks
}

fn rank(case: &Case) -> Rank {
    if case.needs.contains(&Need::EmptyLog) {
        return 0;
    }
    match (case.cost, case.safety) {
        (Cost::Capacity, _) => 6,
        (_, Safety::Destructive) => 5,
        _ if case.needs.contains(&Need::Evicted) => 4,
        // The long ones early: elsewhere than on hardware they run beside the others.
        (Cost::Slow, _) => 1,
        (_, Safety::Disruptive) => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::collection::File;
    use crate::case::read;

    fn filed(id: &str, more: &str) -> Filed {
        let text = format!(
            r#"{{"id": "v3.a.{id}", "rev": 1, "title": "t", "source": ["R-V3-02"], "level": "must",
            "provenance": "document", "safety": "safe", {more} "steps": [{{"wait": {{"for": "1s", "because": "x"}}}}]}}"#
        );
        let case = read::case(id, &text).expect("it can be read");
        Filed { file: File { path: String::new(), name: String::new(), text }, case }
    }

    #[test]
    fn what_is_depended_on_comes_first_and_a_fresh_device_before_a_full_one() {
        let cases = [
            filed("a", r#""cost": "slow","#),
            filed("b", r#""depends_on": ["v3.a.c"], "needs": ["empty-log"],"#),
            filed("c", r#""depends_on": ["v3.a.e", "v3.a.elsewhere"],"#),
            filed("d", ""),
            filed("e", ""),
            filed("f", r#""needs": ["evicted"],"#),
        ];
        let ids: Vec<&str> = order(&cases).into_iter().map(|at| &*cases[at].case.id).collect();
        let wanted = ["e", "c", "b", "a", "d", "f"];
        assert_eq!(ids, wanted.map(|id| format!("v3.a.{id}")));
    }
}
