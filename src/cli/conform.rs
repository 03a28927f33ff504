//! `vestibule conform`: its arguments.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::values::duration;

/// What to judge, or what to do with cases and results.
#[derive(Debug, Args)]
pub(crate) struct ConformArgs {
    #[command(subcommand)]
    pub(crate) action: ConformAction,
}

/// The actions.
#[derive(Debug, Subcommand)]
pub(crate) enum ConformAction {
    /// Judge a device over the network; without a URL, an emulator that is started for it
    Device(Box<DeviceArgs>),
    /// Check the case files, without a device
    Check(CheckArgs),
    /// Write down how a device answers, as cases; it only reads
    Record(Box<RecordArgs>),
    /// Compare two reports in JSON: what came of the cases, and what was observed
    Diff(DiffArgs),
}

/// `vestibule conform check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    /// The directory with the cases; without it those that are built in
    pub(crate) dir: Option<PathBuf>,
    /// Print the JSON Schema of a case file, and check nothing
    #[arg(long, conflicts_with = "dir")]
    pub(crate) schema: bool,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  vestibule conform check
  vestibule conform check my-cases
  vestibule conform check --schema > case.schema.json";

/// `vestibule conform record`.
#[derive(Debug, Args)]
#[command(after_help = RECORD_EXAMPLES)]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Where the cases are written
    #[arg(long, value_name = "DIR", default_value = "recorded")]
    pub(crate) out: PathBuf,
}

const RECORD_EXAMPLES: &str = "\
Examples:
  vestibule conform record http://192.0.2.7
  vestibule conform record http://192.0.2.7 --password secret --out firmware-1.2";

/// `vestibule conform diff`.
#[derive(Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub(crate) struct DiffArgs {
    /// The two reports
    #[arg(value_names = ["A.json", "B.json"], num_args = 2, required_unless_present = "schema")]
    pub(crate) reports: Vec<PathBuf>,
    /// Print each difference as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the JSON Schema of a report, and compare nothing
    #[arg(long, conflicts_with = "reports")]
    pub(crate) schema: bool,
}

const DIFF_EXAMPLES: &str = "\
Ends with 0 when nothing differs, and with 1 when something does.

Examples:
  vestibule conform diff firmware-1.1.json firmware-1.2.json
  vestibule conform diff a.json b.json --json
  vestibule conform diff --schema > report.schema.json";

/// `vestibule conform device`.
#[derive(Debug, Args)]
#[command(after_help = DEVICE_EXAMPLES)]
pub(crate) struct DeviceArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) stimulus: StimulusArgs,
    #[command(flatten)]
    pub(crate) receiver: ReceiverArgs,
    #[command(flatten)]
    pub(crate) own: OwnArgs,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    #[command(flatten)]
    pub(crate) result: ResultArgs,
}

/// The device.
#[derive(Debug, Args)]
#[command(next_help_heading = "The device")]
pub(crate) struct TargetArgs {
    /// Where the device is; without it an emulator is started and judged
    pub(crate) url: Option<String>,
    /// Where its v1 API is, when that is elsewhere
    #[arg(long, value_name = "URL", requires = "url")]
    pub(crate) v1_url: Option<String>,
    /// Over https, believe these certificates alone (PEM): the device's own, or an authority's
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) ca: Option<PathBuf>,
    /// Over https, believe whoever answers
    #[arg(long, requires = "url", conflicts_with = "ca")]
    pub(crate) insecure: bool,
    /// The path before a v3 service
    #[arg(long, value_name = "PATH", default_value = "/api/v3.x")]
    pub(crate) v3_path: String,
    /// Which APIs to judge [default: those that answer]
    #[arg(long, value_enum, value_name = "API")]
    pub(crate) api: Option<ApiArg>,
    /// The v3 account
    #[arg(long, value_name = "U", default_value = "admin")]
    pub(crate) user: String,
    /// Its password, or the MD5 of it in 32 hex digits [default: the factory's]
    #[arg(long, value_name = "P", env = "VESTIBULE_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,
    /// The v1 account
    #[arg(long, value_name = "U", default_value = "admin")]
    pub(crate) v1_user: String,
    /// Its password; with it the device is asked by Basic authentication, and by tokens
    #[arg(long, value_name = "P", env = "VESTIBULE_V1_PASSWORD", hide_env_values = true)]
    pub(crate) v1_password: Option<String>,
    /// The control API, when the device is an emulator
    #[arg(long, value_name = "URL", env = "VESTIBULE_CONTROL", requires = "url")]
    pub(crate) control: Option<String>,
    /// The token of the control API
    #[arg(long, value_name = "T", env = "VESTIBULE_CONTROL_TOKEN", hide_env_values = true)]
    pub(crate) control_token: Option<String>,
    /// The serial number of the device, where the control API has several
    #[arg(long, value_name = "SN", env = "VESTIBULE_SN")]
    pub(crate) device: Option<String>,
    /// How long a token lives after its last use, where that is known
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) token_ttl: Option<Duration>,
}

