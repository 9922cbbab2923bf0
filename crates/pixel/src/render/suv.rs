//! Standardized uptake values of PET (PS3.3 §C.8.9): the factor for body weight.

use sagittal_core::date_time::{Date, DateTime, Time};
use sagittal_core::{DataSet, tags};

/// The number that turns values (after rescale) into g/ml of SUV by body weight; `None` where the
/// object does not say enough.
pub fn suv_body_weight_factor(header: &DataSet) -> Option<f64> {
    let units = header.first_text(tags::UNITS)?;
    if units == "GML" {
        let kind = header.first_text(tags::SUV_TYPE);
        return kind.is_none_or(|kind| kind == "BW").then_some(1.0);
    }
    let corrections = header.texts(tags::CORRECTED_IMAGE);
    let is_corrected = ["ATTN", "DECY"]
        .iter()
        .all(|one| corrections.iter().any(|correction| correction == one));
    if units != "BQML" || !is_corrected {
        return None;
    }
    let weight = header.float(tags::PATIENT_WEIGHT).filter(|&kg| kg > 0.0)?;
    let drug = header
        .items(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)
        .first()?;
    let dose = drug
        .float(tags::RADIONUCLIDE_TOTAL_DOSE)
        .filter(|&becquerel| becquerel > 0.0)?;
    let remaining = match header.first_text(tags::DECAY_CORRECTION)?.as_str() {
        // Corrected to the time of injection: nothing has decayed.
        "ADMIN" => dose,
        "START" => {
            let half_life = drug
                .float(tags::RADIONUCLIDE_HALF_LIFE)
                .filter(|&seconds| seconds > 0.0)?;
            dose * 0.5_f64.powf(seconds_since_injection(header, drug)? / half_life)
        }
        _ => return None,
    };
    let factor = weight * 1000.0 / remaining;
    factor.is_finite().then_some(factor)
}

/// From the injection to the start of the series.
fn seconds_since_injection(header: &DataSet, drug: &DataSet) -> Option<f64> {
    let date = Date::parse(&header.first_text(tags::SERIES_DATE)?).ok()?;
    let time = Time::parse(&header.first_text(tags::SERIES_TIME)?).ok()?;
    let start = f64::from(date.to_days()) * 86_400.0 + seconds(time);
    let exact = drug
        .first_text(tags::RADIOPHARMACEUTICAL_START_DATETIME)
        .and_then(|text| DateTime::parse(&text).ok())
        .and_then(|at| Some(f64::from(at.date()?.to_days()) * 86_400.0 + seconds(at.time()?)));
    let injection = exact.or_else(|| {
        let time = Time::parse(&drug.first_text(tags::RADIOPHARMACEUTICAL_START_TIME)?).ok()?;
        let same_day = f64::from(date.to_days()) * 86_400.0 + seconds(time);
        // Without a date: the day before if it would lie after the scan.
        Some(if same_day > start {
            same_day - 86_400.0
        } else {
            same_day
        })
    })?;
    (start >= injection).then_some(start - injection)
}

fn seconds(time: Time) -> f64 {
    f64::from(time.hour()) * 3600.0
        + f64::from(time.minute().unwrap_or(0)) * 60.0
        + f64::from(time.second().unwrap_or(0))
        + f64::from(time.microsecond()) / 1e6
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn scan() -> DataSet {
        let mut drug = DataSet::new();
        drug.put_text(tags::RADIONUCLIDE_TOTAL_DOSE, "400000000");
        drug.put_text(tags::RADIONUCLIDE_HALF_LIFE, "6586.2");
        drug.put_text(tags::RADIOPHARMACEUTICAL_START_TIME, "100000");
        let mut header = DataSet::new();
        header.put_text(tags::UNITS, "BQML");
        header.put_text(tags::CORRECTED_IMAGE, "ATTN\\DECY");
        header.put_text(tags::DECAY_CORRECTION, "START");
        header.put_text(tags::PATIENT_WEIGHT, "80");
        header.put_text(tags::SERIES_DATE, "20260301");
        header.put_text(tags::SERIES_TIME, "114946.2");
        header.put_items(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, vec![drug]);
        header
    }

    #[test]
    fn after_one_half_life_the_factor_has_doubled() {
        let factor = suv_body_weight_factor(&scan()).unwrap();
        assert!(
            (factor - 80_000.0 / 200_000_000.0).abs() < 1e-12,
            "{factor}"
        );
        let mut header = scan();
        header.put_text(tags::DECAY_CORRECTION, "ADMIN");
        let factor = suv_body_weight_factor(&header).unwrap();
        assert!((factor - 80_000.0 / 400_000_000.0).abs() < 1e-12);
    }

    #[test]
    fn a_scan_that_says_too_little_has_no_factor() {
        let mut header = scan();
        header.remove(tags::PATIENT_WEIGHT);
        assert_eq!(suv_body_weight_factor(&header), None);
        let mut header = scan();
        header.put_text(tags::CORRECTED_IMAGE, "ATTN");
        assert_eq!(suv_body_weight_factor(&header), None);
        let mut header = scan();
        header.put_text(tags::UNITS, "GML");
        assert_eq!(suv_body_weight_factor(&header), Some(1.0));
    }
}
