//! The one instance that stands for a series or a study.

use sagittal_archive::retrieve::InstanceRef;

use super::kind::Kind;

/// Instances to be tried, the best first: images from the middle of the series with the most,
/// then what else can be drawn.
pub(super) fn candidates(instances: &[InstanceRef], at_most: usize) -> Vec<InstanceRef> {
    let mut series: Vec<Vec<&InstanceRef>> = Vec::new();
    for instance in instances {
        let uid = &instance.series_instance_uid;
        let same = |members: &&mut Vec<&InstanceRef>| {
            members
                .first()
                .is_some_and(|first| first.series_instance_uid == *uid)
        };
        match series.iter_mut().rev().find(same) {
            Some(members) => members.push(instance),
            None => series.push(vec![instance]),
        }
    }
    let images = |members: &Vec<&InstanceRef>| {
        let is_image = |instance: &&&InstanceRef| Kind::of(instance) == Kind::Image;
        members.iter().filter(is_image).count()
    };
    series.sort_by_key(|members| std::cmp::Reverse(images(members)));
    let mut found = Vec::new();
    let kinds = [
        Kind::Image,
        Kind::PresentationState,
        Kind::Surface,
        Kind::Mesh("model/stl"),
        Kind::Mesh("model/obj"),
    ];
    for kind in kinds {
        for members in &series {
            let of_kind: Vec<&InstanceRef> = members
                .iter()
                .copied()
                .filter(|instance| Kind::of(instance) == kind)
                .collect();
            found.extend(from_the_middle(of_kind.len()).filter_map(|at| of_kind.get(at).copied()));
            if found.len() >= at_most {
                break;
            }
        }
    }
    let chosen = found.into_iter().take(at_most);
    chosen.cloned().collect()
}

/// 0 to `count`, the middle first, then ever farther from it.
fn from_the_middle(count: usize) -> impl Iterator<Item = usize> {
    let middle = count / 2;
    (0..=count)
        .flat_map(move |far| [middle.checked_add(far), middle.checked_sub(far)])
        .flatten()
        .filter(move |at| *at < count)
        .scan(None, |last, at| {
            let is_repeated = last.replace(at) == Some(at);
            Some((!is_repeated).then_some(at))
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_comes_first_and_each_once() {
        assert_eq!(from_the_middle(5).collect::<Vec<_>>(), [2, 3, 1, 4, 0]);
        assert_eq!(from_the_middle(2).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(from_the_middle(1).collect::<Vec<_>>(), [0]);
        assert_eq!(from_the_middle(0).count(), 0);
    }
}
