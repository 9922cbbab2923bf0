//! Graphic annotations of presentation states (PS3.3 §C.10.5, §C.10.7): lines, text, layers.

use sagittal_core::{DataSet, Tag, tags};

use super::geometry::Placement;
use super::picture::Canvas;
use super::{Picture, font, lab};

/// The most picture elements that are touched: states from outside must end.
const MOST_WORK: u64 = 200_000_000;

/// Everything drawn over an image, the lowest layer first.
#[derive(Clone, Debug, Default)]
pub(super) struct Graphics {
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
struct Item {
    color: [u8; 3],
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Shape {
        kind: Shape,
        points: Vec<Point>,
        is_filled: bool,
        thickness: f64,
    },
    Text {
        text: String,
        corners: Option<[Point; 2]>,
        justification: Justification,
        anchor: Option<Point>,
        is_anchor_visible: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Points,
    Polyline,
    Interpolated,
    Circle,
    Ellipse,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Justification {
    Left,
    Center,
    Right,
}

/// A point and what it is measured in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    /// Image pixels, from the corner of the first.
    Image([f64; 2]),
    /// Parts of the displayed area.
    Display([f64; 2]),
}

impl Point {
    fn new(units: &str, at: [f64; 2]) -> Point {
        if units == "DISPLAY" {
            Point::Display(at)
        } else {
            Point::Image(at)
        }
    }

