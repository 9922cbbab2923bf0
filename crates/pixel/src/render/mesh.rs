//! Surfaces as pictures: encapsulated STL and OBJ, surface segmentations and meshes
//! (PS3.3 §C.24, §C.27), shaded, seen from the front, above and left.

use sagittal_core::{DataSet, tags};

use super::{Picture, Pixels, lab};
use crate::{Error, Result};

/// The most triangles that are taken.
const MOST_TRIANGLES: usize = 8_000_000;

type Point = [f32; 3];

/// Triangles, each set in its color.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    parts: Vec<([u8; 3], Vec<[Point; 3]>)>,
}

/// The color of surfaces that recommend none.
const BONE: [u8; 3] = [225, 215, 195];

impl Mesh {
    /// Reads an STL file, binary or text.
    ///
    /// # Errors
    /// [`Error::Stream`] for what is no STL or has no triangles.
    pub fn of_stl(bytes: &[u8]) -> Result<Mesh> {
        let count = bytes
            .get(80..84)
            .and_then(|four| four.try_into().ok())
            .map_or(0, u32::from_le_bytes) as usize;
        let is_binary = count > 0 && bytes.len() >= 84 + count.min(MOST_TRIANGLES + 1) * 50;
        if is_binary && count > MOST_TRIANGLES {
            return Err(broken("STL", "too many triangles"));
        }
        let triangles: Vec<[Point; 3]> = if is_binary {
            bytes
                .get(84..)
                .unwrap_or(&[])
                .chunks_exact(50)
                .take(count)
                .map(|record| [12, 24, 36].map(|at| point(record.get(at..at + 12).unwrap_or(&[]))))
                .collect()
        } else {
            let corners: Vec<Point> = String::from_utf8_lossy(bytes)
                .lines()
                .filter_map(|line| line.trim().strip_prefix("vertex"))
                .filter_map(numbers)
                .take(MOST_TRIANGLES * 3)
                .collect();
            corners
                .chunks_exact(3)
                .filter_map(|corners| corners.try_into().ok())
                .collect()
        };
        Mesh::new("STL", vec![(BONE, triangles)])
    }

