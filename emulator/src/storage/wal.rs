//! The write-ahead log, looked at before SQLite does.
//!
//! SQLite takes the log up to the first frame that does not fit and forgets the rest without a word. That is
//! right where the log ends there: the power went. It is not where a later commit of the same log follows: then
//! what was committed would be lost, and whoever uses the store must be told. (Frames without a commit may
//! follow: a transaction that was killed leaves them.)
//!
//! The layout is SQLite's documented one, "WAL-mode File Format".

use std::path::Path;

use super::{StoreError, schema};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The log beside a database.
pub(super) fn path(dir: &Path) -> std::path::PathBuf {
    dir.join(format!("{}-wal", schema::FILE))
}

/// Checks that the log in `dir`, if there is one, is whole up to where it ends.
///
/// # Errors
/// When it is damaged before its end.
pub(super) fn check(dir: &Path) -> Result<(), StoreError> {
    let file = path(dir);
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(StoreError::Directory { dir: dir.to_owned(), source }),
    };
    match damage(&bytes) {
        None => Ok(()),
        Some(damage) => Err(StoreError::Damaged { file, damage }),
    }
}

/// What is wrong with a log, if anything is.
fn damage(log: &[u8]) -> Option<String> {
    if log.len() < HEADER + FRAME_HEADER {
        return None;
    }
    let (header, frames) = log.split_at(HEADER);
    let big_endian = match word(header, 0) {
        0x377f_0682 => Order::Little,
        0x377f_0683 => Order::Big,
        _ => return Some("its header does not begin as one".to_owned()),
    };
    let mut sum = Sum { order: big_endian, words: (0, 0) };
    sum.add(&header[..24]);
    if sum.words != (word(header, 24), word(header, 28)) {
        return Some("its header's checksum does not fit".to_owned());
    }
    let page = usize::try_from(word(header, 8)).ok().filter(|page| page.is_power_of_two())?;
    let salt = &header[16..24];
    let mut broken = None;
    for (number, frame) in (1_u64..).zip(frames.chunks_exact(FRAME_HEADER + page)) {
        let is_of_this_log = frame[8..16] == *salt;
        match broken {
            None => {
                sum.add(&frame[..8]);
                sum.add(&frame[FRAME_HEADER..]);
                let fits = sum.words == (word(frame, 16), word(frame, 20));
                if !is_of_this_log || !fits {
                    // It may be the commit of its transaction itself.
                    broken = Some(number);
                }
            }
            Some(broken) if is_of_this_log && word(frame, 4) != 0 => {
                return Some(format!("frame {broken} does not fit, and commits follow it"));
            }
            Some(_) => {}
        }
    }
    None
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

/// SQLite's running checksum.
struct Sum {
    order: Order,
    words: (u32, u32),
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let read = |four: &[u8]| {
            let four = four.try_into().expect("four bytes");
            match self.order {
                Order::Big => u32::from_be_bytes(four),
                Order::Little => u32::from_le_bytes(four),
            }
        };
        let (mut one, mut two) = self.words;
        for eight in bytes.chunks_exact(8) {
            one = one.wrapping_add(read(&eight[..4])).wrapping_add(two);
            two = two.wrapping_add(read(&eight[4..])).wrapping_add(one);
        }
        self.words = (one, two);
    }
}
