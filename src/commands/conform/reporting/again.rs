//! The command line that repeats a run, to which a report adds ` --only ID`.
//!
//! Made from what was typed, by the list of arguments itself, so that a new one is not forgotten. A
//! password or token is not in it, but where it has to be filled in: `"$VESTIBULE_PASSWORD"`.

use std::ffi::OsStr;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory};

use crate::cli::Cli;

/// What concerns the choice of cases, or what is told of them; a case alone needs none of it.
const NOT_REPEATED: [&str; 9] = [
    "known_failures",
    "list",
    "only",
    "quiet",
    "reports",
    "skip",
    "transcript",
    "verbose",
    "write_known_failures",
];

/// The command of a `conform device`, as it was typed.
pub(in crate::commands::conform) fn again() -> String {
    let typed: Vec<_> = std::env::args_os().collect();
    of(&typed)
}

fn of(typed: &[impl AsRef<OsStr>]) -> String {
    let mut words = vec!["vestibule conform device".to_owned()];
    let typed = typed.iter().map(AsRef::as_ref);
    // Fails never: the same words were taken when the command began.
    if let Ok(matches) = Cli::command().try_get_matches_from(typed)
        && let Some(matches) = below(&matches)
        && let Some(command) = command(&Cli::command())
    {
        let (values, flags): (Vec<&Arg>, Vec<&Arg>) =
            command.get_arguments().partition(|arg| arg.is_positional());
        words.extend(values.into_iter().chain(flags).flat_map(|arg| argument(arg, matches)));
    }
    words.join(" ")
}

fn below(matches: &ArgMatches) -> Option<&ArgMatches> {
    matches.subcommand_matches("conform")?.subcommand_matches("device")
}

fn command(all: &Command) -> Option<Command> {
    all.find_subcommand("conform")?.find_subcommand("device").cloned()
}

/// An argument as it is to be typed, once for each time that it was given.
fn argument(arg: &Arg, matches: &ArgMatches) -> Vec<String> {
    let id = arg.get_id().as_str();
    let source = matches.value_source(id);
    let given = matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable));
    if NOT_REPEATED.contains(&id) || arg.is_hide_set() || !given {
        return Vec::new();
    }
    let flag = arg.get_long().map(|long| format!("--{long}"));
    // What is not shown in the help is shown nowhere.
    if arg.is_hide_env_values_set() {
        let from = arg.get_env().map(|name| format!("\"${}\"", name.to_string_lossy()));
        let typed = source == Some(ValueSource::CommandLine);
        return flag
            .zip(from)
            .filter(|_| typed)
            .map(|(flag, from)| format!("{flag} {from}"))
            .into_iter()
            .collect();
    }
    if !arg.get_action().takes_values() {
        return flag.into_iter().collect();
    }
    let occurrences = matches.get_raw_occurrences(id).into_iter().flatten();
    let texts = occurrences.map(|values| {
        let values: Vec<String> = values.map(|value| quoted(&value.to_string_lossy())).collect();
        values.join(",")
    });
    let shown = |value: String| match &flag {
        Some(flag) => format!("{flag} {value}"),
        None => value,
    };
    texts.map(shown).collect()
}

/// `value` as a shell takes it for one word.
fn quoted(value: &str) -> String {
    // Fails only on a NUL, which no argument holds.
    shlex::try_quote(value).map_or_else(|_| String::new(), |value| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_alone_is_run_as_all_were() {
        for (typed, expected) in [
            ("", ""),
            (
                "http://192.0.2.7 --allow mutating,slow --only v3.* --report json=a.json",
                "http://192.0.2.7 --allow mutating,slow",
            ),
            (
                "-q --allow slow --v3-path /api/v3.7 --reports-configured \
                 --receiver-listen 192.0.2.1:9 http://192.0.2.7 --allow mutating",
                "http://192.0.2.7 --v3-path /api/v3.7 --reports-configured --allow slow \
                 --allow mutating --receiver-listen 192.0.2.1:9",
            ),
            ("--skip a --known-failures k --transcript t.har --fixtures cases", "--fixtures cases"),
        ] {
            let words =
                ["vestibule", "conform", "device"].into_iter().chain(typed.split_whitespace());
            let told = of(&words.collect::<Vec<_>>());
            assert_eq!(told, format!("vestibule conform device {expected}").trim_end(), "{typed}");
        }
    }

    #[test]
    fn no_secret_is_in_it_but_where_one_belongs() {
        let typed =
            ["vestibule", "conform", "device", "http://h", "--user", "it's me", "--password"];
        let told = of(&[&typed[..], &["geheim", "--v1-password=geheim"]].concat());
        let expected = "vestibule conform device http://h --user \"it's me\" \
                        --password \"$VESTIBULE_PASSWORD\" --v1-password \"$VESTIBULE_V1_PASSWORD\"";
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_not_repeated_is_there() {
        let command = command(&Cli::command()).expect("it is a command");
        let ids: Vec<&str> = command.get_arguments().map(|arg| arg.get_id().as_str()).collect();
        for id in NOT_REPEATED {
            assert!(ids.contains(&id) || ["quiet", "verbose"].contains(&id), "{id} in {ids:?}");
        }
    }
}
