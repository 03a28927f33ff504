//! What GitLab, Jenkins and GitHub's reporters make of the document, by their own rules.

use roxmltree::{Document, Node};

use super::super::sample;
use super::*;

fn xml(run: &Run) -> String {
    let mut out = Vec::new();
    write(run, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The text of an element, if there is one.
fn element<'a>(case: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    let child = case.children().find(|child| child.has_tag_name(name))?;
    Some(child.text().unwrap_or_default())
}

/// GitLab: a failure goes before an error, an error before `skipped`; the text is shown.
fn gitlab<'a>(case: Node<'a, 'a>) -> (&'static str, &'a str) {
    let kinds = ["failure", "error", "skipped"];
    let found = kinds.into_iter().find_map(|kind| Some((kind, element(case, kind)?)));
    found.unwrap_or(("success", ""))
}

/// Jenkins: an error goes before a failure; `skipped` shows its message; the text is the trace.
fn jenkins(case: Node<'_, '_>) -> (String, Option<String>) {
    let attribute = |name| case.attribute(name).unwrap_or_default();
    let full_name = format!("{}.{}", attribute("classname"), attribute("name"));
    let marked = ["error", "failure", "skipped"].into_iter().find_map(|kind| {
        let child = case.children().find(|child| child.has_tag_name(kind))?;
        child.attribute("message").map(str::to_owned)
    });
    (full_name, marked)
}

#[test]
fn a_run_is_one_document() {
    insta::assert_snapshot!(xml(&sample::run()));
}

#[test]
fn each_reader_sees_what_came_of_each_case() {
    let xml = xml(&sample::run());
    let document = Document::parse(&xml).unwrap();
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    let rows: Vec<String> = cases
        .map(|case| {
            let (status, shown) = gitlab(case);
            let (full_name, message) = jenkins(case);
            let file = case.attribute("file").unwrap_or_default();
            let line = case.attribute("line").unwrap_or("-");
            let shown = shown.lines().last().unwrap_or_default().trim();
            let message = message.as_deref().unwrap_or("-");
            format!("{status:8}{full_name} | {file}:{line} | {shown} | {message}")
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

/// Reporters at GitHub that annotate: a case that is not skipped and has a failure or an error is
/// shown at `file` and `line`, with its message, and its text below that.
fn annotation(case: Node<'_, '_>) -> Option<String> {
    let is_marked = |kind| case.children().any(|child| child.has_tag_name(kind));
    if is_marked("skipped") {
        return None;
    }
    let marked = ["failure", "error"].into_iter().find(|kind| is_marked(*kind))?;
    let child = case.children().find(|child| child.has_tag_name(marked))?;
    let (file, name) = (case.attribute("file")?, case.attribute("name")?);
    let line = case.attribute("line").unwrap_or("1");
    let message = child.attribute("message")?;
    let text = child.text()?.trim().replace('\n', "\n    ");
    Some(format!("{file}:{line} {name}\n  {message}\n    {text}"))
}

#[test]
fn a_reporter_at_github_annotates_what_failed_at_its_file() {
    let xml = xml(&sample::run());
    let document = Document::parse(&xml).unwrap();
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    let annotations: Vec<String> = cases.filter_map(annotation).collect();
    insta::assert_snapshot!(annotations.join("\n"));
}

/// Reporters at GitHub that list: a class named as its suite is shown without a group of its own,
/// and each time is a number of seconds, also that of the whole.
#[test]
fn a_reporter_at_github_lists_cases_by_their_suite() {
    let xml = xml(&sample::run());
    let document = Document::parse(&xml).unwrap();
    let seconds = |node: Node<'_, '_>| node.attribute("time").unwrap().parse::<f64>().unwrap();
    assert!(seconds(document.root_element()) > 0.0);
    let suites = document.descendants().filter(|node| node.has_tag_name("testsuite"));
    let mut listed = 0;
    for suite in suites {
        let cases = suite.children().filter(|node| node.has_tag_name("testcase"));
        let times: Vec<f64> = cases
            .map(|case| {
                assert_eq!(case.attribute("classname"), suite.attribute("name"));
                seconds(case)
            })
            .collect();
        listed += times.len();
        assert!((seconds(suite) - times.iter().sum::<f64>()).abs() < 0.01, "{suite:?}");
    }
    assert_eq!(listed, 9);
}

#[test]
fn the_numbers_of_a_suite_are_those_of_its_cases() {
    let xml = xml(&sample::run());
    let document = Document::parse(&xml).unwrap();
    for suite in document.descendants().filter(|node| node.has_tag_name("testsuite")) {
        let count = |name| {
            let cases = suite.children().filter(|node| node.has_tag_name("testcase"));
            cases.filter(|case| name == "tests" || element(*case, name).is_some()).count()
        };
        for (attribute, name) in [
            ("tests", "tests"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            let told = suite.attribute(attribute).unwrap();
            assert_eq!(told, count(name).to_string(), "{attribute}");
        }
    }
    let root = document.root_element();
    assert_eq!(root.attribute("tests"), Some("9"));
    assert_eq!((root.attribute("failures"), root.attribute("errors")), (Some("2"), Some("2")));
}

#[test]
fn what_xml_forbids_is_left_out_and_what_it_reads_is_escaped() {
    let text = "a\u{0}b\u{1b}[31mc\u{ffff}d]]>&<x y=\"1\">\u{b}[[ATTACHMENT|/etc/passwd]]";
    let run = sample::failing_with(text);
    let xml = xml(&run);
    let document = Document::parse(&xml).expect("any text gives good XML");
    let forbidden = |one: char| matches!(one, '\u{0}'..='\u{8}' | '\u{b}' | '\u{1b}' | '\u{ffff}');
    assert!(!xml.contains(forbidden));
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert!(failure.text().unwrap().contains("d]]>&<x y=\"1\">"), "{failure:?}");
    assert!(!document.descendants().any(|node| node.has_tag_name("x")));
    let output = document.descendants().find(|node| node.has_tag_name("system-out")).unwrap();
    assert!(!output.text().unwrap().contains("[[ATTACHMENT|"));
}
