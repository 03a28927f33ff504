//! The only printer of the project.
//!
//! Owns stdout and stderr: results, one JSON object or text line each, go to stdout; logs, the
//! running count and the line of a failure go to stderr. Promises that a running count never tears
//! another line, and that a reader of stdout who leaves early (`| head -1`) is no failure.
//! Everything else in the project logs through `tracing`.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Once};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use vestibule_conformance::report::Colour;

use crate::exit::{Exit, Failure};

/// How much to log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verbosity {
    /// Errors only, and no running count.
    Quiet,
    /// What a user wants to know.
    Normal,
    /// Also what helps to find a mistake.
    Verbose,
    /// Everything, the libraries' own words too.
    Everything,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// Where a command's results, progress and failure go. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    progress: ProgressBar,
    /// Starting the redraws again for each count would start a thread each time.
    redraws: Arc<Once>,
}

/// Ten redraws a second: fewer look stuck, more spend a fast run's time on drawing.
const REDRAWS_PER_SECOND: u8 = 10;

/// The spinner's own step; longer looks stuck while nothing comes.
const SPIN_EVERY: Duration = Duration::from_millis(200);

impl Output {
    /// Sets up logging, once a process; `VESTIBULE_LOG` (`vestibule=debug,hyper=trace`) overrides
    /// the flags.
    pub(crate) fn new(verbosity: Verbosity, format: LogFormat) -> Self {
        let progress = match verbosity {
            Verbosity::Quiet => ProgressBar::hidden(),
            _ => ProgressBar::with_draw_target(
                None,
                ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND),
            ),
        };
        progress.set_style(ProgressStyle::default_spinner());
        let output = Self { progress, redraws: Arc::new(Once::new()) };
        output.start_logging(verbosity, format);
        output
    }

    fn start_logging(&self, verbosity: Verbosity, format: LogFormat) {
        let filter = EnvFilter::try_from_env("VESTIBULE_LOG")
            .unwrap_or_else(|_| EnvFilter::new(default_filter(verbosity)));
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(LogWriter(self.clone()))
            .with_ansi(io::stderr().is_terminal());
        // Fails only where logging is set up already, which is as good.
        let _ = match format {
            LogFormat::Text => builder.with_target(false).try_init(),
            LogFormat::Json => builder.json().try_init(),
        };
    }

    /// Prints one result: a JSON object on a line of stdout.
    pub(crate) fn json(&self, result: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(result)
            .map_err(|error| Failure::new(Exit::FallsShort, "writing a result as JSON", error))?;
        self.line(&line)
    }

    /// Prints one line on stdout.
    pub(crate) fn line(&self, line: &str) -> Result<(), Failure> {
        let written = self.progress.suspend(|| {
            let mut stdout = io::stdout().lock();
            writeln!(stdout, "{line}").and_then(|()| stdout.flush())
        });
        unless_left(written).map_err(|error| {
            Failure::new(Exit::Unreachable, "writing to stdout", error)
                .hint("free space where stdout goes, or send it elsewhere")
        })
    }

    /// Standard output, for what is not made of results; a reader who left early is no failure there
    /// either.
    pub(crate) fn stdout(&self) -> Stdout {
        Stdout(self.clone())
    }

    /// Whether standard output shows colours: on a terminal, unless its user minds them.
    pub(crate) fn colour(&self) -> Colour {
        match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => Colour::Off,
            _ => Colour::On,
        }
    }

    /// Whether somebody sees the running count.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.progress.is_hidden()
    }

    /// Shows what `count` says as the running count, where stderr is a tty; elsewhere it is not asked.
    pub(crate) fn progress(&self, count: impl FnOnce() -> String) {
        if !self.progress.is_hidden() {
            self.redraws.call_once(|| self.progress.enable_steady_tick(SPIN_EVERY));
            self.progress.set_message(count());
        }
    }

    /// Shows how much of `all` is done, and what `count` says, where stderr is a tty.
    pub(crate) fn progress_bar(&self, done: u64, all: u64, count: impl FnOnce() -> String) {
        if !self.progress.is_hidden() {
            self.redraws.call_once(|| {
                let style =
                    ProgressStyle::with_template("{spinner} [{bar:30}] {percent:>3} % {msg}");
                self.progress.set_style(style.expect("the template is one"));
                self.progress.enable_steady_tick(SPIN_EVERY);
            });
            self.progress.set_length(all);
            self.progress.set_position(done);
            self.progress.set_message(count());
        }
    }

    /// Takes the running count away.
    pub(crate) fn progress_end(&self) {
        self.progress.finish_and_clear();
    }

    /// Prints what somebody has to look at before the line of a failure, on stderr.
    pub(crate) fn complaint(&self, text: &str) {
        self.progress.suspend(|| write_stderr(format!("{text}\n\n").as_bytes()));
    }

    /// Prints the line of a failure on stderr, however quiet the run is.
    pub(crate) fn failure(&self, failure: &Failure) {
        self.progress_end();
        write_stderr(format!("vestibule: {failure}\n").as_bytes());
    }
}

/// Prints what the reader of the arguments has to say: help and version on stdout, a refusal on
/// stderr.
pub(crate) fn usage(refusal: &clap::Error) -> Exit {
    // A closed stdout or stderr leaves nobody to tell.
    let _ = refusal.print();
    if refusal.use_stderr() { Exit::Usage } else { Exit::Done }
}

fn default_filter(verbosity: Verbosity) -> &'static str {
    match verbosity {
        Verbosity::Quiet => "error",
        Verbosity::Normal => {
            "warn,vestibule=info,vestibule_core=info,vestibule_emulator=info,vestibule_conformance=info"
        }
        Verbosity::Verbose => {
            "info,vestibule=debug,vestibule_core=debug,vestibule_emulator=debug,vestibule_conformance=debug"
        }
        Verbosity::Everything => "trace",
    }
}

fn write_stderr(bytes: &[u8]) {
    // A closed stderr leaves nobody to tell.
    let _ = io::stderr().lock().write_all(bytes);
}

/// Standard output, written around the running count. What is written goes out when it is flushed.
pub(crate) struct Stdout(Output);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.progress.suspend(|| io::stdout().lock().write_all(bytes));
        unless_left(written).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_left(self.0.progress.suspend(|| io::stdout().lock().flush()))
    }
}

/// A reader who left early wants no more, which is no failure.
fn unless_left(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes log lines to stderr, around the running count.
struct LogWriter(Output);

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> LogLine<'a> {
        LogLine(&self.0.progress)
    }
}

struct LogLine<'a>(&'a ProgressBar);

impl Write for LogLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| write_stderr(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
