//! Sequence of Ultrasound Regions (0018,6011), PS3.3 §C.8.5.5: what is outside is text and
//! ornament.

use sagittal_core::{DataSet, tags};

use super::region::{Region, Source};
use super::shape::{Rectangle, Shape, Spans};

/// The regions that hold ultrasound. One that cannot be is left away.
pub fn regions(data_set: &DataSet, rows: u32, columns: u32) -> Vec<Rectangle> {
    data_set
        .items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS)
        .iter()
        .filter_map(|item| {
            let number = |tag| u32::try_from(item.int(tag)?).ok();
            let left = number(tags::REGION_LOCATION_MIN_X0)?;
            let top = number(tags::REGION_LOCATION_MIN_Y0)?;
            let right = number(tags::REGION_LOCATION_MAX_X1)?.min(columns.saturating_sub(1));
            let bottom = number(tags::REGION_LOCATION_MAX_Y1)?.min(rows.saturating_sub(1));
            (left < right && top < bottom)
                .then(|| Rectangle::of_corners(left, top, right + 1, bottom + 1))
        })
        .collect()
}

/// What is outside, to be blanked. None if there are no regions, or if they leave so little out
/// that a header must be inside: then they tell nothing.
pub fn outside(data_set: &DataSet, rows: u32, columns: u32) -> Option<Region> {
    let kept = regions(data_set, rows, columns);
    if kept.is_empty() {
        return None;
    }
    let shape = Shape::Outside(kept);
    let outside = Spans::of([&shape], rows, columns).pixels();
    let all = u64::from(rows) * u64::from(columns);
    (outside * 100 >= all * 3).then(|| Region::on_all(shape, Source::UltrasoundRegions))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(regions: &[[u32; 4]]) -> DataSet {
        let items = regions.iter().map(|[left, top, right, bottom]| {
            let mut item = DataSet::new();
            item.put_u32(tags::REGION_LOCATION_MIN_X0, &[*left]);
            item.put_u32(tags::REGION_LOCATION_MIN_Y0, &[*top]);
            item.put_u32(tags::REGION_LOCATION_MAX_X1, &[*right]);
            item.put_u32(tags::REGION_LOCATION_MAX_Y1, &[*bottom]);
            item
        });
        let mut data_set = DataSet::new();
        data_set.put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, items.collect());
        data_set
    }

    #[test]
    fn the_last_column_and_row_belong_to_the_region() {
        let data_set = with(&[[10, 20, 99, 79], [5, 5, 5, 9]]);
        assert_eq!(
            regions(&data_set, 100, 120),
            [Rectangle::from([10, 20, 90, 60])]
        );
        assert!(outside(&data_set, 100, 120).is_some());
    }

    #[test]
    fn regions_that_cover_the_whole_picture_tell_nothing() {
        assert!(outside(&with(&[[0, 0, 119, 99]]), 100, 120).is_none());
        assert!(outside(&DataSet::new(), 100, 120).is_none());
    }
}
