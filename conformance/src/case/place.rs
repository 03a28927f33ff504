//! Where in a JSON file something stands, and how that is shown.
//!
//! A [`Path`] names a value by members and positions; [`position`] says where in the text it stands. A
//! [`Mistake`] is shown with the file, line, column and the lines around it.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions};

/// One part of a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// A member of an object.
    Member(String),
    /// An element of an array, from 0 on.
    Item(usize),
}

/// The way from the whole file to a value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Path(Vec<Part>);

/// A mistake in a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1 on.
    pub line: usize,
    /// The column in characters, from 1 on.
    pub column: usize,
    /// What is wrong, in one line.
    pub what: String,
    /// The same with the lines around it, as a compiler shows it.
    pub excerpt: String,
}

impl Path {
    /// The whole file.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// The path of a member of this.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        self.with(Part::Member(name.to_owned()))
    }

    /// The path of an element of this.
    #[must_use]
    pub fn item(&self, at: usize) -> Self {
        self.with(Part::Item(at))
    }

    fn with(&self, part: Part) -> Self {
        let mut parts = self.0.clone();
        parts.push(part);
        Self(parts)
    }
}

impl From<&serde_path_to_error::Path> for Path {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment;
        let part = |segment: &Segment| match segment {
            Segment::Seq { index } => Some(Part::Item(*index)),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                Some(Part::Member(name.clone()))
            }
            Segment::Unknown => None,
        };
        Self(path.iter().filter_map(part).collect())
    }
}

impl Mistake {
    /// A mistake at a value of `text`.
    #[must_use]
    pub fn at(file: &str, text: &str, path: &Path, what: impl Into<String>) -> Self {
        Self::in_range(file, text, range_of(text, path), what.into())
    }

    /// A mistake at the name of a member of the value at `path`.
    #[must_use]
    pub fn at_name(
        file: &str,
        text: &str,
        path: &Path,
        name: &str,
        what: impl Into<String>,
    ) -> Self {
        let range = name_range(text, path, name).unwrap_or_else(|| range_of(text, path));
        Self::in_range(file, text, range, what.into())
    }

    /// A mistake at a line and column, both from 1 on, as a parser of JSON tells them.
    #[must_use]
    pub fn at_line(
        file: &str,
        text: &str,
        (line, column): (usize, usize),
        what: impl Into<String>,
    ) -> Self {
        let before: usize = text.split_inclusive('\n').take(line.max(1) - 1).map(str::len).sum();
        let mut start = (before + column.max(1) - 1).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        Self::in_range(file, text, start..start, what.into())
    }

    fn in_range(file: &str, text: &str, range: Range<usize>, what: String) -> Self {
        let (line, column) = line_and_column(text, range.start);
        let line_end = text[range.start..].find('\n').map_or(text.len(), |at| range.start + at);
        // A long object is shown by its first line.
        let shown = range.start..range.end.clamp(range.start, line_end.max(range.start));
        let snippet =
            Snippet::source(text).path(file).annotation(AnnotationKind::Primary.span(shown));
        let report = &[Level::ERROR.primary_title(what.as_str()).element(snippet)];
        let excerpt = Renderer::plain().render(report);
        Self { file: file.to_owned(), line, column, what, excerpt }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

impl std::error::Error for Mistake {}

/// The range of the value at `path`, or of the nearest one around it.
fn range_of(text: &str, path: &Path) -> Range<usize> {
    let found = with_tree(text, |root| {
        let range = walk(root, path).range();
        range.start..range.end
    });
    found.unwrap_or(0..0)
}

/// The line and column of the value at `path`, both from 1 on.
#[must_use]
pub fn position(text: &str, path: &Path) -> (usize, usize) {
    line_and_column(text, range_of(text, path).start)
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn name_range(text: &str, path: &Path, name: &str) -> Option<Range<usize>> {
    with_tree(text, |root| {
        let object = walk(root, path).as_object()?;
        let property = object.get(name)?;
        let range = match &property.name {
            ObjectPropName::String(literal) => literal.range,
            ObjectPropName::Word(literal) => literal.range,
        };
        Some(range.start..range.end)
    })
    .flatten()
}

fn with_tree<T>(text: &str, look: impl FnOnce(&Value<'_>) -> T) -> Option<T> {
    let parsed =
        jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    parsed.ok()?.value.as_ref().map(look)
}

fn walk<'v, 't>(root: &'v Value<'t>, path: &Path) -> &'v Value<'t> {
    let mut value = root;
    for part in &path.0 {
        let next = match (part, value) {
            (Part::Member(name), Value::Object(object)) => {
                object.get(name).map(|property| &property.value)
            }
            (Part::Item(at), Value::Array(array)) => array.elements.get(*at),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => break,
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n  \"é\": 1, \"steps\": [\n    {\"a\": {\"b\": 2}},\n    3\n  ]\n}\n";

    #[test]
    fn a_value_is_found_by_its_path() {
        let steps = Path::whole().member("steps");
        for (path, line, column) in [
            (Path::whole(), 1, 1),
            (Path::whole().member("é"), 2, 8),
            (steps.item(0).member("a").member("b"), 3, 17),
            (steps.item(1), 4, 5),
            (steps.item(0).member("gone"), 3, 5),
        ] {
            let mistake = Mistake::at("f.json", TEXT, &path, "wrong");
            assert_eq!((mistake.line, mistake.column), (line, column), "{path:?}");
        }
        let name = Mistake::at_name("f.json", TEXT, &steps.item(0), "a", "unknown");
        assert_eq!((name.line, name.column), (3, 6));
        assert_eq!(name.to_string(), "f.json:3:6: unknown");
    }

    #[test]
    fn the_place_is_shown() {
        let path = Path::whole().member("steps").item(0).member("a");
        insta::assert_snapshot!(Mistake::at("f.json", TEXT, &path, "`a` is unknown").excerpt, @r#"
        error: `a` is unknown
         --> f.json:3:11
          |
        3 |     {"a": {"b": 2}},
          |           ^^^^^^^^
        "#);
    }

    #[test]
    fn a_line_and_column_may_lie_beyond_the_end() {
        let mistake = Mistake::at_line("f.json", "{\n", (9, 9), "it ends too early");
        assert_eq!((mistake.line, mistake.column), (2, 1));
    }
}
