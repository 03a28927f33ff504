//! Rules on the source: what the pure core may name, who may print, where `Serialize` is derived, where a quirk has
//! its name, and the form and length of a file.

use std::collections::BTreeSet;

use super::tokens::Source;
use super::tree::{File, assert_each, assert_none, document, rust_files};

const CORE: &str = "emulator/core/src";

/// A core that could name one of these could depend on the machine, and a seed would no longer fix a day.
const IMPURE: [&str; 8] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
];

/// The only file that writes to standard output and standard error, where two writers would mix their lines.
const PRINTER: &str = "src/output.rs";

/// The files whose rows name quirks; everywhere else a quirk is a field.
pub(super) const QUIRK_TABLES: [&str; 1] = ["emulator/core/src/quirks.rs"];

/// The files whose rows name faults; everywhere else a fault is a knob.
const FAULT_TABLES: &str = "emulator/core/src/faults/table";

/// The edges, where a type has the shape that somebody outside reads. A part stands for a file or a directory.
const WIRE_PARTS: [&str; 3] = ["wire", "control", "api"];
const WIRE_BELOW: [&str; 5] = [
    "src",
    "emulator/src/flood/report",
    "conformance/src/report",
    "conformance/src/receiver",
    "conformance/src/receiver.rs",
];

/// It talks to cargo through its standard output.
const BUILD_SCRIPT: &str = "conformance/build.rs";

const FILE_LINES_MAX: usize = 800;

#[test]
fn the_core_touches_neither_clock_nor_machine() {
    assert_each(&code_below(&[CORE]), impure_paths);
}

#[test]
fn only_the_printer_prints() {
    assert_each(&code_below(&["src", "emulator", "conformance"]), prints);
}

#[test]
fn serialize_is_derived_at_the_edges_alone() {
    assert_each(&code_below(&["emulator", "conformance"]), inner_serialize);
}

#[test]
fn quirks_are_named_in_their_tables_alone() {
    assert_each(&code_below(&["src", "emulator"]), quirk_names);
}

#[test]
fn faults_are_named_in_their_tables_alone() {
    let names: BTreeSet<String> =
        code_below(&[FAULT_TABLES]).iter().flat_map(fault_literals).collect();
    assert!(names.len() > 100, "{names:?}");
    let mut others = code_below(&["src", "emulator"]);
    others.retain(|file| !file.is_below(&[FAULT_TABLES]));
    assert_each(&others, |file| fault_names(file, &names));
}

#[test]
fn every_file_says_what_it_is() {
    assert_each(&rust_files(), missing_header);
}

#[test]
fn no_file_is_too_long() {
    assert_each(&rust_files(), too_long);
}

#[test]
fn the_tools_have_the_limits_of_the_style() {
    assert_none(&missing_lines(&document("clippy.toml"), &["too-many-lines-threshold = 70"]));
    assert_none(&missing_lines(&document("rustfmt.toml"), &["max_width = 100"]));
    assert_none(&missing_lines(&document("Cargo.toml"), &["too_many_lines = \"warn\""]));
}

fn code_below(directories: &[&str]) -> Vec<File> {
    let mut files = rust_files();
    files.retain(|file| file.is_below(directories) && !file.is_test());
    files
}

fn impure_paths(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, line) in Source::parse(&file.text).paths() {
        let named = IMPURE.iter().any(|impure| is_within(&path, impure));
        // Imported whole, the module would let its clocks in under a shorter name.
        let whole =
            matches!(path.as_str(), "std::*" | "std::time" | "std::time::*" | "std::time::self");
        if named || whole {
            problems.push(file.problem(line, &format!("the core may not name {path}")));
        }
    }
    problems
}

fn is_within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn prints(file: &File) -> Vec<String> {
    if file.path == PRINTER || file.path == BUILD_SCRIPT {
        return Vec::new();
    }
    let source = Source::parse(&file.text);
    let mut problems = Vec::new();
    for (at, token) in source.tokens.iter().enumerate() {
        let name = token.text.as_str();
        let prints = matches!(name, "print" | "println" | "eprint" | "eprintln" | "dbg");
        if prints && source.reads(at + 1, &["!"]) {
            problems.push(file.problem(token.line, &format!("{name}! belongs in {PRINTER}")));
        }
    }
    for (path, line) in source.paths() {
        if path.ends_with("io::stdout") || path.ends_with("io::stderr") {
            problems.push(file.problem(line, &format!("{path} belongs in {PRINTER}")));
        }
    }
    problems
}