    /// Reads an OBJ file; faces of more corners are cut into triangles.
    ///
    /// # Errors
    /// [`Error::Stream`] for what is no OBJ or has no faces.
    pub fn of_obj(bytes: &[u8]) -> Result<Mesh> {
        let text = String::from_utf8_lossy(bytes);
        let mut points: Vec<Point> = Vec::new();
        let mut triangles = Vec::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("v ") {
                points.extend(numbers(rest));
            } else if let Some(rest) = line.strip_prefix("f ") {
                let corners: Vec<Point> = rest
                    .split_whitespace()
                    .filter_map(|corner| corner.split('/').next()?.parse::<i64>().ok())
                    .filter_map(|at| {
                        // From 1; below 0 from the end.
                        let at = if at < 0 {
                            at + points.len() as i64
                        } else {
                            at - 1
                        };
                        points.get(usize::try_from(at).ok()?).copied()
                    })
                    .collect();
                if let [first, rest @ ..] = corners.as_slice() {
                    let pairs = rest.iter().zip(rest.iter().skip(1));
                    triangles.extend(pairs.map(|(second, third)| [*first, *second, *third]));
                }
                if triangles.len() > MOST_TRIANGLES {
                    return Err(broken("OBJ", "too many faces"));
                }
            }
        }
        Mesh::new("OBJ", vec![(BONE, triangles)])
    }

    /// Reads the Surface Mesh module of a surface segmentation or mesh.
    ///
    /// # Errors
    /// [`Error::Stream`] if there are no triangles.
    pub fn of_surfaces(data_set: &DataSet) -> Result<Mesh> {
        let mut left = MOST_TRIANGLES;
        let parts = data_set
            .items(tags::SURFACE_SEQUENCE)
            .iter()
            .filter_map(|surface| {
                let color =
                    lab::read(surface, tags::RECOMMENDED_DISPLAY_CIELAB_VALUE).unwrap_or(BONE);
                let points = surface.items(tags::SURFACE_POINTS_SEQUENCE).first()?;
                let points: Vec<Point> = points
                    .bytes(tags::POINT_COORDINATES_DATA)?
                    .chunks_exact(12)
                    .map(point)
                    .collect();
                let primitives = surface
                    .items(tags::SURFACE_MESH_PRIMITIVES_SEQUENCE)
                    .first()?;
                let corners: Vec<Point> = indices(primitives)
                    .take(left.saturating_mul(3))
                    .filter_map(|at| points.get(at.checked_sub(1)?).copied())
                    .collect();
                left -= corners.len() / 3;
                let triangles = corners
                    .chunks_exact(3)
                    .filter_map(|corners| corners.try_into().ok())
                    .collect();
                Some((color, triangles))
            })
            .collect();
        Mesh::new("surface", parts)
    }

    /// Reads whatever surface an instance holds, if it holds one.
    pub fn of_instance(data_set: &DataSet) -> Option<Result<Mesh>> {
        if data_set.contains(tags::SURFACE_SEQUENCE) {
            return Some(Mesh::of_surfaces(data_set));
        }
        let document = data_set.bytes(tags::ENCAPSULATED_DOCUMENT)?;
        match data_set
            .first_text(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT)?
            .as_str()
        {
            "model/stl" | "model/x.stl-binary" | "application/sla" => Some(Mesh::of_stl(document)),
            "model/obj" => Some(Mesh::of_obj(document)),
            _ => None,
        }
    }

    fn new(what: &'static str, mut parts: Vec<([u8; 3], Vec<[Point; 3]>)>) -> Result<Mesh> {
        let is_finite = |triangle: &[Point; 3]| {
            triangle
                .iter()
                .flatten()
                .all(|number| number.is_finite() && number.abs() < 1e12)
        };
        for (_, triangles) in &mut parts {
            triangles.retain(is_finite);
        }
        if parts.iter().all(|(_, triangles)| triangles.is_empty()) {
            return Err(broken(what, "no triangles"));
        }
        Ok(Mesh { parts })
    }

    /// How many triangles there are.
    pub fn triangles(&self) -> usize {
        self.parts
            .iter()
            .map(|(_, triangles)| triangles.len())
            .sum()
    }

    /// Draws the mesh on black, as large as fits. Light comes from where one looks.
    ///
    /// # Errors
    /// [`Error::Parameter`] for sizes that cannot be.
    pub fn picture(&self, width: u32, height: u32) -> Result<Picture> {
        super::Viewport::size(width, height)?;
        let seen: Vec<([u8; 3], Vec<[Point; 3]>)> = self
            .parts
            .iter()
            .map(|(color, triangles)| {
                let turned = triangles.iter().map(|corners| corners.map(turn)).collect();
                (*color, turned)
            })
            .collect();
        let all = || {
            seen.iter()
                .flat_map(|(_, triangles)| triangles.iter().flatten())
        };
        let bounds = |axis: usize| {
            all().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), point| {
                (low.min(point[axis]), high.max(point[axis]))
            })
        };
        let ((left, right), (top, bottom)) = (bounds(0), bounds(1));
        let scale = (width as f32 / (right - left).max(1e-6))
            .min(height as f32 / (bottom - top).max(1e-6))
            * 0.94;
        let shift = [
            width as f32 / 2.0 - (left + right) / 2.0 * scale,
            height as f32 / 2.0 - (top + bottom) / 2.0 * scale,
        ];
        let mut target = Target {
            width: width as usize,
            height: height as usize,
            depth: vec![f32::INFINITY; width as usize * height as usize],
            pixels: vec![0; width as usize * height as usize * 3],
        };
        for (color, triangles) in &seen {
            for corners in triangles {
                let placed = corners
                    .map(|[x, y, z]| [x * scale + shift[0], y * scale + shift[1], z * scale]);
                target.fill(&placed, *color);
            }
        }
        Picture::new(width, height, Pixels::Rgb8(target.pixels))
    }
}

