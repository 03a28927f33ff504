//! Every fault of the table is seen from outside, over HTTP as a platform sees it, and seen gone once it is
//! cleared: a row for each says how to provoke it and what to look at.

mod across;
mod failures;
mod lab;
mod v1;
mod v1_manual;
mod v3;

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream;
use serde_json::{Value, json};
use vestibule_core::faults::all;
use vestibule_emulator::config::Config;

use self::lab::Lab;
pub(crate) use self::lab::quirk;

/// How one fault is seen.
struct Row {
    name: &'static str,
    params: fn() -> Value,
    /// What the device is like, besides.
    config: fn(&mut Config),
    /// Whether the fault's effect is seen. Asked before it is armed, while it is, and after.
    seen: for<'a> fn(&'a Lab) -> LocalBoxFuture<'a, bool>,
}

/// Rows: a fault's name, its parameters and the device's configuration where they matter, and whether its
/// effect is seen.
macro_rules! rows {
    ($($name:literal $(with $params:tt)? $(on $config:expr)?, $lab:ident => $seen:expr;)+) => {
        pub(super) const ROWS: &[super::Row] = &[$(super::Row {
            name: $name,
            params: || rows!(@params $($params)?),
            config: rows!(@config $($config)?),
            seen: |$lab| Box::pin(async move { $seen }),
        }),+];
    };
    (@params) => { serde_json::json!({}) };
    (@params $params:tt) => { serde_json::json!($params) };
    (@config) => { |_| {} };
    (@config $config:expr) => { $config };
}

use rows;

const TABLES: [&[Row]; 5] = [v3::ROWS, v1::ROWS, v1_manual::ROWS, across::ROWS, failures::ROWS];

/// So many rows at a time: more would only wait for each other.
const AT_ONCE: usize = 4;

async fn check(row: &Row) -> Result<(), String> {
    let lab = Lab::start(row.config).await;
    let fault = json!({"name": row.name, "params": (row.params)()});
    let name = row.name;
    for (when, faults, expected) in [
        ("before", json!([]), false),
        ("armed", json!([fault]), true),
        ("cleared", json!([]), false),
    ] {
        lab.arm(faults).await;
        if (row.seen)(&lab).await != expected {
            return Err(format!("{name} {}: {when}, it is seen: {}", fault["params"], !expected));
        }
    }
    lab.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_seen_and_seen_gone() {
    let checks = TABLES.into_iter().flatten().map(check);
    let results: Vec<_> = stream::iter(checks).buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_fault_lacks_a_row() {
    let rows: BTreeSet<&str> = TABLES.into_iter().flatten().map(|row| row.name).collect();
    let faults: BTreeSet<&str> = all().map(|fault| fault.name).collect();
    assert_eq!(rows, faults);
}
