//! One picture: figures over the seconds of a flood, as lines.

use std::fmt::Write;

use maud::{Markup, html};

/// The drawing, in its own units; the page stretches it.
const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 220.0;

/// Room for the numbers at the left and below.
const LEFT: f64 = 64.0;
const BELOW: f64 = 24.0;
const ABOVE: f64 = 8.0;

/// More points than this are narrower than a pixel: several seconds become one.
const POINTS_MAX: usize = 600;

/// How several seconds become one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Together {
    /// The mean of those there are.
    Mean,
    /// The largest: a peak must not vanish.
    Max,
}

/// How a height follows from a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// In proportion, from 0.
    Linear,
    /// By powers of ten.
    Logarithmic,
}

/// A line: its name, which is its colour's class, too, and a value for each second that has one.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) class: &'static str,
    pub(super) values: Vec<Option<f64>>,
}

/// What a picture is of.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) together: Together,
    pub(super) scale: Scale,
    pub(super) lines: Vec<Line>,
}

impl Chart<'_> {
    /// The picture, with a legend.
    pub(super) fn draw(&self) -> Markup {
        let seconds = self.lines.iter().map(|line| line.values.len()).max().unwrap_or(0);
        let step = seconds.div_ceil(POINTS_MAX).max(1);
        let lines: Vec<_> = self.lines.iter().map(|line| (line, self.points(line, step))).collect();
        let values = || lines.iter().flat_map(|(_, points)| points.iter().flatten().copied());
        let axis = Axis::of(self.scale, values());
        let across = Across { points: seconds.div_ceil(step), step };
        html! {
            figure {
                figcaption { b { (self.title) } " " span.faint { (self.note) } }
                svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(self.title) {
                    @for tick in axis.ticks() {
                        @let y = axis.height(tick);
                        line.grid x1=(LEFT) x2=(WIDTH) y1=(tenths(y)) y2=(tenths(y)) {}
                        text.tick x=(LEFT - 6.0) y=(tenths(y + 4.0)) text-anchor="end" { (short(tick)) }
                    }
                    @for second in across.ticks() {
                        text.tick x=(tenths(across.x_of_second(second))) y=(HEIGHT - 6.0) text-anchor="middle" {
                            (second) " s"
                        }
                    }
                    @for (line, points) in &lines {
                        path.line.(line.class) d=(path(points, &axis, &across)) { title { (line.name) } }
                    }
                }
                ul.legend {
                    @for line in &self.lines { li { span.dot.(line.class) {} (line.name) } }
                    @if step > 1 { li.faint { "a point is " (step) " seconds" } }
                }
            }
        }
    }

    fn points(&self, line: &Line, step: usize) -> Vec<Option<f64>> {
        let together = |values: &[Option<f64>]| {
            let there: Vec<f64> = values.iter().flatten().copied().collect();
            #[expect(clippy::cast_precision_loss, reason = "few seconds")]
            let count = there.len() as f64;
            match self.together {
                _ if there.is_empty() => None,
                Together::Mean => Some(there.iter().sum::<f64>() / count),
                Together::Max => there.into_iter().reduce(f64::max),
            }
        };
        line.values.chunks(step).map(together).collect()
    }
}

/// From values to heights.
struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
}

impl Axis {
    fn of(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let most = values.clone().fold(0.0, f64::max);
        match scale {
            Scale::Linear => Self { scale, from: 0.0, to: round_up(most) },
            Scale::Logarithmic => {
                let least = values.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
                let from = if least.is_finite() { least.log10().floor() } else { 0.0 };
                let to = if most > 0.0 { most.log10().ceil() } else { 1.0 };
                Self { scale, from, to: to.max(from + 1.0) }
            }
        }
    }

    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => (0..=4_u32).map(|part| self.to * f64::from(part) / 4.0).collect(),
            Scale::Logarithmic => {
                let mut ticks = Vec::new();
                let mut power = self.from;
                while power <= self.to {
                    ticks.push(10_f64.powf(power));
                    power += 1.0;
                }
                ticks
            }
        }
    }

    fn height(&self, value: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
        };
        let part = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        (HEIGHT - BELOW) - part * (HEIGHT - BELOW - ABOVE)
    }
}

/// From points to places from left to right.
struct Across {
    points: usize,
    step: usize,
}

impl Across {
    #[expect(clippy::cast_precision_loss, reason = "at most a day of seconds")]
    fn x(&self, point: usize) -> f64 {
        let last = self.points.saturating_sub(1).max(1) as f64;
        LEFT + point as f64 / last * (WIDTH - LEFT - 12.0)
    }

    fn x_of_second(&self, second: usize) -> f64 {
        self.x(second / self.step)
    }

    /// Five seconds or fewer, equally far apart.
    fn ticks(&self) -> Vec<usize> {
        let each = (self.points.saturating_sub(1)).div_ceil(5).max(1);
        (0..self.points).step_by(each).map(|point| point * self.step).collect()
    }
}

/// The line's way; where there is no value it breaks off. A point alone is a short dash.
fn path(points: &[Option<f64>], axis: &Axis, across: &Across) -> String {
    let mut way = String::new();
    let mut is_down = false;
    for (place, value) in points.iter().enumerate() {
        let Some(value) = value else {
            is_down = false;
            continue;
        };
        let (x, y) = (across.x(place), axis.height(*value));
        // Writing to a string does not fail.
        let _ =
            if is_down { write!(way, "L{x:.1} {y:.1}") } else { write!(way, "M{x:.1} {y:.1}h1") };
        is_down = true;
    }
    way
}

/// The next number that is 1, 2, 4 or 8 times a power of ten: its quarters are short.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 4.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let round = [1.0, 2.0, 4.0, 8.0, 10.0].into_iter().find(|times| value <= times * power);
    round.unwrap_or(10.0) * power
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
}

/// A number in a few characters.
fn short(number: f64) -> String {
    let (number, unit) = match number {
        large if large >= 1e6 => (large / 1e6, "M"),
        large if large >= 1e4 => (large / 1e3, "k"),
        small => (small, ""),
    };
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_the_axes_are_short() {
        for (number, text) in
            [(0.0, "0"), (0.25, "0.25"), (1500.0, "1500"), (20_000.0, "20k"), (2.5e6, "2.5M")]
        {
            assert_eq!(short(number), text);
        }
        for (value, round) in [(0.0, 4.0), (3.0, 4.0), (81.0, 100.0), (1000.0, 1000.0)] {
            assert!((round_up(value) - round).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn a_line_breaks_off_where_there_is_nothing() {
        let axis = Axis::of(Scale::Linear, [4.0].into_iter());
        let across = Across { points: 4, step: 1 };
        let way = path(&[Some(0.0), Some(4.0), None, Some(2.0)], &axis, &across);
        assert_eq!(way.matches('M').count(), 2, "{way}");
        assert_eq!(way.matches('L').count(), 1, "{way}");
    }
}
