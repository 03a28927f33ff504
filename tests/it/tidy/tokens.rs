//! Rust source as a flat list of tokens: no comments, no doc text, and nothing under `#[cfg(test)]`, so that a rule
//! on code cannot be set off by prose and a string cannot be taken for a path.
//!
//! Left out: macros are not expanded; what a macro's body says is seen as it is written.

use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// An identifier, a literal, a punctuation character or a bracket, with the line it stands on.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

#[derive(Debug, Default)]
pub(super) struct Source {
    /// What is built outside tests, in order.
    pub(super) tokens: Vec<Token>,
    /// The lines that belong to items under `#[cfg(test)]`.
    pub(super) test_lines: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Panics on text that is no Rust: the compiler would have said so before.
    pub(super) fn parse(text: &str) -> Self {
        let stream: TokenStream = text.parse().expect("the source is made of Rust tokens");
        let mut source = Self::default();
        source.add_stream(stream);
        source
    }

    /// Every path, with `use` trees spelt out: `use std::{fs, net as n}` gives `std::fs` and `std::net`.
    pub(super) fn paths(&self) -> Vec<(String, usize)> {
        let mut paths = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            at = self.path(at, "", &mut paths).max(at + 1);
        }
        paths
    }

    /// Whether the tokens from `at` on read like this.
    pub(super) fn reads(&self, at: usize, words: &[&str]) -> bool {
        let here = self.tokens.get(at..at + words.len());
        here.is_some_and(|here| here.iter().zip(words).all(|(token, word)| token.text == *word))
    }

    fn add_stream(&mut self, stream: TokenStream) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while let Some(tree) = trees.get(at) {
            match attribute(&trees[at..]) {
                Some((group, length)) if is_doc(group) => at += length,
                Some((group, length)) if is_test_only(group) => {
                    let end = at + length + item_length(&trees[at + length..]);
                    self.test_lines.push(line(tree)..=last_line(&trees[end - 1]));
                    at = end;
                }
                _ => {
                    self.add(tree);
                    at += 1;
                }
            }
        }
    }

    fn add(&mut self, tree: &TokenTree) {
        let TokenTree::Group(group) = tree else {
            self.push(tree.to_string(), line(tree));
            return;
        };
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => ("", ""),
        };
        self.push(open.to_owned(), line(tree));
        self.add_stream(group.stream());
        self.push(close.to_owned(), last_line(tree));
    }

    fn push(&mut self, text: String, line: usize) {
        self.tokens.push(Token { text, line });
    }

    /// Reads one path at `at` into `paths` and returns where it ended; `at` itself when there is none.
    fn path(&self, mut at: usize, prefix: &str, paths: &mut Vec<(String, usize)>) -> usize {
        let mut path = prefix.to_owned();
        let start = at;
        while let Some(token) = self.tokens.get(at).filter(|token| is_segment(&token.text)) {
            path.push_str(&token.text);
            at += 1;
            if !self.reads(at, &[":", ":"]) {
                paths.push((path, token.line));
                return at;
            }
            path.push_str("::");
            at += 2;
        }
        if at == start && prefix.is_empty() {
            return at;
        }
        if !self.reads(at, &["{"]) {
            paths.push((path.trim_end_matches(':').to_owned(), self.tokens[start].line));
            return at;
        }
        at += 1;
        while at < self.tokens.len() && !self.reads(at, &["}"]) {
            at = self.path(at, &path, paths).max(at + 1);
            // A renaming is not a path of its own.
            at += if self.reads(at, &["as"]) { 2 } else { 0 };
            at += usize::from(self.reads(at, &[","]));
        }
        at + 1
    }
}

/// The attribute that `trees` begins with, and how many trees it takes.
fn attribute(trees: &[TokenTree]) -> Option<(&Group, usize)> {
    let is = |at: usize, mark: char| matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    let brackets = if is(1, '!') { 2 } else { 1 };
    match trees.get(brackets) {
        Some(TokenTree::Group(group)) if is(0, '#') => Some((group, brackets + 1)),
        _ => None,
    }
}

fn is_doc(attribute: &Group) -> bool {
    let mut trees = attribute.stream().into_iter();
    matches!(trees.next(), Some(TokenTree::Ident(name)) if name == "doc")
}

fn is_test_only(attribute: &Group) -> bool {
    let text = attribute.stream().to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// How many trees the item takes that `trees` begins with: to its `;` or its braces.
fn item_length(trees: &[TokenTree]) -> usize {
    let is_end = |tree: &TokenTree| match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    trees.iter().position(is_end).map_or(trees.len(), |end| end + 1)
}

fn is_segment(text: &str) -> bool {
    text == "*" || text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn line(tree: &TokenTree) -> usize {
    tree.span().start().line
}

fn last_line(tree: &TokenTree) -> usize {
    tree.span().end().line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        Source::parse(text).paths().into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn a_use_tree_is_spelt_out() {
        let found = paths("use std::{fs, net::{TcpStream as T, *}, io::{self}}; fn f() { a::b() }");
        let wanted = ["std::fs", "std::net::TcpStream", "std::net::*", "std::io::self", "a::b"];
        for path in wanted {
            assert!(found.iter().any(|one| one == path), "{path} in {found:?}");
        }
    }

    #[test]
    fn comments_and_doc_text_are_no_tokens() {
        let source = Source::parse("//! std::fs\n/// std::net\nfn f() {} // println!()\n");
        let words: Vec<&str> = source.tokens.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(words, ["fn", "f", "(", ")", "{", "}"]);
    }

    #[test]
    fn what_is_for_tests_is_told_apart() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n";
        let source = Source::parse(text);
        assert_eq!(source.test_lines, [2..=5]);
        let has = |name: &str| source.tokens.iter().any(|token| token.text == name);
        assert!(has("a") && has("c") && !has("b"));
    }

    #[test]
    fn a_line_is_the_line_in_the_file() {
        let source = Source::parse("\n\nfn f() {\n    g()\n}\n");
        let g = source.tokens.iter().find(|token| token.text == "g");
        assert_eq!(g.map(|token| token.line), Some(4));
    }
}
