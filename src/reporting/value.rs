//! The values of `--report`: a kind, and the file that it goes to.

use std::path::PathBuf;

use crate::exit::{Exit, Failure};

/// What goes to standard output, if anything is said to, and what into which file.
#[derive(Debug)]
pub(crate) struct Wanted<K> {
    pub(crate) stdout: Option<K>,
    pub(crate) files: Vec<(K, PathBuf)>,
}

/// Reads the values, each `KIND` or `KIND=FILE`; one at most goes to standard output.
pub(crate) fn wanted<K: Copy>(
    reports: &[String],
    kinds: &[(&str, K)],
) -> Result<Wanted<K>, Failure> {
    let usage = |why: String| {
        let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        Failure::new(Exit::Usage, "reading --report", why)
            .hint(format!("give one of {names}, with =FILE for all but one of them"))
    };
    let mut wanted = Wanted { stdout: None, files: Vec::new() };
    for report in reports {
        let (name, file) = match report.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (report.as_str(), None),
        };
        let kind = kinds.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| usage(format!("`{name}` is no report")))?;
        match file {
            Some("") => return Err(usage(format!("`{report}` names no file"))),
            Some(file) => wanted.files.push((kind, PathBuf::from(file))),
            None if wanted.stdout.is_some() => {
                return Err(usage("two reports go to standard output".to_owned()));
            }
            None => wanted.stdout = Some(kind),
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_report_at_most_goes_to_standard_output() {
        let kinds = [("human", 0), ("json", 1), ("junit", 2), ("html", 3), ("github", 4)];
        for (reports, good) in [
            (&[][..], true),
            (&["json"], true),
            (&["json=a.json", "human"], true),
            (&["github", "human=a.txt", "junit=b.xml", "html=c=d.html"], true),
            (&["json", "human"], false),
            (&["json="], false),
            (&["pdf"], false),
        ] {
            let reports: Vec<String> = reports.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(wanted(&reports, &kinds).is_ok(), good, "{reports:?}");
        }
    }
}
