//! Parts of a picture: shapes, and the stretches of rows that they cover.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Columns and rows of a picture, from 0. What reaches beyond the picture is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "[u32; 4]", into = "[u32; 4]")]
pub struct Rectangle {
    /// The first column.
    pub x: u32,
    /// The first row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl From<[u32; 4]> for Rectangle {
    fn from([x, y, width, height]: [u32; 4]) -> Rectangle {
        Rectangle {
            x,
            y,
            width,
            height,
        }
    }
}

impl From<Rectangle> for [u32; 4] {
    fn from(of: Rectangle) -> [u32; 4] {
        [of.x, of.y, of.width, of.height]
    }
}

impl Rectangle {
    /// From corner to corner, the second one outside.
    pub fn of_corners(left: u32, top: u32, right: u32, bottom: u32) -> Rectangle {
        Rectangle {
            x: left,
            y: top,
            width: right.saturating_sub(left),
            height: bottom.saturating_sub(top),
        }
    }

    /// The column behind the last.
    pub fn right(&self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// The row behind the last.
    pub fn bottom(&self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// The rectangle with so many columns and rows more on each side.
    pub fn widened(&self, by: u32) -> Rectangle {
        Rectangle::of_corners(
            self.x.saturating_sub(by),
            self.y.saturating_sub(by),
            self.right().saturating_add(by),
            self.bottom().saturating_add(by),
        )
    }

    fn columns_in(&self, row: u32) -> Range<u32> {
        if (self.y..self.bottom()).contains(&row) {
            self.x..self.right()
        } else {
            0..0
        }
    }
}

/// A part of a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// All of it.
    Whole,
    /// A rectangle.
    Rectangle(Rectangle),
    /// The ellipse that touches the sides of a rectangle.
    Ellipse(Rectangle),
    /// Between points (column, row), which count as corners of pixels.
    Polygon(Vec<[u32; 2]>),
    /// Everything but these rectangles.
    Outside(Vec<Rectangle>),
}

impl Shape {
    /// Which columns of a row it covers, of a picture of so many columns. Whoever blanks wants all
    /// pixels that are touched, so that borders count as inside.
    fn columns_in(&self, row: u32, columns: u32) -> Vec<Range<u32>> {
        match self {
            Shape::Whole => std::iter::once(0..columns).collect(),
            Shape::Rectangle(rectangle) => vec![rectangle.columns_in(row)],
            Shape::Ellipse(rectangle) => vec![ellipse(rectangle, row)],
            Shape::Polygon(points) => polygon(points, row),
            Shape::Outside(kept) => {
                let mut inside: Vec<_> = kept.iter().map(|one| one.columns_in(row)).collect();
                tidy(&mut inside, columns);
                let mut outside = Vec::with_capacity(inside.len() + 1);
                let mut from = 0;
                for range in inside {
                    outside.push(from..range.start);
                    from = range.end;
                }
                outside.push(from..columns);
                outside
            }
        }
    }
}

fn ellipse(of: &Rectangle, row: u32) -> Range<u32> {
    if of.columns_in(row).is_empty() {
        return 0..0;
    }
    let (half_width, half_height) = (f64::from(of.width) / 2.0, f64::from(of.height) / 2.0);
    let (middle_x, middle_y) = (f64::from(of.x) + half_width, f64::from(of.y) + half_height);
    // The row's widest line.
    let (top, bottom) = (f64::from(row), f64::from(row) + 1.0);
    let y = middle_y.clamp(top, bottom) - middle_y;
    let reach = half_width * (1.0 - (y / half_height).powi(2)).max(0.0).sqrt();
    whole(middle_x - reach, middle_x + reach)
}

/// Even-odd, on three lines of the row.
fn polygon(points: &[[u32; 2]], row: u32) -> Vec<Range<u32>> {
    let mut ranges = Vec::new();
    for line in [0.001, 0.5, 0.999] {
        let y = f64::from(row) + line;
        let next = points.iter().cycle().skip(1);
        let mut crossings: Vec<f64> = points
            .iter()
            .zip(next)
            .filter_map(|(from, to)| {
                let [x0, y0] = from.map(f64::from);
                let [x1, y1] = to.map(f64::from);
                ((y0 <= y) != (y1 <= y)).then(|| x0 + (y - y0) / (y1 - y0) * (x1 - x0))
            })
            .collect();
        crossings.sort_by(f64::total_cmp);
        let pairs = crossings.as_chunks::<2>().0;
        ranges.extend(pairs.iter().map(|[from, to]| whole(*from, *to)));
    }
    ranges
}

/// All pixels that are touched between two places of a row, both at least 0.
fn whole(from: f64, to: f64) -> Range<u32> {
    from.max(0.0).floor() as u32..to.max(0.0).ceil() as u32
}

/// Cuts, sorts and joins.
fn tidy(ranges: &mut Vec<Range<u32>>, columns: u32) {
    for range in ranges.iter_mut() {
        range.end = range.end.min(columns);
    }
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
}

/// Pixels of a picture, as stretches of its rows: sorted, apart, not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    rows: Vec<(u32, Vec<Range<u32>>)>,
}

