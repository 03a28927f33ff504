//! Draws the figure: flat, in colours that nobody has, with a word across it.
//!
//! Whole numbers alone, so that it is the same on every machine.

/// Red, green, blue.
pub(super) type Colour = [u8; 3];

/// What there is to draw.
pub(super) struct Figure {
    /// The colour of the wall.
    pub(super) wall: Colour,
    /// Who stands in front of it, if anybody does.
    pub(super) face: Option<Face>,
}

/// A face.
pub(super) struct Face {
    pub(super) skin: Colour,
    pub(super) hair: Colour,
    /// Half the head's width, in hundredths of the picture's.
    pub(super) broad: i64,
    /// Half the mouth's width, likewise.
    pub(super) mouth: i64,
}

/// The word, so that nobody can be taken for somebody.
const WORD: &str = "SYNTHETIC";

/// A letter is five dots wide and seven high, and there is one dot between two.
const DOTS_WIDE: i64 = 5;
const DOTS_HIGH: i64 = 7;

const INK: Colour = [16, 16, 16];
const PAPER: Colour = [250, 250, 250];

/// The colour of each dot, in lines from the top.
pub(super) fn draw(figure: &Figure, width: i64, height: i64) -> Vec<u8> {
    let mut dots = Vec::with_capacity(usize::try_from(width * height * 3).unwrap_or(0));
    for y in 0..height {
        for x in 0..width {
            // In ten-thousandths of the picture.
            let (across, down) = (x * 10_000 / width, y * 10_000 / height);
            dots.extend(
                banner(x, y, width, height).unwrap_or_else(|| person(figure, across, down)),
            );
        }
    }
    dots
}

/// The strip with the word, at the foot of the picture.
fn banner(x: i64, y: i64, width: i64, height: i64) -> Option<Colour> {
    let columns = i64::try_from(WORD.len()).ok()? * (DOTS_WIDE + 1) + 1;
    let dot = width / columns;
    let top = height - (DOTS_HIGH + 2) * dot;
    if dot == 0 || y < top {
        return None;
    }
    let left = (width - columns * dot) / 2 + dot;
    let (column, row) = ((x - left).div_euclid(dot), (y - top) / dot - 1);
    let (letter, column) = (column.div_euclid(DOTS_WIDE + 1), column.rem_euclid(DOTS_WIDE + 1));
    let letter = usize::try_from(letter).ok().and_then(|at| WORD.as_bytes().get(at));
    let line = usize::try_from(row).ok().and_then(|row| letter_of(*letter?).get(row).copied());
    let is_ink = line.is_some_and(|line| column < DOTS_WIDE && line >> (4 - column) & 1 == 1);
    Some(if is_ink { INK } else { PAPER })
}

/// The rows of a letter, from the top; five bits each.
const fn letter_of(letter: u8) -> [u8; 7] {
    match letter {
        b'S' => [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110],
        b'Y' => [0b10001, 0b10001, 0b01010, 0b00100, 0b00100, 0b00100, 0b00100],
        b'N' => [0b10001, 0b11001, 0b10101, 0b10101, 0b10011, 0b10001, 0b10001],
        b'T' => [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
        b'H' => [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
        b'E' => [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111],
        b'I' => [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b11111],
        b'C' => [0b01111, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b01111],
        _ => [0; 7],
    }
}

/// Wall, shoulders, hair, head, eyes and mouth, whichever is in front.
fn person(figure: &Figure, x: i64, y: i64) -> Colour {
    let Some(face) = &figure.face else {
        return figure.wall;
    };
    let within = |cx: i64, cy: i64, rx: i64, ry: i64| {
        let (dx, dy) = ((x - cx) * ry, (y - cy) * rx);
        dx * dx + dy * dy <= rx * rx * ry * ry
    };
    let head = face.broad * 100;
    let is_eye = within(3_900, 4_000, 450, 450) || within(6_100, 4_000, 450, 450);
    let is_mouth = (y - 5_900).abs() < 180 && (x - 5_000).abs() < face.mouth * 100;
    if is_eye || is_mouth {
        INK
    } else if within(5_000, 4_400, head, 2_900) && y > 2_600 {
        face.skin
    } else if within(5_000, 4_000, head + 300, 3_000) || within(5_000, 10_500, 4_200, 3_200) {
        face.hair
    } else {
        figure.wall
    }
}
