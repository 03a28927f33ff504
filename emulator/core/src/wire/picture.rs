//! The picture of an entry, in both APIs the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::view::View;
use crate::event::{Entry, Photo, Subject};
use crate::picture::{Scene, jpeg};
use crate::seed::Seed;

/// The picture of an entry, a JPEG; none where none was taken.
pub(super) fn of(view: &View, entry: &Entry) -> Option<Vec<u8>> {
    match entry.fact.photo() {
        Photo::None => None,
        Photo::Taken => Some(jpeg(&scene(view, entry), view.setup.image_bytes)),
    }
}

/// A person looks the same at every door, and so does a stranger; no two pictures are the same.
fn scene(view: &View, entry: &Entry) -> Scene {
    let faces = Seed::root(0).named("faces");
    let face = match entry.fact.subject() {
        Subject::Nobody => None,
        Subject::Person(person) => Some(faces.named(&view.roster.shown_uid(person).to_string())),
        Subject::Stranger(bytes) => Some(faces.named("stranger").named(&format!("{bytes:?}"))),
    };
    Scene { face, moment: view.seed.named("picture").numbered(entry.index.get()) }
}

/// As it stands in a message.
pub(super) fn text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
