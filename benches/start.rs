//! How long a device takes from exec to ready: the promise is 20 ms.
//!
//! Measured is the whole: the process is started, the ready line is read from its stdout; then it is
//! ended, outside the measurement. Beside it, in the same run, a process that prints a line and does
//! nothing else: `sh -c echo`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};

fn ready(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("from exec to the first line");
    group.sample_size(20);
    group.bench_function("vestibule run", |bencher| {
        bencher.iter_custom(|turns| {
            total(turns, || {
                let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
                command.args(["run", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
                command
            })
        });
    });
    group.bench_function("sh -c echo", |bencher| {
        bencher.iter_custom(|turns| {
            total(turns, || {
                let mut command = Command::new("sh");
                command.args(["-c", "echo ready"]);
                command
            })
        });
    });
    group.finish();
}

fn total(turns: u64, command: impl Fn() -> Command) -> Duration {
    (0..turns).map(|_| first_line(command())).sum()
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn first_line(mut command: Command) -> Duration {
    let start = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child: Child = child.expect("the command can be started");
    let stdout = child.stdout.take().expect("stdout is piped");
    let mut line = String::new();
    let read = BufReader::new(stdout).read_line(&mut line);
    let elapsed = start.elapsed();
    assert!(read.is_ok_and(|bytes| bytes > 0), "it printed no line");
    // One that has ended by itself cannot be killed, which is as good.
    drop(child.kill());
    child.wait().expect("a child can be waited for");
    elapsed
}

criterion_group!(benches, ready);
criterion_main!(benches);
