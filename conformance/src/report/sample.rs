//! Runs for the tests of the reports: one with every outcome, and one full of secrets.

use std::time::{Duration, UNIX_EPOCH};

use crate::case::clauses::{self, Clauses};
use crate::outcome::{
    AnswerDraft, CaseDraft, CaseHead, CaseResult, CheckDraft, Direction, Ending, ExchangeDraft,
    Exchanges, Known, Level, MismatchDraft, Place, Progress, Redactor, RequestDraft, Run, RunStart,
    Skip, Stale, Target,
};

/// The clauses that the cases here rest on, and some that none rests on.
pub(super) fn clauses() -> Clauses {
    let text = r#"{"clauses": {
        "v3.fetch.choice": {"document": "v3", "section": "Fetching",
            "says": "With `seqnum` and `offset` both given, `seqnum` decides."},
        "v3.fetch.limit": {"document": "v3", "section": "Fetching", "says": "`limit` is 10 by itself."},
        "v3.images.advice": {"document": "v3", "section": "Images",
            "says": "Images had better not be kept.", "none": "advice, not behaviour"},
        "v1.cache.replay": {"document": "v1", "section": "Cache",
            "says": "Records are uploaded when the network is back."},
        "v1.push.forgotten": {"document": "v1", "section": "Push", "says": "Nobody judges this | yet."}
    }}"#;
    clauses::clauses("clauses.json", text).expect("the clauses are good")
}

/// A run of these cases, before the first of them.
pub(super) fn start(heads: &[&CaseHead]) -> RunStart {
    let redactor = Redactor::default();
    RunStart {
        target: Target {
            url: redactor.text("http://192.0.2.7"),
            facts: [("model".to_owned(), redactor.text("VST-100"))].into(),
            notes: vec!["retries are shortened".to_owned()],
        },
        planned: heads.iter().map(|head| (*head).clone()).collect(),
        started: UNIX_EPOCH + Duration::from_secs(1_772_409_600),
        command: redactor.text("vestibule conform device http://192.0.2.7"),
    }
}

/// A case that passed.
pub(super) fn passed() -> CaseResult {
    result(&case("v3.event-fetch.limit", "limit is 10 by itself", &["v3.fetch.limit"]))
}

/// A case of its own that passed and began so many seconds after the start of the run.
pub(super) fn passed_at(seconds: u64) -> CaseResult {
    let at = Duration::from_secs(seconds);
    result(&CaseDraft { at, ..case(&format!("v3.event-fetch.at-{seconds}"), "it holds", &[]) })
}

/// A run with every outcome.
pub(super) fn run() -> Run {
    let cases = [passed(), failed(), blocked(), known(), observed(), skipped(), error(), flaky()];
    let missing = case("v1.push.never-ran", "it was not reached", &["R-V1-08"]).head;
    let heads: Vec<&CaseHead> = cases.iter().map(|case| &case.head).chain([&missing]).collect();
    let mut run = Run::new(start(&heads));
    for case in cases.clone() {
        run.add(case).expect("it is planned once");
    }
    let stale = Stale { entry: "v3.gone.away".to_owned(), why: "no such case".to_owned() };
    run.end(Progress::Complete, Duration::from_millis(4567), vec![stale]);
    run
}

/// A run in which all is well.
pub(super) fn green() -> Run {
    ended(&[passed(), observed(), skipped()], &[], Progress::Complete)
}

/// A run that was stopped.
pub(super) fn interrupted() -> Run {
    let missing = case("v1.push.never-ran", "it was not reached", &["R-V1-08"]).head;
    ended(&[passed()], &[missing], Progress::Interrupted)
}

fn ended(cases: &[CaseResult], missing: &[CaseHead], progress: Progress) -> Run {
    let heads: Vec<&CaseHead> = cases.iter().map(|case| &case.head).chain(missing).collect();
    let mut run = Run::new(start(&heads));
    for case in cases {
        run.add(case.clone()).expect("it is planned once");
    }
    run.end(progress, Duration::from_secs(2), Vec::new());
    run
}

