//! Display shutters (PS3.3 §C.7.6.11, §C.7.6.15, frame display shutter §C.7.6.16.2.16).

use sagittal_core::{DataSet, tags};

use super::lab;
use super::overlay::{self, Overlay};
use super::picture::Canvas;
use crate::Frame;

/// The shutters of a frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Shutters {
    shapes: Vec<Shape>,
    bitmap: Option<Overlay>,
    color: [u8; 3],
}

/// What stays visible. Rows and columns from 1.
#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Rectangle {
        left: i64,
        right: i64,
        upper: i64,
        lower: i64,
    },
    Circle {
        row: i64,
        column: i64,
        radius: i64,
    },
    /// Row and column of each vertex.
    Polygon(Vec<(f64, f64)>),
}

impl Shutters {
    /// Reads the module or the functional group's item. `bitmaps` holds the overlay of a bitmap
    /// shutter.
    pub fn read(place: &DataSet, bitmaps: &DataSet, frame_number: u32) -> Shutters {
        let mut shutters = Shutters {
            color: color(place),
            ..Shutters::default()
        };
        for term in place.texts(tags::SHUTTER_SHAPE) {
            let shape = match term.as_str() {
                "RECTANGULAR" => rectangle(place),
                "CIRCULAR" => circle(place),
                "POLYGONAL" => polygon(place),
                "BITMAP" => {
                    shutters.bitmap = place
                        .int(tags::SHUTTER_OVERLAY_GROUP)
                        .and_then(|group| u16::try_from(group).ok())
                        .and_then(|group| overlay::read_group(bitmaps, group, frame_number));
                    None
                }
                _ => None,
            };
            shutters.shapes.extend(shape);
        }
        shutters
    }

    /// No shutters at all.
    pub fn is_empty(&self) -> bool {
        self.shapes.is_empty() && self.bitmap.is_none()
    }

    /// The overlay group that is a shutter, not an overlay.
    pub fn bitmap_group(&self) -> Option<u16> {
        self.bitmap.as_ref().map(|bitmap| bitmap.group)
    }

    /// Covers what the shutters cover: what any of them hides.
    pub fn apply(&self, frame: &Frame, canvas: &mut Canvas<'_>) {
        for y in 0..i64::from(canvas.height) {
            for shape in &self.shapes {
                let visible = shape.visible_in_row(y + 1);
                let mut x = 0;
                for (from, to) in visible {
                    for hidden in x..from.clamp(x, canvas.width.into()) {
                        canvas.set(hidden, y, self.color);
                    }
                    x = to.max(x);
                }
                for hidden in x..i64::from(canvas.width) {
                    canvas.set(hidden, y, self.color);
                }
            }
        }
        if let Some(bitmap) = &self.bitmap {
            bitmap.cover(frame, canvas, self.color);
        }
    }
}

/// Shutter Presentation Value (0018,1622) or its color; black if absent.
fn color(place: &DataSet) -> [u8; 3] {
    lab::read(place, tags::SHUTTER_PRESENTATION_COLOR_CIELAB_VALUE).unwrap_or_else(|| {
        let grey = place.int(tags::SHUTTER_PRESENTATION_VALUE).unwrap_or(0);
        [u8::try_from(grey.clamp(0, 0xFFFF) >> 8).unwrap_or(0); 3]
    })
}

fn rectangle(place: &DataSet) -> Option<Shape> {
    Some(Shape::Rectangle {
        left: place.int(tags::SHUTTER_LEFT_VERTICAL_EDGE)?,
        right: place.int(tags::SHUTTER_RIGHT_VERTICAL_EDGE)?,
        upper: place.int(tags::SHUTTER_UPPER_HORIZONTAL_EDGE)?,
        lower: place.int(tags::SHUTTER_LOWER_HORIZONTAL_EDGE)?,
    })
}

fn circle(place: &DataSet) -> Option<Shape> {
    match place.ints(tags::CENTER_OF_CIRCULAR_SHUTTER).as_slice() {
        &[row, column] => Some(Shape::Circle {
            row,
            column,
            radius: place.int(tags::RADIUS_OF_CIRCULAR_SHUTTER)?,
        }),
        _ => None,
    }
}

fn polygon(place: &DataSet) -> Option<Shape> {
    let vertices: Vec<(f64, f64)> = place
        .ints(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER)
        .chunks_exact(2)
        .filter_map(|pair| <[i64; 2]>::try_from(pair).ok())
        .map(|[row, column]| (row as f64, column as f64))
        .collect();
    (vertices.len() >= 3).then_some(Shape::Polygon(vertices))
}