fn broken(codec: &'static str, reason: &'static str) -> Error {
    Error::Stream {
        codec,
        offset: 0,
        reason: reason.into(),
    }
}

fn point(bytes: &[u8]) -> Point {
    let mut point = [0.0; 3];
    for (number, four) in point.iter_mut().zip(bytes.chunks_exact(4)) {
        *number = four.try_into().map_or(0.0, f32::from_le_bytes);
    }
    point
}

fn numbers(text: &str) -> Option<Point> {
    let mut words = text.split_whitespace();
    let mut next = || words.next()?.parse().ok();
    Some([next()?, next()?, next()?])
}

/// Corners of triangles, from 1: 16 bits, or 32.
fn indices(primitives: &DataSet) -> Box<dyn Iterator<Item = usize> + '_> {
    if let Some(long) = primitives.bytes(tags::LONG_TRIANGLE_POINT_INDEX_LIST) {
        return Box::new(
            long.chunks_exact(4)
                .filter_map(|four| four.try_into().ok())
                .map(|four| u32::from_le_bytes(four) as usize),
        );
    }
    match primitives.bytes(tags::TRIANGLE_POINT_INDEX_LIST) {
        Some(short) => Box::new(super::lut::words(short).map(usize::from)),
        None => Box::new(std::iter::empty()),
    }
}

/// From patient axes (left, back, head) to right, down and away on the picture: a view from the
/// front, turned a little.
fn turn([x, y, z]: Point) -> Point {
    let (sin, cos) = 0.6_f32.sin_cos();
    let (x, y) = (x * cos - y * sin, x * sin + y * cos);
    let (sin, cos) = 0.4_f32.sin_cos();
    [x, -(z * cos) + y * sin, y * cos + z * sin]
}

struct Target {
    width: usize,
    height: usize,
    depth: Vec<f32>,
    pixels: Vec<u8>,
}