fn inner_serialize(file: &File) -> Vec<String> {
    let at_the_edge = file.path.split(['/', '.']).any(|part| WIRE_PARTS.contains(&part))
        || file.is_below(&WIRE_BELOW)
        || WIRE_BELOW.contains(&file.path.as_str());
    if at_the_edge {
        return Vec::new();
    }
    let source = Source::parse(&file.text);
    let mut problems = Vec::new();
    for (at, token) in source.tokens.iter().enumerate() {
        if token.text != "derive" || !source.reads(at + 1, &["("]) {
            continue;
        }
        let derived = source.tokens[at..].iter().take_while(|token| token.text != ")");
        if derived.into_iter().any(|name| name.text == "Serialize") {
            problems.push(file.problem(token.line, "a wire type away from the edges"));
        }
    }
    problems
}

fn quirk_names(file: &File) -> Vec<String> {
    if QUIRK_TABLES.contains(&file.path.as_str()) || file.is_below(&[FAULT_TABLES]) {
        return Vec::new();
    }
    let what = |name| format!("\"{name}\" names a quirk or fault outside its table");
    quirk_literals(file).into_iter().map(|(name, line)| file.problem(line, &what(name))).collect()
}

fn fault_names(file: &File, names: &BTreeSet<String>) -> Vec<String> {
    let named = literals(file).into_iter().filter(|(literal, _)| names.contains(literal));
    let what = |name| format!("\"{name}\" names a fault outside its table");
    named.map(|(name, line)| file.problem(line, &what(name))).collect()
}

/// What the families of faults begin with.
const FAMILIES: [&str; 8] = ["v1.", "v3.", "x.", "api.", "push.", "report.", "device.", "net."];

/// The strings in a table that are a fault's name.
fn fault_literals(table: &File) -> Vec<String> {
    let strings = literals(table).into_iter().map(|(literal, _)| literal);
    let is_plain = |one: char| one.is_ascii_alphanumeric() || one == '.' || one == '-';
    let is_name = |literal: &String| {
        literal.chars().all(is_plain) && FAMILIES.iter().any(|family| literal.starts_with(family))
    };
    strings.filter(is_name).collect()
}

/// The strings in the code that begin as a quirk's name does, each with its line.
pub(super) fn quirk_literals(file: &File) -> Vec<(String, usize)> {
    let is_quirk = |literal: &str| literal.starts_with("v1.") || literal.starts_with("v3.");
    let strings = literals(file).into_iter();
    // Alone, the prefix names an API.
    strings.filter(|(text, _)| text.len() > "v3.".len() && is_quirk(text)).collect()
}

/// The strings in the code, each with its line.
fn literals(file: &File) -> Vec<(String, usize)> {
    let tokens = Source::parse(&file.text).tokens.into_iter();
    tokens
        .filter_map(|token| Some((token.text.split('"').nth(1)?.to_owned(), token.line)))
        .collect()
}

fn missing_header(file: &File) -> Vec<String> {
    if file.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![file.problem(1, "a file opens with //! and what it owns, promises and leaves out")]
}

fn too_long(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![file.problem(lines, &format!("over {FILE_LINES_MAX} lines: split it"))]
}

