//! What README says can be done.

use vestibule_emulator::config::Config;

const README: &str = include_str!("../../README.md");

/// The configuration that README shows, which says of itself that it is the default.
fn configuration() -> &'static str {
    let (_, rest) = README.split_once("```toml\n").expect("README shows a configuration");
    rest.split_once("```").expect("the block ends").0
}

#[test]
fn its_configuration_is_the_default() {
    let shown: Config = toml::from_str(configuration()).expect("README's configuration is one");
    let shown = shown.plan(7).expect("README's configuration can be run");
    let usual = Config::default().plan(7).expect("the default can be run");
    assert_eq!(format!("{shown:#?}"), format!("{usual:#?}"));
}

/// Each key that README shows as a comment can be set, too.
#[test]
fn its_commented_keys_are_keys() {
    let uncommented: String = configuration()
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let config: Config = toml::from_str(&uncommented).expect("each commented key is one");
    assert!(config.seed.is_some() && config.push.to.is_some() && config.quirks.len() == 2);
}
