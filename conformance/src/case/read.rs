//! A file's text to a case, or to the place where it is wrong.

use super::place::{Mistake, Path};
use super::types::Case;

/// Reads one case file; `file` is its name for messages.
///
/// # Errors
///
/// The first mistake that the format can see: no JSON, an unknown member, a value of the wrong type,
/// a matcher that does not exist.
pub fn case(file: &str, text: &str) -> Result<Case, Mistake> {
    typed(file, text)
}

/// Reads any of the suite's files.
pub(super) fn typed<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, Mistake> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = Path::from(error.path());
        mistake(file, text, &path, error.inner())
    })?;
    json.end().map_err(|error| mistake(file, text, &Path::whole(), &error))?;
    Ok(read)
}

fn mistake(file: &str, text: &str, path: &Path, error: &serde_json::Error) -> Mistake {
    let what = message(error);
    if error.is_syntax() || error.is_eof() {
        return Mistake::at_line(file, text, (error.line(), error.column()), what);
    }
    match unknown_name(&what) {
        Some(name) => Mistake::at_name(file, text, path, &name, what),
        None => Mistake::at(file, text, path, what),
    }
}

/// Without the line and column, which the place says.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// The member that a message calls unknown.
fn unknown_name(message: &str) -> Option<String> {
    let (_, rest) = message
        .strip_prefix("unknown ")
        .and_then(|rest| rest.split_once('`'))
        .or_else(|| message.strip_prefix('`').map(|rest| ("", rest)))?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{
  "id": "v3.auth.login", "rev": 1, "title": "t", "source": ["R-V3-02"], "level": "must",
  "provenance": "document", "safety": "safe", "killed_by": ["v3.login.token-missing"],
  "steps": [
    {"call": {"v3": {"action": "event-info", "expect": {"json": {"retcode": 0}}}}}
  ]
}"#;

    #[test]
    fn a_case_is_read() {
        let case = case("f.json", GOOD).expect("it is good");
        assert_eq!((case.id.as_str(), case.steps.len()), ("v3.auth.login", 1));
    }

    #[test]
    fn each_mistake_is_told_at_its_place() {
        let rows = [
            (r#""rev": 1"#, r#""rev": "1""#, 2, 33),
            (r#""level": "must""#, r#""level": "should""#, 2, 82),
            (r#""safety": "safe""#, r#""safty": "safe""#, 3, 38),
            (r#"{"call""#, r#"{"cal""#, 5, 6),
            (r#""action": "event-info""#, r#""action": 7"#, 5, 32),
            (r#""action": "event-info""#, r#""acton": "event-info""#, 5, 31),
            (r#"{"retcode": 0}"#, r#"{"retcode": {"$int": {}}}"#, 5, 78),
            (r#"{"retcode": 0}"#, r#"{"retcode": "${a b c d}"}"#, 5, 77),
            (r#""title": "t","#, r#""title": "t""#, 2, 49),
            ("\n}", "\n} x", 7, 3),
        ];
        let mut wrong = Vec::new();
        for (from, to, line, column) in rows {
            let text = GOOD.replacen(from, to, 1);
            let mistake = case("f.json", &text).expect_err(to);
            if (mistake.line, mistake.column) != (line, column) {
                wrong.push(mistake.to_string());
            }
        }
        assert_eq!(wrong, [""; 0]);
    }
}