/// How events are provoked.
#[derive(Debug, Args)]
#[command(next_help_heading = "What happens at the device")]
pub(crate) struct StimulusArgs {
    /// How events are provoked: control | opendoor | manual | command=CMD
    ///
    /// [default: control where there is a control API, else nothing is provoked]
    #[arg(long, value_name = "HOW", value_parser = stimulus)]
    pub(crate) stimulus: Option<StimulusArg>,
    /// Reports arrive at --receiver-listen already, so nothing is configured for them
    #[arg(long, requires = "receiver_listen")]
    pub(crate) reports_configured: bool,
    /// What to put back as subscription where the device does not tell the one it has
    #[arg(long, value_name = "URL|disabled")]
    pub(crate) v1_restore: Option<String>,
    /// Allow more than reading: mutating,disruptive,destructive,slow,capacity
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub(crate) allow: Vec<AllowArg>,
    /// Allow the door with this serial number, or v3 device id, to be opened
    #[arg(long, value_name = "SN")]
    pub(crate) may_unlock: Option<String>,
    /// How long to wait for what the device tries again [default: 90s; 10m with a URL]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) redelivery_timeout: Option<Duration>,
}

/// Where the device reaches the suite.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where the device reaches the suite")]
pub(crate) struct ReceiverArgs {
    /// Where the suite listens for pushes and reports [default: the address that faces the device]
    #[arg(long, value_name = "ADDR")]
    pub(crate) receiver_listen: Option<SocketAddr>,
    /// What the device is told to push to, where that is another address
    #[arg(long, value_name = "URL", requires = "receiver_listen")]
    pub(crate) receiver_url: Option<String>,
    /// A certificate that the device trusts (PEM), for https
    #[arg(long, value_name = "FILE", requires = "receiver_key")]
    pub(crate) receiver_cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "receiver_cert")]
    pub(crate) receiver_key: Option<PathBuf>,
}

/// How the emulator is that is started where no URL is given.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "The emulator, where no URL is given")]
pub(crate) struct OwnArgs {
    /// Let it behave another way where the documents leave room; `vestibule quirks` lists them
    #[arg(long = "quirk", value_name = "NAME=VALUE", value_parser = quirk, conflicts_with = "url")]
    pub(crate) quirks: Vec<(String, String)>,
    /// Let it do that wrong for the whole run; `vestibule faults` lists them
    #[arg(long = "fault", value_name = "NAME[={JSON}]", value_parser = fault, conflicts_with = "url")]
    pub(crate) faults: Vec<FaultArg>,
}

/// Which cases.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which cases")]
pub(crate) struct ChoiceArgs {
    /// Only cases whose id is like this, such as v3.event-fetch.*
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,
    /// No cases whose id is like this; they are told as skipped
    #[arg(long, value_name = "GLOB")]
    pub(crate) skip: Vec<String>,
    /// Take the cases from this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) fixtures: Option<PathBuf>,
    /// List the cases and every write that a run would make, and run nothing
    #[arg(long)]
    pub(crate) list: bool,
}