fn failed() -> CaseResult {
    let title = "With seqnum and offset both given, seqnum decides";
    let source = ["R-V3-08", "v3.fetch.choice"];
    let mismatch = MismatchDraft {
        path: "json.body.events[0].seqnum".to_owned(),
        expected: "4".to_owned(),
        seen: "1".to_owned(),
    };
    let check = CheckDraft {
        id: "first".to_owned(),
        title: "the first event has the number asked for".to_owned(),
        level: Level::Must,
        place: Some(Place { line: 21, column: 9 }),
        mismatches: vec![mismatch],
    };
    let exchanges = (1..6).map(|number| fetch(number, Some(200))).collect();
    result(&CaseDraft {
        checks: vec![holding("status"), check],
        exchanges,
        drift: vec!["json.body.events[0].extra".to_owned()],
        ..case("v3.event-fetch.seqnum-wins", title, &source)
    })
}

fn blocked() -> CaseResult {
    let ending = Ending::Blocked("v3.event-fetch.seqnum-wins".to_owned());
    result(&CaseDraft {
        ending,
        checks: Vec::new(),
        ..case("v3.event-fetch.pages", "pages tile the log", &["v3.fetch.limit"])
    })
}

fn known() -> CaseResult {
    let mut check = holding("replayed");
    check.mismatches.push(MismatchDraft {
        path: String::new(),
        expected: "3 messages".to_owned(),
        seen: "2 within 90 s".to_owned(),
    });
    let entry = Known { check: None, reason: "firmware 1.2 loses | the last".to_owned() };
    result(&CaseDraft {
        checks: vec![check],
        known: vec![entry],
        ..case("v1.cache.replay", "what was cached is replayed", &["v1.cache.replay"])
    })
}

fn observed() -> CaseResult {
    let mut draft = case("v3.login.unit", "which unit a time stamp has", &["R-V3-04"]);
    draft.head.level = Level::Observe;
    let observations = vec![("v3.timestamp-unit".to_owned(), "ms".to_owned())];
    result(&CaseDraft { checks: Vec::new(), observations, ..draft })
}

fn skipped() -> CaseResult {
    let skip = Skip::Unprovokable("opendoor provokes no face".to_owned());
    let title = "a face is pushed";
    let ending = Ending::Skipped(skip);
    let draft = case("v1.push.face", title, &["v1.cache.replay", "R-V1-24"]);
    result(&CaseDraft { ending, checks: Vec::new(), ..draft })
}

fn error() -> CaseResult {
    let ending = Ending::Error("no free port for a receiver".to_owned());
    result(&CaseDraft {
        ending,
        checks: Vec::new(),
        ..case("v1.push.order", "the oldest comes first", &["R-V1-08"])
    })
}

fn flaky() -> CaseResult {
    let draft = case("v1.cache.slow", "a slow answer is none", &["R-V1-06"]);
    let mut check = holding("again");
    check.mismatches.push(MismatchDraft {
        path: String::new(),
        expected: "a second attempt within 90 s".to_owned(),
        seen: "none".to_owned(),
    });
    let exchanges: Exchanges = [fetch(1, None), arrival()].into_iter().collect();
    let first = CaseDraft { checks: vec![check], exchanges: exchanges.clone(), ..draft.clone() };
    let second = CaseDraft { exchanges, ..draft };
    CaseResult::after_retry(result(&first), result(&second))
}

fn result(draft: &CaseDraft) -> CaseResult {
    CaseResult::new(draft, &mut Redactor::default())
}

/// A case that passed, to be spoilt.
fn case(id: &str, title: &str, source: &[&str]) -> CaseDraft {
    CaseDraft {
        head: CaseHead {
            id: id.to_owned(),
            rev: 1,
            title: title.to_owned(),
            source: source.iter().map(|one| (*one).to_owned()).collect(),
            level: Level::Must,
            file: format!("{}.json", id.replace('.', "/")),
        },
        at: Duration::from_millis(250),
        took: Duration::from_millis(120),
        ending: Ending::Ran,
        checks: vec![holding("status")],
        drift: Vec::new(),
        observations: Vec::new(),
        exchanges: Exchanges::default(),
        known: Vec::new(),
    }
}

fn holding(id: &str) -> CheckDraft {
    CheckDraft {
        id: id.to_owned(),
        title: format!("{id} is as expected"),
        level: Level::Must,
        place: None,
        mismatches: Vec::new(),
    }
}

