//! The page stands alone, holds what happened, and lets no text act.

use super::*;
use crate::outcome::Run;
use crate::report::sample;

fn page(run: &Run) -> String {
    let mut out = Vec::new();
    write(run, &sample::clauses(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The elements of a page, each as its name and its attributes.
fn tags(page: &str) -> Vec<&str> {
    let pieces = page.split('<').skip(1).filter_map(|piece| piece.split_once('>'));
    pieces.map(|(tag, _)| tag).filter(|tag| !tag.starts_with('/')).collect()
}

#[test]
fn a_run_is_one_page() {
    let style = include_str!("style.css");
    insta::assert_snapshot!(page(&sample::run()).replace(style, "(style)").replace("><", ">\n<"));
}

#[test]
fn the_page_asks_for_nothing_from_elsewhere() {
    let page = page(&sample::run());
    for tag in tags(&page) {
        let name = tag.split([' ', '/']).next().unwrap();
        let active = ["script", "img", "link", "iframe", "object", "embed", "form", "base", "use"];
        assert!(!active.contains(&name), "<{tag}>");
        assert!(!tag.contains("src=") && !tag.contains(" on"), "<{tag}>");
        let href = tag.split_once("href=\"").map(|(_, rest)| rest);
        assert!(href.is_none_or(|href| href.starts_with('#')), "<{tag}>");
    }
    assert!(!page.contains("url(") && !page.contains("@import"));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn no_text_of_a_device_is_markup() {
    let text = "</pre></style><script>alert(1)</script><img src=x onerror='a'>\"'&<!--";
    let (plain, spoilt) =
        (page(&sample::failing_with("harmless")), page(&sample::failing_with(text)));
    assert!(spoilt.contains("&lt;script&gt;"), "the text is shown");
    let names = |page: &str| -> Vec<String> {
        tags(page).into_iter().map(|tag| tag.split([' ', '"']).next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&plain), names(&spoilt), "the text adds no element");
}
