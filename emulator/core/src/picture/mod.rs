//! The picture that a device takes of whoever stands at it: a drawn figure, unmistakably nobody, as a baseline
//! JPEG.
//!
//! It is a function of who is seen and of the moment, so nothing of it is kept: it is made again when it is
//! asked for, and is the same to the byte (R-V1-10). The encoder is used as a pure function, without the
//! parts of it that look at the machine.

mod figure;

use jpeg_encoder::{ColorType, Encoder};
use rand::Rng;

use self::figure::{Colour, Face, Figure};
use crate::seed::Seed;

/// How many bytes a picture has: at most three fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageBytes(u32);

impl ImageBytes {
    /// The least: with fewer the word across the picture could not be read.
    pub const MIN: u32 = 6_000;
    /// The most: a device has one in memory for each exchange, and a push carries it by a third longer.
    pub const MAX: u32 = 1_000_000;

    /// That many; none outside the bounds.
    #[must_use]
    pub const fn new(bytes: u32) -> Option<Self> {
        if bytes < Self::MIN || bytes > Self::MAX { None } else { Some(Self(bytes)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for ImageBytes {
    /// Within one slice as platforms usually ask for them (R-V3-26).
    fn default() -> Self {
        Self(30_000)
    }
}

/// What is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Whose face, if there is one: the same one always looks the same.
    pub face: Option<Seed>,
    /// What makes this picture another than the next.
    pub moment: Seed,
}

/// The quality at which a noisy picture is about as large as it has dots.
const QUALITY: u8 = 90;

/// How far a dot is off, as in any camera; it gives a picture its size.
const NOISE: u8 = 16;

/// The narrowest picture on which the word can be read.
const WIDTH_MIN: u32 = 56;

/// By how much a picture that came out too large is made narrower.
const WIDTH_STEP: u32 = 4;

/// The picture of that scene, of that size.
#[must_use]
pub fn jpeg(scene: &Scene, size: ImageBytes) -> Vec<u8> {
    let figure = figure(scene);
    let mut width = width_of(size);
    loop {
        let picture = encoded(&figure, scene.moment, width);
        if picture.len() <= size.get() as usize || width <= WIDTH_MIN {
            return filled(&picture, size.get() as usize);
        }
        width -= WIDTH_STEP;
    }
}

/// A width at which a picture has a little less than that size: it was measured to have 0.725 bytes for the
/// width's square and 31 for the width, and is a quarter higher than wide.
fn width_of(size: ImageBytes) -> u32 {
    let root = (961 + (size.get() - 400) * 29 / 10).isqrt();
    let width = (root - 31) * 100 / 145 * 99 / 100;
    (width / WIDTH_STEP * WIDTH_STEP).max(WIDTH_MIN)
}

/// One of the list.
fn pick<T: Copy>(of: &[T], by: u64) -> T {
    of[usize::try_from(by % of.len() as u64).expect("less than a list's length")]
}

/// Colours of walls, and those of skin and hair, which nobody has.
const WALLS: [Colour; 4] = [[200, 210, 190], [190, 200, 215], [215, 205, 190], [205, 205, 205]];
const SKINS: [Colour; 6] = [
    [60, 180, 170],
    [150, 110, 220],
    [90, 170, 90],
    [80, 140, 230],
    [220, 120, 190],
    [160, 190, 60],
];
const HAIRS: [Colour; 5] =
    [[120, 40, 160], [20, 110, 60], [20, 60, 160], [170, 30, 90], [60, 60, 60]];

fn figure(scene: &Scene) -> Figure {
    let face = scene.face.map(|seed| {
        let trait_of = |name: &str| seed.named(name).bits();
        Face {
            skin: pick(&SKINS, trait_of("skin")),
            hair: pick(&HAIRS, trait_of("hair")),
            broad: pick(&[21, 23, 25, 27, 29], trait_of("broad")),
            mouth: pick(&[6, 9, 12, 15], trait_of("mouth")),
        }
    });
    Figure { wall: pick(&WALLS, scene.moment.named("wall").bits()), face }
}

fn encoded(figure: &Figure, moment: Seed, width: u32) -> Vec<u8> {
    let height = width / 4 * 5;
    let mut dots = figure::draw(figure, width.into(), height.into());
    let mut generator = moment.named("noise").generator();
    for dots in dots.chunks_mut(8) {
        for (dot, noise) in dots.iter_mut().zip(generator.next_u64().to_le_bytes()) {
            *dot = dot.saturating_add(noise % (NOISE * 2 + 1)).saturating_sub(NOISE);
        }
    }
    let (width, height) = (narrow(width), narrow(height));
    let mut picture = Vec::new();
    Encoder::new(&mut picture, QUALITY)
        .encode(&dots, width, height, ColorType::Rgb)
        .expect("neither side is 0, and memory has no errors");
    picture
}

fn narrow(side: u32) -> u16 {
    u16::try_from(side).expect("a picture of a million bytes has fewer dots a side")
}

/// A comment of the format: its mark, its length with these two bytes, and what it says.
const COMMENT: [u8; 2] = [0xff, 0xfe];
const COMMENT_HEAD: usize = 4;
const COMMENT_MAX: usize = 2 + u16::MAX as usize;

/// The picture with so many comments that it has that size, if it is smaller.
fn filled(picture: &[u8], size: usize) -> Vec<u8> {
    let (start, rest) = picture.split_at(2);
    let mut whole = Vec::with_capacity(size.max(picture.len()));
    whole.extend(start);
    let mut missing = size.saturating_sub(picture.len());
    while missing >= COMMENT_HEAD {
        let mut length = missing.min(COMMENT_MAX);
        // What is left must be nothing, or room for another one.
        if (1..COMMENT_HEAD).contains(&(missing - length)) {
            length -= COMMENT_HEAD;
        }
        whole.extend(COMMENT);
        whole.extend(u16::try_from(length - 2).unwrap_or(u16::MAX).to_be_bytes());
        whole.extend(std::iter::repeat_n(b' ', length - COMMENT_HEAD));
        missing -= length;
    }
    whole.extend(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(number: u64) -> Scene {
        let seed = Seed::root(number);
        Scene { face: Some(seed.named("face")), moment: seed.named("moment") }
    }

    #[test]
    fn a_picture_has_its_size() {
        for bytes in [ImageBytes::MIN, 6_001, 7_777, 30_000, 65_536, 100_003, 250_000] {
            let size = ImageBytes::new(bytes).expect("within the bounds");
            for number in 0..3 {
                let length = jpeg(&scene(number), size).len();
                let wanted = bytes as usize;
                assert!((wanted - 3..=wanted).contains(&length), "{bytes}: {length}");
            }
        }
        for bad in [0, ImageBytes::MIN - 1, ImageBytes::MAX + 1] {
            assert_eq!(ImageBytes::new(bad), None);
        }
    }

    #[test]
    fn a_picture_is_one_jpeg_from_its_start_to_its_end() {
        for scene in [scene(1), Scene { face: None, ..scene(1) }] {
            let picture = jpeg(&scene, ImageBytes::default());
            assert_eq!(marks(&picture), "d8 fe e0 c0 db db c4 c4 c4 c4 da d9");
        }
    }

    /// The kinds of the segments, in order.
    fn marks(picture: &[u8]) -> String {
        let mut marks = vec![picture[1]];
        let mut at = 2;
        while marks.last() != Some(&0xda) {
            assert_eq!(picture[at], 0xff, "a segment begins at {at}");
            marks.push(picture[at + 1]);
            at += 2 + usize::from(u16::from_be_bytes([picture[at + 2], picture[at + 3]]));
        }
        assert_eq!(picture[picture.len() - 2], 0xff);
        marks.push(picture[picture.len() - 1]);
        let marks: Vec<String> = marks.iter().map(|mark| format!("{mark:02x}")).collect();
        marks.join(" ")
    }

    #[test]
    fn the_same_is_the_same_and_another_is_another() {
        let size = ImageBytes::default();
        assert_eq!(jpeg(&scene(1), size), jpeg(&scene(1), size));
        let other = Scene { moment: scene(2).moment, ..scene(1) };
        assert_ne!(jpeg(&scene(1), size), jpeg(&other, size));
        let face = Scene { face: scene(2).face, ..scene(1) };
        assert_ne!(jpeg(&scene(1), size), jpeg(&face, size));
    }

    /// The bytes are what platforms got before: on every machine and in every release.
    #[test]
    fn a_picture_is_pinned() {
        let picture = jpeg(&scene(7), ImageBytes::default());
        let sum = picture
            .iter()
            .fold(0_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
        assert_eq!((picture.len(), sum), (30_000, 6_911_580_841_786_300_207));
    }
}