    fn in_picture(self, placement: &Placement, size: [f64; 2]) -> [f64; 2] {
        let [x, y] = match self {
            Point::Image(at) => placement.locate(at),
            Point::Display([x, y]) => [x * size[0], y * size[1]],
        };
        // Far outside is outside.
        [x.clamp(-1e6, 1e6), y.clamp(-1e6, 1e6)]
    }
}

/// Reads the annotations whose item concerns the frame, with the colors of their layers.
pub(super) fn read(state: &DataSet, concerns: impl Fn(&DataSet) -> bool) -> Graphics {
    let layers: Vec<(String, i64, [u8; 3])> = state
        .items(tags::GRAPHIC_LAYER_SEQUENCE)
        .iter()
        .filter_map(|layer| {
            Some((
                layer.first_text(tags::GRAPHIC_LAYER)?,
                layer.int(tags::GRAPHIC_LAYER_ORDER).unwrap_or(0),
                layer_color(layer),
            ))
        })
        .collect();
    let mut found: Vec<(i64, Item)> = Vec::new();
    for annotation in state.items(tags::GRAPHIC_ANNOTATION_SEQUENCE) {
        if !concerns(annotation) {
            continue;
        }
        let name = annotation.first_text(tags::GRAPHIC_LAYER);
        let (order, color) = layers
            .iter()
            .find(|(layer, ..)| Some(layer) == name.as_ref())
            .map_or((0, [255; 3]), |&(_, order, color)| (order, color));
        let shapes = annotation
            .items(tags::GRAPHIC_OBJECT_SEQUENCE)
            .iter()
            .filter_map(|item| read_shape(item, color));
        let texts = annotation
            .items(tags::TEXT_OBJECT_SEQUENCE)
            .iter()
            .filter_map(|item| read_text(item, color));
        found.extend(shapes.chain(texts).map(|item| (order, item)));
    }
    found.sort_by_key(|&(order, _)| order);
    Graphics {
        items: found.into_iter().map(|(_, item)| item).collect(),
    }
}

fn layer_color(layer: &DataSet) -> [u8; 3] {
    let grey = || {
        let value = layer.int(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE)?;
        Some([u8::try_from(value.clamp(0, 0xFFFF) >> 8).ok()?; 3])
    };
    lab::read(layer, tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIELAB_VALUE)
        .or_else(grey)
        .unwrap_or([255; 3])
}

fn read_shape(item: &DataSet, layer: [u8; 3]) -> Option<Item> {
    let units = item
        .first_text(tags::GRAPHIC_ANNOTATION_UNITS)
        .unwrap_or_default();
    let kind = match item.first_text(tags::GRAPHIC_TYPE)?.as_str() {
        "POINT" => Shape::Points,
        "POLYLINE" => Shape::Polyline,
        "INTERPOLATED" => Shape::Interpolated,
        "CIRCLE" => Shape::Circle,
        "ELLIPSE" => Shape::Ellipse,
        _ => return None,
    };
    let points: Vec<Point> = item
        .floats(tags::GRAPHIC_DATA)
        .chunks_exact(2)
        .filter_map(|pair| <[f64; 2]>::try_from(pair).ok())
        .filter(|at| at.iter().all(|number| number.is_finite()))
        .map(|at| Point::new(&units, at))
        .collect();
    let style = item.items(tags::LINE_STYLE_SEQUENCE).first();
    let color = style
        .and_then(|style| lab::read(style, tags::PATTERN_ON_COLOR_CIELAB_VALUE))
        .unwrap_or(layer);
    let thickness = style
        .and_then(|style| style.float(tags::LINE_THICKNESS))
        .filter(|thickness| (0.1..=50.0).contains(thickness))
        .unwrap_or(1.0);
    (!points.is_empty()).then_some(Item {
        color,
        what: What::Shape {
            kind,
            points,
            is_filled: item
                .first_text(tags::GRAPHIC_FILLED)
                .is_some_and(|filled| filled == "Y"),
            thickness,
        },
    })
}

fn read_text(item: &DataSet, layer: [u8; 3]) -> Option<Item> {
    let point = |units: Tag, tag: Tag| match item.floats(tag).as_slice() {
        &[x, y] if x.is_finite() && y.is_finite() => {
            let units = item.first_text(units).unwrap_or_default();
            Some(Point::new(&units, [x, y]))
        }
        _ => None,
    };
    let corner = |tag| point(tags::BOUNDING_BOX_ANNOTATION_UNITS, tag);
    let corners = corner(tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER)
        .zip(corner(tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER))
        .map(|(upper, lower)| [upper, lower]);
    let anchor = point(tags::ANCHOR_POINT_ANNOTATION_UNITS, tags::ANCHOR_POINT);
    corners.or(anchor.map(|anchor| [anchor; 2]))?;
    let justification = item
        .first_text(tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION)
        .unwrap_or_default();
    let color = item
        .items(tags::TEXT_STYLE_SEQUENCE)
        .first()
        .and_then(|style| lab::read(style, tags::TEXT_COLOR_CIELAB_VALUE))
        .unwrap_or(layer);
    Some(Item {
        color,
        what: What::Text {
            text: item
                .text(tags::UNFORMATTED_TEXT_VALUE)?
                .replace("\r\n", "\n")
                .replace('\r', "\n"),
            corners,
            justification: match justification.as_str() {
                "CENTER" => Justification::Center,
                "RIGHT" => Justification::Right,
                _ => Justification::Left,
            },
            anchor,
            is_anchor_visible: item
                .first_text(tags::ANCHOR_POINT_VISIBILITY)
                .is_some_and(|visibility| visibility == "Y"),
        },
    })
}

/// Draws all annotations over a picture that has its final size.
pub(super) fn draw(graphics: &Graphics, placement: &Placement, picture: &mut Picture) {
    let is_colored = |item: &Item| {
        let [red, green, blue] = item.color;
        red != green || green != blue
    };
    if graphics.items.iter().any(is_colored) {
        picture.make_rgb();
    }
    let size = [f64::from(picture.width), f64::from(picture.height)];
    let base = (size[0].min(size[1]) / 512.0).max(1.0);
    let Some(canvas) = picture.canvas() else {
        return;
    };
    let mut pen = Pen { canvas, work: 0 };
    for item in &graphics.items {
        match &item.what {
            What::Shape {
                kind,
                points,
                is_filled,
                thickness,
            } => {
                let width = thickness * base;
                let place = |point: &Point| point.in_picture(placement, size);
                let line = outline(*kind, points, place);
                if *is_filled && *kind != Shape::Points {
                    pen.fill(&line, item.color);
                }
                if *kind == Shape::Points {
                    for &[x, y] in &line {
                        let arm = 3.0 * width;
                        pen.line([x - arm, y], [x + arm, y], width, item.color);
                        pen.line([x, y - arm], [x, y + arm], width, item.color);
                    }
                }
                if *kind != Shape::Points {
                    for (from, to) in line.iter().zip(line.iter().skip(1)) {
                        pen.line(*from, *to, width, item.color);
                    }
                }
            }
            What::Text {
                text,
                corners,
                justification,
                anchor,
                is_anchor_visible,
            } => {
                let place = |point: Point| point.in_picture(placement, size);
                let corners = corners.map(|corners| corners.map(place));
                let anchor = anchor.map(place);
                let corner = pen.text(text, corners, anchor, *justification, base, item.color);
                if let (Some(anchor), Some(_), true) = (anchor, corners, is_anchor_visible) {
                    pen.line(anchor, corner, base, item.color);
                }
            }
        }
    }
    if pen.work > MOST_WORK {
        picture.notes.push("too many graphics: not all are drawn");
    }
}

/// The points of a shape's line, in the picture.
fn outline(kind: Shape, points: &[Point], place: impl Fn(&Point) -> [f64; 2]) -> Vec<[f64; 2]> {
    let at = |point: &Point| match point {
        Point::Image(at) | Point::Display(at) => *at,
    };
    let like = |point: &Point, to: [f64; 2]| match point {
        Point::Image(_) => Point::Image(to),
        Point::Display(_) => Point::Display(to),
    };
    let around = |center: [f64; 2], u: [f64; 2], v: [f64; 2], sample: &Point| {
        (0..=96)
            .map(|step| {
                let (sin, cos) = (f64::from(step) / 96.0 * std::f64::consts::TAU).sin_cos();
                place(&like(
                    sample,
                    [
                        center[0] + u[0] * cos + v[0] * sin,
                        center[1] + u[1] * cos + v[1] * sin,
                    ],
                ))
            })
            .collect()
    };
    match (kind, points) {
        (Shape::Circle, [center, edge, ..]) => {
            let (c, e) = (at(center), at(edge));
            let radius = (e[0] - c[0]).hypot(e[1] - c[1]);
            around(c, [radius, 0.0], [0.0, radius], center)
        }
        // The ends of the longer and of the shorter axis.
        (Shape::Ellipse, [a, b, c, d, ..]) => {
            let (a_at, b_at, c_at, d_at) = (at(a), at(b), at(c), at(d));
            let center = [(a_at[0] + b_at[0]) / 2.0, (a_at[1] + b_at[1]) / 2.0];
            let half =
                |from: [f64; 2], to: [f64; 2]| [(to[0] - from[0]) / 2.0, (to[1] - from[1]) / 2.0];
            around(center, half(a_at, b_at), half(c_at, d_at), a)
        }
        (Shape::Interpolated, points) => {
            let points: Vec<[f64; 2]> = points.iter().map(place).collect();
            spline(&points)
        }
        (_, points) => points.iter().map(place).collect(),
    }
}

/// A smooth curve through all points (Catmull-Rom).
fn spline(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let is_closed = points.len() > 3 && first == last;
    let before = if is_closed {
        points.iter().rev().nth(1).copied().unwrap_or(first)
    } else {
        first
    };
    let after = if is_closed {
        points.get(1).copied().unwrap_or(last)
    } else {
        last
    };
    let all: Vec<[f64; 2]> = std::iter::once(before)
        .chain(points.iter().copied())
        .chain(std::iter::once(after))
        .collect();
    let mut curve = vec![first];
    for window in all.windows(4) {
        let &[p0, p1, p2, p3] = window else { continue };
        for step in 1..=8 {
            let t = f64::from(step) / 8.0;
            curve.push([0, 1].map(|axis: usize| {
                let (a, b, c, d) = (p0[axis], p1[axis], p2[axis], p3[axis]);
                b + 0.5
                    * t
                    * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
            }));
        }
    }
    curve
}

struct Pen<'a> {
    canvas: Canvas<'a>,
    work: u64,
}

impl Pen<'_> {
    /// A line of a width, its edges smooth.
    fn line(&mut self, from: [f64; 2], to: [f64; 2], width: f64, color: [u8; 3]) {
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
    fn fill(&mut self, line: &[[f64; 2]], color: [u8; 3]) {
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
    fn text(
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Pixels;
    use super::super::geometry::Wanted;
    use super::*;
    use sagittal_core::Vr;

    fn shape(kind: &str, units: &str, points: &[f32], is_filled: bool) -> DataSet {
        let mut item = DataSet::new();
        item.put_text(tags::GRAPHIC_ANNOTATION_UNITS, units);
        item.put_text(tags::GRAPHIC_TYPE, kind);
        item.put_text(tags::GRAPHIC_FILLED, if is_filled { "Y" } else { "N" });
        let bytes: Vec<u8> = points.iter().flat_map(|v| v.to_le_bytes()).collect();
        item.put_bytes(tags::GRAPHIC_DATA, Vr::FL, bytes);
        item
    }

    fn drawn(shapes: Vec<DataSet>, text: Option<DataSet>) -> Picture {
        let mut annotation = DataSet::new();
        annotation.put_text(tags::GRAPHIC_LAYER, "ONE");
        annotation.put_items(tags::GRAPHIC_OBJECT_SEQUENCE, shapes);
        annotation.put_items(tags::TEXT_OBJECT_SEQUENCE, text.into_iter().collect());
        let mut layer = DataSet::new();
        layer.put_text(tags::GRAPHIC_LAYER, "ONE");
        layer.put_u16(
            tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE,
            &[0xC800],
        );
        let mut state = DataSet::new();
        state.put_items(tags::GRAPHIC_LAYER_SEQUENCE, vec![layer]);
        state.put_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![annotation]);
        let mut picture = Picture::new(40, 20, Pixels::Grey8(vec![0; 800])).unwrap();
        let wanted = Wanted {
            aspect: 1.0,
            ..Wanted::default()
        };
        let placement = Placement::of(40, 20, &wanted, None);
        draw(&read(&state, |_| true), &placement, &mut picture);
        picture
    }

    fn at(picture: &Picture, x: usize, y: usize) -> u8 {
        match &picture.pixels {
            Pixels::Grey8(pixels) => pixels[y * 40 + x],
            _ => unreachable!(),
        }
    }

    #[test]
    fn a_line_runs_through_its_pixels_in_the_grey_of_its_layer() {
        let picture = drawn(
            vec![shape("POLYLINE", "PIXEL", &[5.5, 10.5, 20.5, 10.5], false)],
            None,
        );
        assert_eq!(at(&picture, 12, 10), 200);
        assert_eq!(at(&picture, 12, 12), 0);
        assert_eq!(at(&picture, 30, 10), 0);
    }

    #[test]
    fn display_units_are_parts_of_the_picture() {
        let picture = drawn(
            vec![shape("POLYLINE", "DISPLAY", &[0.5, 0.0, 0.5, 1.0], false)],
            None,
        );
        assert!(at(&picture, 20, 3) > 60 || at(&picture, 19, 3) > 60);
        assert_eq!(at(&picture, 24, 3), 0);
    }

    #[test]
    fn a_filled_circle_is_full_and_an_empty_one_is_not() {
        let circle = |filled| {
            drawn(
                vec![shape("CIRCLE", "PIXEL", &[20., 10., 26., 10.], filled)],
                None,
            )
        };
        assert_eq!(at(&circle(true), 20, 10), 200);
        assert_eq!(at(&circle(false), 20, 10), 0);
        assert!(at(&circle(false), 25, 10) > 60 || at(&circle(false), 26, 10) > 60);
    }

    #[test]
    fn text_stands_in_its_box() {
        let mut text = DataSet::new();
        text.put_text(tags::UNFORMATTED_TEXT_VALUE, "HI");
        text.put_text(tags::BOUNDING_BOX_ANNOTATION_UNITS, "PIXEL");
        for (tag, corner) in [
            (tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER, [10.0_f32, 5.0]),
            (tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER, [24.0, 15.0]),
        ] {
            let bytes: Vec<u8> = corner.iter().flat_map(|v| v.to_le_bytes()).collect();
            text.put_bytes(tag, Vr::FL, bytes);
        }
        let picture = drawn(vec![], Some(text));
        assert_eq!(at(&picture, 10, 5), 200);
        assert_eq!(at(&picture, 14, 11), 200);
        assert_eq!(at(&picture, 5, 5), 0);
    }

    #[test]
    fn endless_graphics_end() {
        let wild: Vec<f32> = (0..20_000)
            .flat_map(|at| [if at % 2 == 0 { -1e30 } else { 1e30 }, at as f32])
            .collect();
        drawn(vec![shape("POLYLINE", "PIXEL", &wild, true)], None);
    }
}