fn fetch(number: u64, status: Option<u16>) -> ExchangeDraft {
    let json = ("Content-Type".to_owned(), "application/json".to_owned());
    let request = format!(r#"{{"action":"event-fetch","header":{{"reqid":"{number}"}}}}"#);
    let answer =
        format!(r#"{{"retcode":0,"header":{{"reqid":"{number}"}},"body":{{"events":[]}}}}"#);
    ExchangeDraft {
        direction: Direction::Call,
        name: format!("page{number}"),
        at: Duration::from_millis(250 + number),
        took: Duration::from_millis(3),
        request: RequestDraft {
            method: "POST".to_owned(),
            url: "http://192.0.2.7/api/v3.x/event?a=1".to_owned(),
            headers: vec![json.clone()],
            body: request.into_bytes(),
        },
        answer: status.map(|status| AnswerDraft {
            status,
            headers: vec![json],
            body: answer.into_bytes(),
        }),
        answered: None,
        failure: status.is_none().then(|| "no answer within 10 s".to_owned()),
    }
}

/// A push that was answered.
fn arrival() -> ExchangeDraft {
    let push = r#"{"type":0,"data":{"uuid":"u","pass":true}}"#;
    ExchangeDraft {
        direction: Direction::Arrival,
        name: "platform".to_owned(),
        at: Duration::from_millis(270),
        took: Duration::from_millis(1),
        request: RequestDraft {
            method: "POST".to_owned(),
            url: "http://192.0.2.1:9000/Record".to_owned(),
            headers: Vec::new(),
            body: push.as_bytes().to_vec(),
        },
        answer: None,
        answered: Some("code 500".to_owned()),
        failure: Some("whether the device read the answer is unknown".to_owned()),
    }
}

/// What must not come through, as it may be looked for in any report.
pub(super) const CANARIES: [&str; 12] = [
    "Canaria Vogelsang",
    "王金丝雀",
    "0xfeedcafe",
    "feedcafe",
    "4277009102",
    "836251",
    "canary-passw0rd",
    "canarytoken0123456789abcdef",
    "canary-qr-text",
    "/9j/4CANARYAAAA",
    "Y2FuYXJ5OmNhbmFyeQ==",
    "canary remark",
];

/// A run in which every place that can hold text from a device or a user holds secrets.
pub(super) fn canary() -> Run {
    let mut redactor = Redactor::new(["canary-passw0rd"]);
    let all = CANARIES.join(" and ");
    let spoilt = |ending: Ending, known: Vec<Known>, id: &str| {
        let check = CheckDraft { mismatches: canary_mismatches(&all), ..holding("all") };
        let exchanges = [canary_exchange(Direction::Arrival), canary_exchange(Direction::Call)];
        CaseDraft {
            ending,
            known,
            checks: vec![check],
            drift: vec![format!("json.{all}")],
            observations: vec![("v3.seen".to_owned(), all.clone())],
            exchanges: exchanges.into_iter().collect(),
            ..case(id, "secrets are kept", &["v3.fetch.choice"])
        }
    };
    let reason = all.clone();
    let drafts = [
        spoilt(Ending::Ran, Vec::new(), "v3.canary.failed"),
        spoilt(Ending::Ran, vec![Known { check: None, reason }], "v3.canary.known"),
        spoilt(Ending::Error(all.clone()), Vec::new(), "v3.canary.error"),
    ];
    let held = CaseDraft {
        checks: vec![holding("all")],
        ..spoilt(Ending::Ran, Vec::new(), "v3.canary.flaky")
    };
    let first = CaseResult::new(&spoilt(Ending::Ran, Vec::new(), "v3.canary.flaky"), &mut redactor);
    let flaky = CaseResult::after_retry(first, CaseResult::new(&held, &mut redactor));
    let mut results: Vec<CaseResult> =
        drafts.iter().map(|draft| CaseResult::new(draft, &mut redactor)).collect();
    results.push(flaky);
    let heads: Vec<&CaseHead> = results.iter().map(|case| &case.head).collect();
    let command = redactor.text(&format!("vestibule conform device --password {all}"));
    let url = redactor.text(&format!("http://canary:canary-passw0rd@192.0.2.7/?x={all}"));
    let facts = [("model".to_owned(), redactor.text(&all))].into();
    let target = Target { url, facts, notes: Vec::new() };
    let mut run = Run::new(RunStart { target, command, ..start(&heads) });
    for case in results.clone() {
        run.add(case).expect("it is planned once");
    }
    run.end(Progress::Complete, Duration::from_secs(1), Vec::new());
    run
}

fn canary_mismatches(all: &str) -> Vec<MismatchDraft> {
    let row = |path: &str, expected: &str, seen: &str| MismatchDraft {
        path: path.to_owned(),
        expected: expected.to_owned(),
        seen: seen.to_owned(),
    };
    vec![
        row("json.data.user.name", "\"Canaria Vogelsang\"", "\"Canaria Vogel... (17 characters)"),
        row("json.data.user.pin", "\"836251\"", "836251"),
        row("json.data.rgb_image", "a JPEG", "\"/9j/4CANARY... (90000 characters)"),
        row("", all, &format!("{{\"note\": \"{all}\", \"name\": \"Canaria Vogelsang")),
    ]
}

fn canary_exchange(direction: Direction) -> ExchangeDraft {
    let body = r#"{"type":0,"data":{"rgb_image":"/9j/4CANARYAAAAAAAA","note":"4277009102 王金丝雀",
        "user":{"name":"Canaria Vogelsang","remark":"canary remark","ic_number":"4277009102",
        "pin":"836251","groups":[{"id":"1","name":"王金丝雀"}]}},
        "event":"card","qrcode":"canary-qr-text","passwd":"canary-passw0rd",
        "nested":"{\"name\":\"Canaria Vogelsang\",\"x\":\"\u738b\u91d1\u4e1d\u96c0\"}",
        "body":{"events":[{"data":"0xfeedcafe","seqnum":836251}]}}"#;
    let headers = vec![
        ("Token".to_owned(), "canarytoken0123456789abcdef".to_owned()),
        ("Authorization".to_owned(), "Basic Y2FuYXJ5OmNhbmFyeQ==".to_owned()),
        ("X-Note".to_owned(), "of Canaria Vogelsang, 0xfeedcafe".to_owned()),
    ];
    ExchangeDraft {
        direction,
        name: "r".to_owned(),
        at: Duration::ZERO,
        took: Duration::from_millis(1),
        request: RequestDraft {
            method: "POST".to_owned(),
            url: "http://canary:canary-passw0rd@h/x?token=canarytoken0123456789abcdef&n=836251"
                .to_owned(),
            headers: headers.clone(),
            body: body.as_bytes().to_vec(),
        },
        answer: Some(AnswerDraft {
            status: 200,
            headers,
            // Broken off in the middle of a name.
            body: body.as_bytes()[..body.len() / 2].to_vec(),
        }),
        answered: Some("ok, canary-passw0rd".to_owned()),
        failure: Some("reset by canary-passw0rd of 王金丝雀".to_owned()),
    }
}

/// A run with one case that failed, with this text in every place.
pub(super) fn failing_with(text: &str) -> Run {
    let mismatch =
        MismatchDraft { path: text.to_owned(), expected: text.to_owned(), seen: text.to_owned() };
    let mut exchange = fetch(1, Some(200));
    exchange.request.body = text.as_bytes().to_vec();
    exchange.request.url = format!("http://192.0.2.7/{text}");
    exchange.answered = Some(text.to_owned());
    exchange.failure = Some(text.to_owned());
    let headers = [("X".to_owned(), text.to_owned()), (text.to_owned(), "x".to_owned())];
    exchange.request.headers.extend(headers);
    let draft = CaseDraft {
        checks: vec![CheckDraft { mismatches: vec![mismatch], ..holding("all") }],
        drift: vec![text.to_owned()],
        observations: vec![("v3.seen".to_owned(), text.to_owned())],
        exchanges: [exchange].into_iter().collect(),
        ..case("v3.a.b", "it holds", &["v3.fetch.choice"])
    };
    ended(&[result(&draft)], &[], Progress::Complete)
}