impl Spans {
    /// What shapes cover of a picture.
    pub fn of<'s>(
        shapes: impl IntoIterator<Item = &'s Shape> + Clone,
        rows: u32,
        columns: u32,
    ) -> Spans {
        let rows = (0..rows).filter_map(|row| {
            let mut ranges: Vec<_> = shapes
                .clone()
                .into_iter()
                .flat_map(|shape| shape.columns_in(row, columns))
                .collect();
            tidy(&mut ranges, columns);
            (!ranges.is_empty()).then_some((row, ranges))
        });
        Spans {
            rows: rows.collect(),
        }
    }

    /// The pixels, row by row, of which `is_in` says that they belong.
    pub fn of_pixels(rows: u32, columns: u32, is_in: impl Fn(u32, u32) -> bool) -> Spans {
        let rows = (0..rows).filter_map(|row| {
            let mut ranges: Vec<Range<u32>> = Vec::new();
            for column in (0..columns).filter(|column| is_in(*column, row)) {
                match ranges.last_mut() {
                    Some(last) if last.end == column => last.end += 1,
                    _ => ranges.push(column..column + 1),
                }
            }
            (!ranges.is_empty()).then_some((row, ranges))
        });
        Spans {
            rows: rows.collect(),
        }
    }

    /// Rows with their stretches.
    pub fn rows(&self) -> &[(u32, Vec<Range<u32>>)] {
        &self.rows
    }

    /// No pixel at all.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many pixels.
    pub fn pixels(&self) -> u64 {
        let stretches = self.rows.iter().flat_map(|(_, ranges)| ranges);
        stretches
            .map(|range| u64::from(range.end - range.start))
            .sum()
    }

    /// Is a pixel in?
    pub fn contains(&self, column: u32, row: u32) -> bool {
        self.rows
            .binary_search_by_key(&row, |(row, _)| *row)
            .ok()
            .and_then(|at| self.rows.get(at))
            .is_some_and(|(_, ranges)| ranges.iter().any(|range| range.contains(&column)))
    }

    /// With all pixels of each group of `across` columns and `down` rows that is touched, since
    /// they share colors. `columns` and `rows` are the picture's.
    pub fn snapped(&self, across: u32, down: u32, rows: u32, columns: u32) -> Spans {
        if across <= 1 && down <= 1 {
            return self.clone();
        }
        let mut groups: std::collections::BTreeMap<u32, Vec<Range<u32>>> = Default::default();
        for (row, ranges) in &self.rows {
            let group = groups.entry(row / down).or_default();
            group.extend(
                ranges
                    .iter()
                    .map(|range| range.start / across * across..range.end.next_multiple_of(across)),
            );
        }
        let mut snapped = Vec::new();
        for (group, mut ranges) in groups {
            tidy(&mut ranges, columns);
            let last = ((group + 1) * down).min(rows);
            snapped.extend((group * down..last).map(|row| (row, ranges.clone())));
        }
        Spans { rows: snapped }
    }

    /// The same pixels as few rectangles, for reports.
    pub fn rectangles(&self) -> Vec<Rectangle> {
        let mut open: Vec<Rectangle> = Vec::new();
        let mut done = Vec::new();
        for (row, ranges) in &self.rows {
            let (growing, closed): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|one: &Rectangle| {
                    one.bottom() == *row && ranges.contains(&(one.x..one.right()))
                });
            done.extend(closed);
            open = growing;
            for range in ranges {
                match open
                    .iter_mut()
                    .find(|one| (one.x, one.right()) == (range.start, range.end))
                {
                    Some(one) => one.height += 1,
                    None => open.push(Rectangle::of_corners(range.start, *row, range.end, row + 1)),
                }
            }
        }
        done.extend(open);
        done.sort_by_key(|one| (one.y, one.x));
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_and_what_is_inside_make_up_the_picture() {
        let kept = vec![
            Rectangle::from([3, 2, 4, 5]),
            Rectangle::from([5, 4, 90, 2]),
        ];
        let outside = Spans::of([&Shape::Outside(kept.clone())], 10, 12);
        let shapes: Vec<_> = kept.into_iter().map(Shape::Rectangle).collect();
        let inside = Spans::of(&shapes, 10, 12);
        for at in 0..120 {
            let (column, row) = (at % 12, at / 12);
            assert_ne!(outside.contains(column, row), inside.contains(column, row));
        }
        assert_eq!(outside.pixels() + inside.pixels(), 120);
    }

    #[test]
    fn spans_come_back_as_rectangles() {
        let shapes = [[1, 1, 3, 4], [6, 2, 2, 2], [0, 8, 12, 1]].map(Rectangle::from);
        let spans = Spans::of(&shapes.map(Shape::Rectangle), 10, 12);
        let mut expected = shapes.to_vec();
        expected.sort_by_key(|one| (one.y, one.x));
        assert_eq!(spans.rectangles(), expected);
    }

    #[test]
    fn ellipses_and_polygons_cover_their_middle_and_not_their_corners() {
        let frame = Rectangle::from([10, 10, 40, 20]);
        let ellipse = Spans::of([&Shape::Ellipse(frame)], 50, 60);
        let diamond = Shape::Polygon(vec![[30, 10], [50, 20], [30, 30], [10, 20]]);
        let diamond = Spans::of([&diamond], 50, 60);
        for spans in [&ellipse, &diamond] {
            assert!(spans.contains(30, 20) && spans.contains(30, 11) && spans.contains(12, 20));
            assert!(!spans.contains(10, 10) && !spans.contains(49, 29) && !spans.contains(9, 20));
        }
        let area = std::f64::consts::PI * 200.0;
        assert!((ellipse.pixels() as f64) >= area && (ellipse.pixels() as f64) < area * 1.15);
    }

    #[test]
    fn pixels_that_share_colors_go_together() {
        let spans = Spans::of([&Shape::Rectangle([3, 3, 2, 1].into())], 9, 9);
        let snapped = spans.snapped(2, 2, 9, 9);
        assert_eq!(snapped.rectangles(), [Rectangle::from([2, 2, 4, 2])]);
        let last = Spans::of([&Shape::Rectangle([8, 8, 1, 1].into())], 9, 9);
        assert_eq!(
            last.snapped(2, 2, 9, 9).rectangles(),
            [Rectangle::from([8, 8, 1, 1])]
        );
    }
}