/// What becomes of the results.
#[derive(Debug, Args)]
#[command(next_help_heading = "What becomes of the results")]
pub(crate) struct ResultArgs {
    /// Failures that are known: TOML or JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) known_failures: Option<PathBuf>,
    /// Write a list of what failed now
    #[arg(long, value_name = "FILE")]
    pub(crate) write_known_failures: Option<PathBuf>,
    /// human|json|junit|html|github|clauses[=FILE]; one may be without a file [default: human]
    ///
    /// A file is replaced every few seconds and at the end, so an interrupted run leaves its report
    /// too. github prints annotations, and adds a summary to $GITHUB_STEP_SUMMARY; clauses is a table
    /// in Markdown of what the documents say, with what came of the cases about it.
    #[arg(long = "report", value_name = "KIND[=FILE]")]
    pub(crate) reports: Vec<String>,
    /// Write what was said on the wire, as an HTTP Archive
    #[arg(long, value_name = "FILE.har")]
    pub(crate) transcript: Option<PathBuf>,
    /// Where GitHub wants the summary of a job
    #[arg(long, hide = true, env = "GITHUB_STEP_SUMMARY")]
    pub(crate) github_step_summary: Option<OsString>,
    /// Where GitHub has the repository; it shows annotations at paths below that
    #[arg(long, hide = true, env = "GITHUB_WORKSPACE")]
    pub(crate) github_workspace: Option<OsString>,
}

/// Which APIs to judge.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ApiArg {
    /// The push API alone
    V1,
    /// The event API alone
    V3,
    /// Both, whether they answer or not
    Both,
}

/// What a run may do beyond reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum AllowArg {
    /// Change settings, which are put back, and provoke events
    Mutating,
    /// Cut the device off, restart it
    Disruptive,
    /// Lose what it has stored
    Destructive,
    /// Wait for the documented times
    Slow,
    /// Fill it
    Capacity,
}

/// How events are provoked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum StimulusArg {
    /// By an emulator's control API.
    Control,
    /// By opening the door from afar.
    OpenDoor,
    /// By a person.
    Manual,
    /// By a command.
    Command(String),
}

/// A fault, armed until the end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FaultArg {
    /// Its name.
    pub(crate) name: String,
    /// Its parameters, where some are given.
    pub(crate) params: Option<serde_json::Map<String, serde_json::Value>>,
}

fn fault(text: &str) -> Result<FaultArg, String> {
    let Some((name, params)) = text.split_once('=') else {
        return Ok(FaultArg { name: text.to_owned(), params: None });
    };
    let params = serde_json::from_str(params)
        .map_err(|error| format!("the parameters are no JSON object: {error}"))?;
    Ok(FaultArg { name: name.to_owned(), params: Some(params) })
}

fn quirk(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("not NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn stimulus(text: &str) -> Result<StimulusArg, String> {
    match (text, text.split_once('=')) {
        ("control", _) => Ok(StimulusArg::Control),
        ("opendoor", _) => Ok(StimulusArg::OpenDoor),
        ("manual", _) => Ok(StimulusArg::Manual),
        (_, Some(("command", command))) if !command.trim().is_empty() => {
            Ok(StimulusArg::Command(command.to_owned()))
        }
        _ => Err("expected control, opendoor, manual or command=CMD".to_owned()),
    }
}

const DEVICE_EXAMPLES: &str = "\
Examples:
  vestibule conform device
  vestibule conform device --quirk preset=walos-demo
  vestibule conform device --fault v3.fetch.default-limit
  vestibule conform device http://192.0.2.7 --list
  vestibule conform device http://192.0.2.7 --password secret --allow mutating --stimulus manual
  vestibule conform device https://192.0.2.7 --ca device.pem --password secret
  vestibule conform device http://127.0.0.1:8000 --control http://127.0.0.1:7900 \\
      --allow mutating,disruptive --only 'v3.event-fetch.*'
  vestibule conform device --report json=run.json --report html=run.html --transcript run.har";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_may_have_parameters() {
        let bare = FaultArg { name: "v3.reqid.lost".to_owned(), params: None };
        assert_eq!(fault("v3.reqid.lost"), Ok(bare));
        let with = fault(r#"api.http-status={"status": 503}"#).expect("it is well written");
        assert_eq!(with.params.expect("it has some")["status"], 503);
        for bad in ["x=", "x=3", "x={", "x=[1]"] {
            assert!(fault(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_stimulus_is_one_of_four() {
        let command = StimulusArg::Command("ring --loud=1".to_owned());
        assert_eq!(stimulus("command=ring --loud=1"), Ok(command));
        assert_eq!(stimulus("control"), Ok(StimulusArg::Control));
        for text in ["", "command=", "command", "button"] {
            assert!(stimulus(text).is_err(), "{text}");
        }
    }
}
