//! Pages of any size, by `seqnum` or by `offset`, give each kept event once, in order, before and after
//! eviction.

use proptest::prelude::*;
use serde_json::json;

use crate::support::Rig;

/// Asks for page after page as a platform does, until one is empty.
fn pages(rig: &mut Rig, limit: u64, by_seqnum: bool) -> Vec<u64> {
    let min = rig.info()["body"]["min"].as_u64().expect("a number");
    let mut all: Vec<u64> = Vec::new();
    loop {
        let body = if by_seqnum {
            let next = all.last().map_or(min, |last| last + 1);
            json!({"seqnum": next, "limit": limit})
        } else {
            json!({"offset": all.len(), "limit": limit})
        };
        let page = rig.numbers(&body).expect("served");
        assert!(page.len() <= usize::try_from(limit).expect("small"));
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// R-V3-08 to R-V3-13.
    #[test]
    fn every_limit_tiles(capacity in 1..40_u32, count in 0..90_u32, limit in 1..50_u64) {
        let mut rig = Rig::small(capacity, &[]);
        if count > 0 {
            rig.faces(count);
        }
        let oldest = count.saturating_sub(capacity) + 1;
        let expected: Vec<u64> = (u64::from(oldest)..=u64::from(count)).collect();
        for by_seqnum in [true, false] {
            prop_assert_eq!(pages(&mut rig, limit, by_seqnum), expected.clone());
        }
    }
}

#[test]
fn r_v3_11_the_ceiling_tiles_too() {
    let mut rig = Rig::with(&[("v3.fetch-ceiling", "10")]);
    rig.faces(25);
    for by_seqnum in [true, false] {
        assert_eq!(pages(&mut rig, 1_000, by_seqnum), (1..=25).collect::<Vec<_>>());
    }
}

#[test]
fn events_without_a_v3_form_leave_no_hole() {
    let mut rig = Rig::small(5, &[]);
    rig.subscribe();
    for _ in 0..4 {
        rig.faces(1);
        rig.emit_one(vestibule_core::world::EventName::Pin);
        rig.faces(1);
    }
    assert_eq!(pages(&mut rig, 2, true), [4, 5, 6, 7, 8]);
    assert_eq!(pages(&mut rig, 3, false), [4, 5, 6, 7, 8]);
}
