//! What was said word for word, in a file without a name, so that long runs stay small.
//!
//! Pushes hold photos and names: the file is the process's own, cannot be opened by anyone else,
//! and is gone with it. Promises to keep the first gigabyte, and to say of the rest that it was
//! not kept.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How many bytes are kept. Fifty thousand records without images have some 50 MB; what is beyond
/// a gigabyte would fill somebody's disk.
const BYTES_MAX: u32 = 1 << 30;

/// Where something is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place(u32);

/// What is kept: a head and a body.
pub(crate) type Kept = (Vec<u8>, Vec<u8>);

/// Why bodies cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BodiesError {
    /// There is no room, or no directory, for temporary files.
    #[error("cannot keep messages in a temporary file")]
    Write(#[source] io::Error),
    /// The file cannot be read back.
    #[error("cannot read a message back from a temporary file")]
    Read(#[source] io::Error),
}

/// The file.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    file: Option<File>,
    end: u32,
}

impl Bodies {
    /// Of what is not kept: no place is so late.
    pub(crate) const NOWHERE: Place = Place(u32::MAX);

    /// Keeps two parts, a head and a body.
    pub(crate) fn keep(&mut self, head: &[u8], body: &[u8]) -> Result<Place, BodiesError> {
        let length = head.len().saturating_add(body.len()).saturating_add(8);
        let end = u32::try_from(length).ok().and_then(|length| self.end.checked_add(length));
        let (Some(end), Ok(head_length), Ok(body_length)) = (
            end.filter(|end| *end <= BYTES_MAX),
            u32::try_from(head.len()),
            u32::try_from(body.len()),
        ) else {
            return Ok(Self::NOWHERE);
        };
        let place = Place(self.end);
        let mut whole = Vec::with_capacity(length);
        whole.extend_from_slice(&head_length.to_le_bytes());
        whole.extend_from_slice(&body_length.to_le_bytes());
        whole.extend_from_slice(head);
        whole.extend_from_slice(body);
        self.write(&whole).map_err(BodiesError::Write)?;
        self.end = end;
        Ok(place)
    }

    /// The two parts kept at `place`; none when they were not.
    pub(crate) fn read(&self, place: Place) -> Result<Option<Kept>, BodiesError> {
        match &self.file {
            Some(file) if place != Self::NOWHERE => {
                read(file, place).map(Some).map_err(BodiesError::Read)
            }
            _ => Ok(None),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(u64::from(self.end)))?;
        file.write_all(bytes)
    }
}

fn read(mut file: &File, place: Place) -> io::Result<Kept> {
    file.seek(SeekFrom::Start(u64::from(place.0)))?;
    let mut lengths = [0; 8];
    file.read_exact(&mut lengths)?;
    let [a, b, c, d, e, f, g, h] = lengths;
    let mut head = vec![0; usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(0)];
    let mut body = vec![0; usize::try_from(u32::from_le_bytes([e, f, g, h])).unwrap_or(0)];
    file.read_exact(&mut head)?;
    file.read_exact(&mut body)?;
    Ok((head, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_in_any_order() {
        let mut bodies = Bodies::default();
        let places: Vec<Place> = (0..20_u8)
            .map(|n| bodies.keep(&[n], &vec![n; usize::from(n) * 100]).unwrap())
            .collect();
        for n in [19_u8, 0, 7] {
            let (head, body) = bodies.read(places[usize::from(n)]).unwrap().unwrap();
            assert_eq!((head, body.len()), (vec![n], usize::from(n) * 100));
        }
        assert_eq!(bodies.read(Bodies::NOWHERE).unwrap(), None);
    }

    #[test]
    fn beyond_the_bound_nothing_is_kept() {
        let mut bodies = Bodies { file: None, end: BYTES_MAX - 10 };
        assert_eq!(bodies.keep(b"head", b"body").unwrap(), Bodies::NOWHERE);
        assert_ne!(bodies.keep(b"h", b"b").unwrap(), Bodies::NOWHERE);
    }
}
