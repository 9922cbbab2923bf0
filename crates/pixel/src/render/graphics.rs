//! Graphic annotations of presentation states (PS3.3 §C.10.5, §C.10.7): lines, text, layers.

use sagittal_core::{DataSet, Tag, tags};

use super::geometry::Placement;
use super::{Picture, lab};
use pen::{MOST_WORK, Pen};

mod pen;

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

#[cfg(test)]
mod tests;