impl Target {
    /// Fills a triangle where nothing lies before it, light by how far it faces the eye.
    fn fill(&mut self, corners: &[Point; 3], color: [u8; 3]) {
        let [a, b, c] = *corners;
        let (u, v) = (
            [b[0] - a[0], b[1] - a[1], b[2] - a[2]],
            [c[0] - a[0], c[1] - a[1], c[2] - a[2]],
        );
        let normal = [
            u[1] * v[2] - u[2] * v[1],
            u[2] * v[0] - u[0] * v[2],
            u[0] * v[1] - u[1] * v[0],
        ];
        let length = normal.iter().map(|n| n * n).sum::<f32>().sqrt();
        // Twice the area on the picture.
        let area = normal[2];
        if length <= 0.0 || area == 0.0 {
            return;
        }
        let light = 0.2 + 0.8 * (normal[2] / length).abs();
        // Between 0 and 255.
        let shade = color.map(|channel| (f32::from(channel) * light).round() as u8);
        let clamp = |value: f32, most: usize| value.clamp(0.0, most as f32) as usize;
        let xs = [a[0], b[0], c[0]];
        let ys = [a[1], b[1], c[1]];
        let least = |of: [f32; 3]| of.into_iter().fold(f32::INFINITY, f32::min);
        let most = |of: [f32; 3]| of.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let (x0, x1) = (
            clamp(least(xs).floor(), self.width),
            clamp(most(xs).ceil(), self.width),
        );
        let (y0, y1) = (
            clamp(least(ys).floor(), self.height),
            clamp(most(ys).ceil(), self.height),
        );
        for y in y0..y1 {
            for x in x0..x1 {
                let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
                let edge = |from: Point, to: Point| {
                    (to[0] - from[0]) * (py - from[1]) - (to[1] - from[1]) * (px - from[0])
                };
                let (wa, wb, wc) = (edge(b, c) / area, edge(c, a) / area, edge(a, b) / area);
                if wa < 0.0 || wb < 0.0 || wc < 0.0 {
                    continue;
                }
                let z = wa * a[2] + wb * b[2] + wc * c[2];
                let at = y * self.width + x;
                if let (Some(depth), Some(pixel)) = (
                    self.depth.get_mut(at),
                    self.pixels.get_mut(at * 3..at * 3 + 3),
                ) && z < *depth
                {
                    *depth = z;
                    pixel.copy_from_slice(&shade);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sagittal_core::Vr;

    const OBJ: &[u8] = b"# square\nv 0 0 0\nv 10 0 0\nv 10 0 10\nv 0 0 10\nf 1 2/7 3//9 -1\n";

    fn lit(picture: &Picture) -> usize {
        let Pixels::Rgb8(pixels) = &picture.pixels else {
            unreachable!()
        };
        pixels.chunks(3).filter(|pixel| pixel[0] > 0).count()
    }

    #[test]
    fn a_face_of_four_corners_is_two_triangles_and_is_seen() {
        let mesh = Mesh::of_obj(OBJ).unwrap();
        assert_eq!(mesh.triangles(), 2);
        let picture = mesh.picture(50, 50).unwrap();
        assert!(lit(&picture) > 600, "{}", lit(&picture));
    }

    #[test]
    fn text_and_binary_stl_are_the_same() {
        let text = b"solid s\nfacet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 1e1 0 0\n\
            vertex 0 0 10\nendloop\nendfacet\nendsolid s\n";
        let mut binary = vec![0; 80];
        binary.extend(1_u32.to_le_bytes());
        for number in [0.0_f32, 0., 0., 0., 0., 0., 10., 0., 0., 0., 0., 10.] {
            binary.extend(number.to_le_bytes());
        }
        binary.extend([0, 0]);
        let (text, binary) = (Mesh::of_stl(text).unwrap(), Mesh::of_stl(&binary).unwrap());
        assert_eq!(text.parts, binary.parts);
    }

    #[test]
    fn surfaces_have_their_color() {
        let points: Vec<u8> = [0.0_f32, 0., 0., 10., 0., 0., 0., 0., 10.]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let mut coordinates = DataSet::new();
        coordinates.put_bytes(tags::POINT_COORDINATES_DATA, Vr::OF, points);
        let mut primitives = DataSet::new();
        let list = vec![1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0];
        primitives.put_bytes(tags::LONG_TRIANGLE_POINT_INDEX_LIST, Vr::OL, list);
        let mut surface = DataSet::new();
        surface.put_u16(
            tags::RECOMMENDED_DISPLAY_CIELAB_VALUE,
            &[35579, 53657, 50858],
        );
        surface.put_items(tags::SURFACE_POINTS_SEQUENCE, vec![coordinates]);
        surface.put_items(tags::SURFACE_MESH_PRIMITIVES_SEQUENCE, vec![primitives]);
        let mut data_set = DataSet::new();
        data_set.put_items(tags::SURFACE_SEQUENCE, vec![surface]);
        let mesh = Mesh::of_instance(&data_set).unwrap().unwrap();
        let [red, green, _] = mesh.parts[0].0;
        assert!(red > 240 && green < 20);
        assert!(lit(&mesh.picture(20, 20).unwrap()) > 50);
    }

    #[test]
    fn what_is_no_mesh_is_refused() {
        assert!(Mesh::of_stl(b"solid\nendsolid").is_err());
        assert!(Mesh::of_obj(b"f 1 2 3\nv nan 0 0").is_err());
        assert!(Mesh::of_stl(&[0xFF; 90]).is_err());
        assert!(Mesh::of_surfaces(&DataSet::new()).is_err());
    }
}
