//! The geometry of a series: orientation, spacing, gaps and slices at one place (PS3.3 §C.7.6.2).

use std::collections::HashSet;

use sagittal_core::{Tag, TagPath, tags};

use super::agreement::{grouped, named};
use super::summary::Plane;
use super::{StudyFinding, Summary};
use crate::finding::{Finding, Kind, Severity};

/// Millimeters below which two positions are one.
const SAME: f64 = 0.01;
/// Part of the spacing that it may vary by.
const VARIATION: f64 = 0.02;
/// Cosine between two directions that are one.
const PARALLEL: f64 = 0.9999;

/// A slice, and which instance it is of.
struct Slice<'a> {
    instance: usize,
    plane: &'a Plane,
}

/// Checks each series.
pub fn check(instances: &[Summary], findings: &mut Vec<StudyFinding>) {
    for (uid, group) in grouped(instances, |i| named(&i.series_instance_uid)) {
        // Copies of an instance lie at its place, and are reported as copies.
        let mut seen = HashSet::new();
        let slices: Vec<Slice> = group
            .into_iter()
            .filter_map(|instance| {
                let summary = instances.get(instance)?;
                let plane = summary.plane.as_ref()?;
                let first = seen.insert(&summary.sop_instance_uid);
                (first && !plane.is_localizer).then_some(Slice { instance, plane })
            })
            .collect();
        let mut series = Series {
            uid,
            findings: &mut *findings,
        };
        series.check(&slices);
    }
}

struct Series<'a> {
    uid: &'a str,
    findings: &'a mut Vec<StudyFinding>,
}

impl Series<'_> {
    fn check(&mut self, slices: &[Slice]) {
        let Some(first) = slices.first() else {
            return;
        };
        let other = slices.iter().find(|s| s.plane.size != first.plane.size);
        if let Some(other) = other {
            self.add(
                tags::ROWS,
                "slices of different size in one series".to_owned(),
                "put them into series of their own",
                vec![first.instance, other.instance],
            );
        }
        let differs = |a: Option<[f64; 2]>, b: Option<[f64; 2]>| match (a, b) {
            (Some([a, b]), Some([c, d])) => (a - c).abs() > SAME || (b - d).abs() > SAME,
            _ => false,
        };
        let other = slices
            .iter()
            .find(|s| differs(s.plane.spacing, first.plane.spacing));
        if let Some(other) = other {
            self.add(
                tags::PIXEL_SPACING,
                "pixels of different spacing in one series".to_owned(),
                "put them into series of their own",
                vec![first.instance, other.instance],
            );
        }
        let parallel = |s: &&Slice| {
            dot(s.plane.row, first.plane.row) > PARALLEL
                && dot(s.plane.column, first.plane.column) > PARALLEL
        };
        let (stack, oblique): (Vec<&Slice>, Vec<&Slice>) = slices.iter().partition(parallel);
        if let Some(other) = oblique.first() {
            self.add(
                tags::IMAGE_ORIENTATION_PATIENT,
                format!(
                    "{} of {} slices have another orientation",
                    oblique.len(),
                    slices.len()
                ),
                "view them as separate stacks, or put them into series of their own",
                vec![first.instance, other.instance],
            );
        }
        self.stack(&stack, normal(first.plane));
    }

    /// Parallel slices, in order along their normal.
    fn stack(&mut self, slices: &[&Slice], normal: [f64; 3]) {
        let mut places: Vec<(f64, &Slice)> = slices
            .iter()
            .map(|slice| (dot(slice.plane.position, normal), *slice))
            .collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.same_place(&places);
        let mut distinct: Vec<(f64, &Slice)> = Vec::with_capacity(places.len());
        for place in places {
            if distinct.last().is_none_or(|last| place.0 - last.0 > SAME) {
                distinct.push(place);
            }
        }
        self.spacing(&distinct);
    }

    /// Slices at one place with nothing to tell them apart. Where every place has as many, they are
    /// volumes of a series in time or of diffusion, told apart by private elements alone.
    fn same_place(&mut self, places: &[(f64, &Slice)]) {
        let mut counts = places
            .chunk_by(|(a, _), (b, _)| b - a <= SAME)
            .map(<[_]>::len);
        let first = counts.next().unwrap_or(0);
        let mut others = 0;
        let is_even = counts.all(|count| {
            others += 1;
            count == first
        });
        if is_even && others > 0 {
            return;
        }
        let pair = places.windows(2).find(|pair| {
            let [(a, first), (b, second)] = pair else {
                return false;
            };
            let close =
                |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < SAME);
            b - a <= SAME
                && first.plane.index == second.plane.index
                && close(first.plane.position, second.plane.position)
        });
        if let Some([(_, first), (_, second)]) = pair {
            self.add(
                tags::IMAGE_POSITION_PATIENT,
                "slices at the same place, with the same time, echo and acquisition".to_owned(),
                "remove copies, or state what tells the slices apart",
                vec![first.instance, second.instance],
            );
        }
    }

    fn spacing(&mut self, places: &[(f64, &Slice)]) {
        let steps: Vec<f64> = places
            .windows(2)
            .filter_map(|pair| match pair {
                [(a, _), (b, _)] => Some(b - a),
                _ => None,
            })
            .collect();
        let mut ordered = steps.clone();
        ordered.sort_by(f64::total_cmp);
        let Some(usual) = ordered.get(ordered.len() / 2).copied() else {
            return;
        };
        if steps.len() < 2 {
            return;
        }
        let limit = (usual * VARIATION).max(SAME);
        let is_gap = |step: &f64| *step > usual * 1.5;
        let gaps = steps.iter().filter(|step| is_gap(step)).count();
        if let Some(at) = steps.iter().position(is_gap) {
            let missing: f64 = steps
                .iter()
                .filter(|step| is_gap(step))
                .map(|step| (step / usual).round() - 1.0)
                .sum();
            let concerned = places.get(at..at + 2).unwrap_or_default();
            self.add(
                tags::IMAGE_POSITION_PATIENT,
                format!(
                    "{gaps} gaps between {} slices {usual:.2} mm apart, some {missing:.0} slices missing",
                    places.len()
                ),
                "find the slices that are missing, and send them again",
                concerned.iter().map(|(_, slice)| slice.instance).collect(),
            );
        } else if let Some(at) = steps.iter().position(|step| (step - usual).abs() > limit) {
            let least = ordered.first().copied().unwrap_or(usual);
            let most = ordered.last().copied().unwrap_or(usual);
            let concerned = places.get(at..at + 2).unwrap_or_default();
            self.add(
                tags::IMAGE_POSITION_PATIENT,
                format!("slices between {least:.3} and {most:.3} mm apart"),
                "do not take the spacing of the first slices for all when a volume is made",
                concerned.iter().map(|(_, slice)| slice.instance).collect(),
            );
        }
    }

    fn add(&mut self, tag: Tag, found: String, fix: &'static str, instances: Vec<usize>) {
        self.findings.push(StudyFinding {
            finding: Finding {
                path: TagPath::root(tag),
                kind: Kind::Geometry,
                severity: Severity::Warning,
                clause: "PS3.3 §C.7.6.2",
                module: None,
                found: found.into(),
                fix: fix.into(),
            },
            instances,
            scope: self.uid.to_owned(),
        });
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normal(plane: &Plane) -> [f64; 3] {
    let ([a, b, c], [d, e, f]) = (plane.row, plane.column);
    [b * f - c * e, c * d - a * f, a * e - b * d]
}