impl Shape {
    /// The stretches of columns (from 0, the end left out) that stay visible in a row (from 1).
    fn visible_in_row(&self, row: i64) -> Vec<(i64, i64)> {
        match self {
            &Shape::Rectangle {
                left,
                right,
                upper,
                lower,
            } => {
                if (upper..=lower).contains(&row) {
                    vec![(left.saturating_sub(1), right)]
                } else {
                    Vec::new()
                }
            }
            &Shape::Circle {
                row: middle,
                column,
                radius,
            } => {
                let (radius, above) = (radius as f64, (row - middle) as f64);
                let half = (radius * radius - above * above).sqrt();
                if half.is_nan() {
                    return Vec::new();
                }
                // Saturates.
                let half = half.floor() as i64;
                vec![(column.saturating_sub(half + 1), column.saturating_add(half))]
            }
            Shape::Polygon(vertices) => {
                let y = row as f64;
                let mut crossings: Vec<f64> = vertices
                    .iter()
                    .zip(vertices.iter().cycle().skip(1))
                    .filter(|((from, _), (to, _))| (*from <= y) != (*to <= y))
                    .map(|((y0, x0), (y1, x1))| x0 + (y - y0) / (y1 - y0) * (x1 - x0))
                    .collect();
                crossings.sort_by(f64::total_cmp);
                // Saturates; columns from 1 become columns from 0.
                crossings
                    .chunks_exact(2)
                    .filter_map(|pair| <[f64; 2]>::try_from(pair).ok())
                    .map(|[from, to]| (from.ceil() as i64 - 1, to.floor() as i64))
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples::tests::grey16;
    use super::super::{Picture, Pixels};
    use super::*;

    /// What a shutter leaves of a white 8×8 picture: rows of stars.
    fn visible(place: &DataSet) -> Vec<String> {
        let mut picture = Picture::new(8, 8, Pixels::Grey8(vec![255; 64])).unwrap();
        let frame = grey16(8, 16, 15, false, &[0; 64]);
        let shutters = Shutters::read(place, place, 1);
        shutters.apply(&frame, &mut picture.canvas().unwrap());
        let Pixels::Grey8(pixels) = picture.pixels else {
            unreachable!()
        };
        let row = |row: &[u8]| {
            row.iter()
                .map(|&p| if p == 255 { '*' } else { '.' })
                .collect()
        };
        pixels.chunks(8).map(row).collect()
    }

    #[test]
    fn a_rectangle_shows_what_is_in_it() {
        let mut place = DataSet::new();
        place.put_text(tags::SHUTTER_SHAPE, "RECTANGULAR");
        for (tag, edge) in [
            (tags::SHUTTER_LEFT_VERTICAL_EDGE, "2"),
            (tags::SHUTTER_RIGHT_VERTICAL_EDGE, "4"),
            (tags::SHUTTER_UPPER_HORIZONTAL_EDGE, "3"),
            (tags::SHUTTER_LOWER_HORIZONTAL_EDGE, "3"),
        ] {
            place.put_text(tag, edge);
        }
        let rows = visible(&place);
        assert_eq!(rows[1], "........");
        assert_eq!(rows[2], ".***....");
        assert_eq!(rows[3], "........");
    }

    #[test]
    fn circle_and_polygon_show_what_is_in_both() {
        let mut place = DataSet::new();
        place.put_text(tags::SHUTTER_SHAPE, "CIRCULAR");
        place.put_text(tags::CENTER_OF_CIRCULAR_SHUTTER, "4\\4");
        place.put_text(tags::RADIUS_OF_CIRCULAR_SHUTTER, "2");
        let rows = visible(&place);
        assert_eq!(rows[1], "...*....");
        assert_eq!(rows[3], ".*****..");
        place.put_text(tags::SHUTTER_SHAPE, "CIRCULAR\\POLYGONAL");
        place.put_text(
            tags::VERTICES_OF_THE_POLYGONAL_SHUTTER,
            "1\\4\\1\\9\\9\\9\\9\\4",
        );
        assert_eq!(visible(&place)[3], "...***..");
    }

    #[test]
    fn wild_numbers_hide_everything_and_end() {
        let mut place = DataSet::new();
        place.put_text(tags::SHUTTER_SHAPE, "CIRCULAR\\RECTANGULAR");
        place.put_text(tags::CENTER_OF_CIRCULAR_SHUTTER, "-2147483648\\2147483647");
        place.put_text(tags::RADIUS_OF_CIRCULAR_SHUTTER, "-5");
        assert!(visible(&place).iter().all(|row| row == "........"));
    }
}