fn missing_lines(file: &File, wanted: &[&str]) -> Vec<String> {
    let is_missing = |wanted: &&&str| !file.text.lines().any(|line| line == **wanted);
    wanted
        .iter()
        .filter(is_missing)
        .map(|line| file.problem(1, &format!("lacks: {line}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rule: fn(&File) -> Vec<String>, path: &str, text: &str) -> usize {
        rule(&File::new(path, text)).len()
    }

    #[test]
    fn an_impure_core_is_seen() {
        for text in [
            "use std::{collections::BTreeMap, net::IpAddr};",
            "fn f() { let _ = std::fs::read(\"a\"); }",
            "use std::time::{Duration, Instant};",
            "use std::time::SystemTime;",
            "use std::time;",
            "use tokio::sync::Mutex;",
            "fn f() { std::thread::yield_now(); }",
            "fn f() { std::env::args(); }",
        ] {
            assert_eq!(count(impure_paths, "emulator/core/src/a.rs", text), 1, "{text}");
        }
    }

    #[test]
    fn a_pure_core_is_left_alone() {
        let text = "//! Not std::fs.\nuse std::time::Duration;\nuse std::network::A;\n\
                    const A: &str = \"tokio::spawn\";\n#[cfg(test)]\nmod tests { use std::fs; }";
        assert_eq!(count(impure_paths, "emulator/core/src/a.rs", text), 0);
    }

    #[test]
    fn a_second_printer_is_seen() {
        for text in [
            "fn f() { println!(\"a\"); }",
            "fn f() { eprint!(\"a\"); }",
            "fn f() { dbg!(1); }",
            "fn f() { std::io::stdout(); }",
            "use std::io::{self, stderr};",
            "fn f() { io::stderr().write(b\"a\"); }",
        ] {
            assert_eq!(count(prints, "src/main.rs", text), 1, "{text}");
            assert_eq!(count(prints, PRINTER, text), 0, "{text}");
        }
    }

    #[test]
    fn a_childs_output_is_no_printing() {
        let text = "fn f(c: &mut Command) { c.stdout(Stdio::piped()); child.stderr.take(); }";
        assert_eq!(count(prints, "src/exec.rs", text), 0);
    }

    #[test]
    fn a_wire_type_inside_is_seen() {
        let text = "#[derive(Debug, serde::Serialize, Clone)] struct A;";
        assert_eq!(count(inner_serialize, "emulator/core/src/journal.rs", text), 1);
        assert_eq!(count(inner_serialize, "conformance/src/http.rs", text), 1);
        for edge in [
            "emulator/core/src/wire.rs",
            "emulator/core/src/wire/v3.rs",
            "emulator/src/control/state.rs",
            "conformance/src/report/json.rs",
            "conformance/src/receiver.rs",
        ] {
            assert_eq!(count(inner_serialize, edge, text), 0, "{edge}");
        }
        let reader = "#[derive(Deserialize)] struct A;\n#[derive(Debug)] struct Serialize;";
        assert_eq!(count(inner_serialize, "emulator/src/config.rs", reader), 0);
    }

    #[test]
    fn a_quirk_in_the_code_is_seen() {
        let text = "fn f() { set(\"v3.path\", 1); set(r\"v1.window\", 2); }";
        assert_eq!(count(quirk_names, "emulator/src/api.rs", text), 2);
        assert_eq!(count(quirk_names, QUIRK_TABLES[0], text), 0);
        let harmless = "/// Not \"v3.path\".\nconst A: &str = \"/api/v3.x\";";
        assert_eq!(count(quirk_names, "emulator/src/api.rs", harmless), 0);
    }

    #[test]
    fn a_fault_in_the_code_is_seen() {
        let table =
            File::new("table.rs", "const A: [&str; 3] = [\"net.reset\", \"data.user\", \"x y\"];");
        let names: BTreeSet<String> = fault_literals(&table).into_iter().collect();
        assert_eq!(names, BTreeSet::from(["net.reset".to_owned()]));
        let file =
            File::new("a.rs", "/// \"net.reset\"\nfn f() { arm(\"net.reset\"); g(\"net\"); }");
        assert_eq!(fault_names(&file, &names).len(), 1);
    }

    #[test]
    fn a_file_without_a_header_is_seen() {
        assert_eq!(count(missing_header, "src/a.rs", "use a::b;\n//! Late.\n"), 1);
        assert_eq!(count(missing_header, "src/a.rs", "//! Early.\n"), 0);
    }

    #[test]
    fn the_limit_is_800_lines() {
        assert_eq!(count(too_long, "src/a.rs", &"a\n".repeat(800)), 0);
        assert_eq!(count(too_long, "src/a.rs", &"a\n".repeat(801)), 1);
    }

    #[test]
    fn a_limit_that_was_raised_is_seen() {
        let file = File::new("clippy.toml", "# too-many-lines-threshold = 70\n");
        assert_eq!(missing_lines(&file, &["too-many-lines-threshold = 70"]).len(), 1);
    }
}
