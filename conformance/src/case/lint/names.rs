//! Rules on names: what a step uses, an earlier step has kept.

use std::collections::BTreeSet;

use super::Problems;
use super::rules::{expected, expected_matchers, parts};
use crate::case::place::Path;
use crate::case::step::{Call, Expect, Hear, Plan, Step};
use crate::case::types::Case;
use crate::matcher::{Matcher, Request, Template};

/// What every case can refer to: see `fixtures/README.md`.
const ALWAYS: [&str; 2] = ["target", "run"];

pub(super) fn lint(case: &Case, problems: &mut Problems) {
    let mut names = Names { known: ALWAYS.map(str::to_owned).into(), problems };
    for (part, steps) in parts(case) {
        names.steps(&Path::whole().member(part), steps);
    }
}

struct Names<'p> {
    known: BTreeSet<String>,
    problems: &'p mut Problems,
}

impl Names<'_> {
    fn steps(&mut self, path: &Path, steps: &[Step]) {
        for (at, step) in steps.iter().enumerate() {
            self.step(&path.item(at), step);
        }
    }

    fn step(&mut self, path: &Path, step: &Step) {
        match step {
            Step::Call(call) => self.call(&path.member("call"), call),
            Step::Listen(listen) => {
                self.plans(&path.member("listen").member("answers"), &listen.answers);
                self.keep(Some(&listen.name));
            }
            Step::Answer(answer) => {
                self.needs(&path.member("answer").member("at"), &answer.at);
                self.plans(&path.member("answer").member("answers"), &answer.answers);
            }
            Step::Outage(outage) => self.needs(&path.member("outage").member("at"), &outage.at),
            Step::Heal(at) => self.needs(&path.member("heal").member("at"), &at.at),
            Step::ReportTo(at) => self.needs(&path.member("report_to").member("at"), &at.at),
            Step::Subscribe(to) => self.needs(&path.member("subscribe").member("at"), &to.at),
            Step::Configure(configure) => {
                let path = path.member("configure").member("configs");
                for (key, value) in &configure.configs {
                    self.template(&path.member(key), value);
                }
            }
            Step::Expect(expect) => self.expect(&path.member("expect"), expect),
            Step::ExpectNone(none) => {
                let path = path.member("expect_none");
                self.needs(&path.member("at"), &none.at);
                self.matcher(&path.member("where"), none.only.as_ref());
            }
            Step::FetchAll(fetch) => {
                if let Some(from) = &fetch.from {
                    self.template(&path.member("fetch_all").member("from"), from);
                }
                self.keep(Some(&fetch.name));
            }
            Step::Check(check) => {
                let path = path.member("check");
                for (at, stream) in check.over.iter().enumerate() {
                    self.needs(&path.member("over").item(at), stream);
                }
                for (key, value) in &check.params {
                    self.request(&path.member("params").member(key), value);
                }
            }
            Step::Assert(assert) => {
                let path = path.member("assert");
                self.request(&path.member("value"), &assert.value);
                self.matcher(&path.member("is"), Some(&assert.is));
            }
            Step::Observe(observe) => {
                self.template(&path.member("observe").member("value"), &observe.value);
            }
            Step::Each(each) => {
                let path = path.member("each");
                for (at, value) in each.of.iter().enumerate() {
                    self.request(&path.member("of").item(at), value);
                }
                self.keep(Some(&each.name));
                self.steps(&path.member("steps"), &each.steps);
            }
            Step::Watch(watch) => {
                let path = path.member("watch");
                self.needs(&path.member("at"), &watch.at);
                self.matcher(&path.member("where"), watch.only.as_ref());
                self.keep(watch.keep.as_deref());
            }
            Step::Feed(feed) => self.keep(Some(&feed.name)),
            Step::Hear(hear) => self.hear(&path.member("hear"), hear),
            Step::Stimulus(stimulus) => self.keep(stimulus.keep.as_deref()),
            Step::Restart(_) | Step::Wait(_) => {}
        }
    }

    fn call(&mut self, path: &Path, call: &Call) {
        let (path, keep) = match call {
            Call::V3(call) => {
                let path = path.member("v3");
                for (name, template) in [
                    ("path", &call.path),
                    ("action", &call.action),
                    ("raw", &call.raw),
                    ("token", &call.token),
                ] {
                    if let Some(template) = template {
                        self.template(&path.member(name), template);
                    }
                }
                for (name, request) in [("header", &call.header), ("body", &call.body)] {
                    if let Some(request) = request {
                        self.request(&path.member(name), request);
                    }
                }
                (path, &call.keep)
            }
            Call::V1(call) => {
                let path = path.member("v1");
                for (name, template) in [
                    ("path", &call.path),
                    ("raw", &call.raw),
                    ("authorization", &call.authorization),
                ] {
                    if let Some(template) = template {
                        self.template(&path.member(name), template);
                    }
                }
                if let Some(json) = &call.json {
                    self.request(&path.member("json"), json);
                }
                (path, &call.keep)
            }
        };
        for (inside, matcher) in expected_matchers(expected(call)) {
            let place = inside.iter().fold(path.member("expect"), |place, one| place.member(one));
            self.matcher(&place, Some(matcher));
        }
        self.keep(keep.as_deref());
    }

    fn expect(&mut self, path: &Path, expect: &Expect) {
        self.needs(&path.member("at"), &expect.at);
        self.matcher(&path.member("where"), expect.only.as_ref());
        self.matcher(&path.member("json"), expect.json.as_ref());
        self.matcher(&path.member("method"), expect.method.as_ref());
        for (name, header) in &expect.headers {
            self.matcher(&path.member("headers").member(name), Some(header));
        }
        self.keep(expect.keep.as_deref());
    }

    fn hear(&mut self, path: &Path, hear: &Hear) {
        self.needs(&path.member("at"), &hear.at);
        self.matcher(&path.member("where"), hear.only.as_ref());
        self.matcher(&path.member("json"), hear.json.as_ref());
        self.keep(hear.keep.as_deref());
    }

    fn plans(&mut self, path: &Path, plans: &[Plan]) {
        for (at, plan) in plans.iter().enumerate() {
            let Plan::Http(http) = plan else {
                continue;
            };
            let path = path.item(at).member("http");
            if let Some(json) = &http.json {
                self.request(&path.member("json"), json);
            }
            for (name, value) in &http.headers {
                self.template(&path.member("headers").member(name), value);
            }
        }
    }

    /// What a matcher keeps is there for the steps behind it, not for its own other parts.
    fn matcher(&mut self, path: &Path, matcher: Option<&Matcher>) {
        for part in matcher.into_iter().flat_map(Matcher::parts) {
            for template in part.templates() {
                self.template(path, template);
            }
        }
        for part in matcher.into_iter().flat_map(Matcher::parts) {
            self.keep(part.keeps());
        }
    }

    fn template(&mut self, path: &Path, template: &Template) {
        for name in template.names() {
            self.needs(path, name);
        }
    }

    fn request(&mut self, path: &Path, request: &Request) {
        for name in request.names() {
            self.needs(path, name);
        }
    }

    fn needs(&mut self, path: &Path, name: &str) {
        if !self.known.contains(name) {
            let what = format!("no step before this one keeps anything as `{name}`");
            self.problems.push((path.clone(), what));
        }
    }

    fn keep(&mut self, name: Option<&str>) {
        self.known.extend(name.map(str::to_owned));
    }
}
