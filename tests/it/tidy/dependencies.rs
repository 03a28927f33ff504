//! Rules on who depends on whom, read from what the manifests declare and from what cargo makes of it.
//!
//! The project's own packages are joined by path alone, so the declared dependencies show every way from one to
//! another, for all systems and all kinds (normal, dev and build).

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::tree::{assert_none, root};

const CORE: &str = "vestibule-core";
const EMULATOR: &str = "vestibule-emulator";
const CONFORMANCE: &str = "vestibule-conformance";

/// What the core may be built from. None of these opens a socket or a file, or waits; one more needs a reason here.
const CORE_MAY_USE: [&str; 15] = [
    "base64",
    "fake",
    "http",
    "jiff",
    "jpeg-encoder",
    "libm",
    "rand",
    "rand_pcg",
    "schemars",
    "serde",
    "serde_json",
    "sha1",
    "slab",
    "thiserror",
    "uuid",
];

/// What must not come in behind the core's back either, by a feature of something allowed.
const CORE_NEVER: [&str; 8] =
    ["hyper", "mio", "polling", "rusqlite", "socket2", "tokio", "tracing", "walkdir"];

/// From a package to those it needs.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_core_uses_only_what_it_may() {
    let metadata = metadata();
    let package = metadata.packages.iter().find(|package| package.name == CORE);
    let package = package.expect("the core is a package of the workspace");
    let of_kind = |kind| package.dependencies.iter().filter(move |one| one.kind == kind);
    let normal: Vec<&str> = of_kind(DependencyKind::Normal).map(|one| one.name.as_str()).collect();
    assert_none(&strangers(&normal, &CORE_MAY_USE));
    assert_eq!(of_kind(DependencyKind::Build).count(), 0, "the core has a build dependency");
}

#[test]
fn nothing_impure_comes_in_behind_the_core() {
    let graph = resolved(&metadata());
    let ways: Vec<String> = CORE_NEVER.iter().filter_map(|end| way(&graph, CORE, end)).collect();
    assert_none(&ways);
}

#[test]
fn the_judge_and_the_emulator_do_not_know_each_other() {
    let graph = declared(&metadata());
    for package in [CORE, EMULATOR, CONFORMANCE] {
        assert!(graph.contains_key(package), "{package} is no package of the workspace");
    }
    let apart = [
        (CONFORMANCE, EMULATOR),
        (CONFORMANCE, CORE),
        (CONFORMANCE, "vestibule"),
        (EMULATOR, CONFORMANCE),
        (CORE, CONFORMANCE),
        (EMULATOR, "vestibule"),
        (CORE, EMULATOR),
    ];
    let ways: Vec<String> = apart.iter().filter_map(|(from, to)| way(&graph, from, to)).collect();
    assert_none(&ways);
}

#[test]
fn every_package_takes_the_lints_of_the_workspace() {
    let lacks = |package: &&cargo_metadata::Package| {
        let manifest = std::fs::read_to_string(&package.manifest_path);
        !takes_lints(&manifest.expect("a manifest can be read"))
    };
    let metadata = metadata();
    let members = metadata.workspace_packages();
    let names = members.into_iter().filter(lacks).map(|package| package.name.to_string());
    assert_none(&names.collect::<Vec<String>>());
}

/// Limited to this system, since cargo would otherwise fetch packages that only others need.
fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--filter-platform", "host-tuple"].map(str::to_owned))
        .exec()
        .expect("cargo describes the workspace")
}

fn declared(metadata: &Metadata) -> Graph {
    let mut graph = Graph::new();
    for package in &metadata.packages {
        let needs = package.dependencies.iter().map(|one| one.name.clone()).collect();
        graph.insert(package.name.to_string(), needs);
    }
    let own: BTreeSet<String> =
        metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    graph.retain(|name, _| own.contains(name));
    graph
}

/// What is really built, without what only the tests of a package need.
fn resolved(metadata: &Metadata) -> Graph {
    let resolve = metadata.resolve.as_ref().expect("cargo resolved the workspace");
    let mut graph = Graph::new();
    for node in &resolve.nodes {
        let needs = node.deps.iter().filter(|dependency| {
            dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
        });
        let names = needs.map(|dependency| metadata[&dependency.pkg].name.to_string());
        graph.entry(metadata[&node.id].name.to_string()).or_default().extend(names);
    }
    graph
}

fn strangers(used: &[&str], allowed: &[&str]) -> Vec<String> {
    let unknown = used.iter().filter(|name| !allowed.contains(name));
    unknown.map(|name| format!("the core may not use {name}")).collect()
}

/// One way from a package to another, if there is any.
fn way(graph: &Graph, from: &str, to: &str) -> Option<String> {
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut ways = vec![vec![from.to_owned()]];
    while let Some(way) = ways.pop() {
        let last = way.last().expect("a way has at least its start");
        for next in graph.get(last).into_iter().flatten() {
            let longer = [way.as_slice(), std::slice::from_ref(next)].concat();
            if next == to {
                return Some(longer.join(" -> "));
            }
            if seen.insert(next.clone()) {
                ways.push(longer);
            }
        }
    }
    None
}

fn takes_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().skip_while(|line| *line != "[lints]").skip(1);
    lines.next() == Some("workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(rows: &[(&str, &[&str])]) -> Graph {
        let needs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        rows.iter().map(|(name, names)| ((*name).to_owned(), needs(names))).collect()
    }

    #[test]
    fn a_way_round_is_seen() {
        let graph = graph(&[("judge", &["helper", "judge"]), ("helper", &["core"]), ("core", &[])]);
        assert_eq!(way(&graph, "judge", "core").as_deref(), Some("judge -> helper -> core"));
        assert_eq!(way(&graph, "core", "judge"), None);
    }

    #[test]
    fn a_stranger_is_seen() {
        assert_eq!(strangers(&["serde", "tokio"], &CORE_MAY_USE), ["the core may not use tokio"]);
    }

    #[test]
    fn the_packages_are_found() {
        let graph = resolved(&metadata());
        let needs_tokio = way(&graph, EMULATOR, "tokio");
        assert!(needs_tokio.is_some(), "the search finds what is surely there");
    }

    #[test]
    fn a_package_without_lints_is_seen() {
        assert!(takes_lints("[package]\n\n[lints]\nworkspace = true\n"));
        assert!(!takes_lints("[lints.rust]\nunsafe_code = \"allow\"\n"));
    }
}
