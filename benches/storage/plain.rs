//! The plainest thing that could keep records: one append-only file, one writer, everything that waits in one
//! write and, where power is to be survived, one sync.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use vestibule_emulator::storage::Durability;

/// Bytes of a record: what a row of the store takes.
const RECORD: [u8; 40] = [b'r'; 40];

#[derive(Default)]
struct Waiting {
    records: usize,
    told: Vec<oneshot::Sender<()>>,
    over: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

/// The file.
pub(crate) struct Plain {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    dir: tempfile::TempDir,
}

impl Plain {
    pub(crate) fn new(durability: Durability) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let file = File::create(dir.path().join("records")).expect("a file");
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || write(&file, &theirs, durability));
        Self { shared, thread: Some(thread), dir }
    }

    /// Appends a record and waits until it is written.
    pub(crate) async fn append(&self) {
        let (sender, told) = oneshot::channel();
        {
            let mut waiting = self.shared.waiting.lock().expect("no panic");
            waiting.records += 1;
            waiting.told.push(sender);
        }
        self.shared.wake.notify_one();
        told.await.expect("the writer tells everybody");
    }
}

fn write(mut file: &File, shared: &Shared, durability: Durability) {
    loop {
        let waiting = {
            let waiting = shared.waiting.lock().expect("no panic");
            let idle = |waiting: &mut Waiting| waiting.records == 0 && !waiting.over;
            let mut waiting = shared.wake.wait_while(waiting, idle).expect("no panic");
            if waiting.records == 0 {
                return;
            }
            std::mem::take(&mut *waiting)
        };
        file.write_all(&RECORD.repeat(waiting.records)).expect("room");
        if durability == Durability::Power {
            file.sync_data().expect("a disk");
        }
        for told in waiting.told {
            told.send(()).expect("everybody waits");
        }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.shared.waiting.lock().expect("no panic").over = true;
        self.shared.wake.notify_one();
        self.thread.take().expect("it ends once").join().expect("no panic");
        assert!(self.dir.path().exists(), "the file was there all the time");
    }
}
