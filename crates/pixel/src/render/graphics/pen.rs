//! Lines, surfaces and text on a picture.

use super::super::font;
use super::super::picture::Canvas;
use super::Justification;

/// The most picture elements that are touched: states from outside must end.
pub(super) const MOST_WORK: u64 = 200_000_000;

/// Draws on a canvas.
pub(super) struct Pen<'a> {
    pub canvas: Canvas<'a>,
    /// Picture elements touched so far.
    pub work: u64,
}

impl Pen<'_> {
    /// A line of a width, its edges smooth.
    pub fn line(&mut self, from: [f64; 2], to: [f64; 2], width: f64, color: [u8; 3]) {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let is_steep = dy.abs() > dx.abs();
        // `along` is the longer direction.
        let turn = |[x, y]: [f64; 2]| if is_steep { [y, x] } else { [x, y] };
        let (mut begin, mut end) = (turn(from), turn(to));
        if begin[0] > end[0] {
            std::mem::swap(&mut begin, &mut end);
        }
        let length = end[0] - begin[0];
        let slope = if length > 0.0 {
            (end[1] - begin[1]) / length
        } else {
            0.0
        };
        let stretch = (1.0 + slope * slope).sqrt();
        let half = width / 2.0;
        let limit = if is_steep {
            self.canvas.height
        } else {
            self.canvas.width
        };
        let first = (begin[0] - half).floor().max(0.0);
        let last = (end[0] + half).ceil().min(f64::from(limit));
        // Within the picture.
        for along in first as i64..last as i64 {
            let center = along as f64 + 0.5;
            let middle = begin[1] + slope * (center - begin[0]);
            let reach = (half + 1.0) * stretch;
            let (low, high) = (
                (middle - reach).floor() as i64,
                (middle + reach).ceil() as i64,
            );
            let cap = (begin[0] - half - center + 0.5).max(center - end[0] - half + 0.5);
            let end_cover = (1.0 - cap).clamp(0.0, 1.0);
            for across in low..high {
                self.work += 1;
                if self.work > MOST_WORK {
                    return;
                }
                let distance = (across as f64 + 0.5 - middle).abs() / stretch;
                let cover = (half + 0.5 - distance).clamp(0.0, 1.0) * end_cover;
                if cover > 0.0 {
                    let (x, y) = if is_steep {
                        (across, along)
                    } else {
                        (along, across)
                    };
                    self.canvas.mix(x, y, color, cover as f32);
                }
            }
        }
    }

    /// Fills the inside of a closed line.
    pub fn fill(&mut self, line: &[[f64; 2]], color: [u8; 3]) {
        for row in 0..i64::from(self.canvas.height) {
            let y = row as f64 + 0.5;
            let mut crossings: Vec<f64> = line
                .iter()
                .zip(line.iter().cycle().skip(1))
                .filter(|(from, to)| (from[1] <= y) != (to[1] <= y))
                .map(|(from, to)| from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0]))
                .collect();
            self.work += line.len() as u64;
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let &[from, to] = pair else { continue };
                let end = to.round().min(f64::from(self.canvas.width)) as i64;
                for x in from.round().max(0.0) as i64..end {
                    self.work += 1;
                    self.canvas.set(x, row, color);
                }
            }
            if self.work > MOST_WORK {
                return;
            }
        }
    }

    /// Text in a box, or at its anchor; returns the corner of the text.
    pub fn text(
        &mut self,
        text: &str,
        corners: Option<[[f64; 2]; 2]>,
        anchor: Option<[f64; 2]>,
        justification: Justification,
        base: f64,
        color: [u8; 3],
    ) -> [f64; 2] {
        let (columns, rows) = font::extent(text);
        let usual = base.round().max(1.0);
        let (corner, scale, room) = match corners {
            Some([a, b]) => {
                let corner = [a[0].min(b[0]), a[1].min(b[1])];
                let (width, height) = ((a[0] - b[0]).abs(), (a[1] - b[1]).abs());
                let fit = (width / columns.max(1) as f64)
                    .min(height / rows.max(1) as f64)
                    .floor();
                (corner, fit.clamp(1.0, 4.0 * usual), width)
            }
            None => (anchor.unwrap_or_default(), usual, 0.0),
        };
        let scale = scale as i64;
        for (at, line) in (0..).zip(text.lines()) {
            let left_over = room - (font::extent(line).0 * scale) as f64;
            let shift = match justification {
                Justification::Left => 0.0,
                Justification::Center => left_over / 2.0,
                Justification::Right => left_over,
            };
            let y = corner[1].round() as i64 + at * font::LINE * scale;
            if y > i64::from(self.canvas.height) || self.work > MOST_WORK {
                break;
            }
            self.work += line.len() as u64 * 64 * (scale * scale).unsigned_abs();
            let x = (corner[0] + shift).round() as i64;
            font::write(&mut self.canvas, x, y, scale, color, line);
        }
        corner
    }
}
