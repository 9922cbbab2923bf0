//! VOI LUT functions (PS3.3 §C.11.2.1.2, §C.11.2.1.3).

use sagittal_core::{DataSet, tags};

use super::LookupTable;

/// VOI LUT Function (0028,1056).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VoiFunction {
    /// A ramp over width - 1 steps.
    #[default]
    Linear,
    /// A ramp over the width.
    LinearExact,
    /// A logistic curve.
    Sigmoid,
}

impl VoiFunction {
    /// Reads the defined term; what is unknown is linear.
    pub fn parse(term: &str) -> VoiFunction {
        match term {
            "LINEAR_EXACT" => VoiFunction::LinearExact,
            "SIGMOID" => VoiFunction::Sigmoid,
            _ => VoiFunction::Linear,
        }
    }
}

/// Window Center (0028,1050) and Width (0028,1051).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The middle.
    pub center: f64,
    /// From black to white.
    pub width: f64,
    /// The curve between.
    pub function: VoiFunction,
}

impl Window {
    /// A window, unless its width cannot be: below 1 for the linear function, or not above 0.
    pub fn new(center: f64, width: f64, function: VoiFunction) -> Option<Window> {
        let least = match function {
            VoiFunction::Linear => width >= 1.0,
            VoiFunction::LinearExact | VoiFunction::Sigmoid => width > 0.0,
        };
        (least && width.is_finite() && center.is_finite()).then_some(Window {
            center,
            width,
            function,
        })
    }

    /// The window from a lowest, black value to a highest, white one. One value alone is black.
    pub fn of_range(low: f64, high: f64) -> Window {
        let (center, width) = if high > low {
            (low + (high - low) / 2.0, high - low)
        } else {
            (low + 0.5, 1.0)
        };
        Window {
            center,
            width,
            function: VoiFunction::LinearExact,
        }
    }

    /// How light a value is, 0 to 1.
    pub fn apply(&self, value: f64) -> f64 {
        let (center, width) = (self.center, self.width);
        match self.function {
            VoiFunction::Linear => {
                let (middle, steps) = (center - 0.5, width - 1.0);
                if value <= middle - steps / 2.0 {
                    0.0
                } else if value > middle + steps / 2.0 {
                    1.0
                } else {
                    (value - middle) / steps + 0.5
                }
            }
            VoiFunction::LinearExact => ((value - center) / width + 0.5).clamp(0.0, 1.0),
            VoiFunction::Sigmoid => 1.0 / (1.0 + (-4.0 * (value - center) / width).exp()),
        }
    }
}

/// What turns values into lightness.
#[derive(Clone, Debug, PartialEq)]
pub enum Voi {
    /// A window.
    Window(Window),
    /// A VOI LUT.
    Table(LookupTable),
}

impl Voi {
    /// How light a value is, 0 to 1.
    pub fn apply(&self, value: f64) -> f64 {
        match self {
            Voi::Window(window) => window.apply(value),
            Voi::Table(table) => table.apply_unit(value),
        }
    }
}

/// Everything of one VOI LUT module or macro: tables first, then windows, each with its
/// explanation. `is_float`: are the values that go in fractions?
pub fn read(place: &DataSet, is_signed: bool, is_float: bool) -> Vec<(Voi, String)> {
    let mut found = Vec::new();
    for item in place.items(tags::VOI_LUT_SEQUENCE) {
        if let Some(table) = LookupTable::of_item(item, is_signed) {
            let explanation = item.first_text(tags::LUT_EXPLANATION).unwrap_or_default();
            found.push((Voi::Table(table), explanation));
        }
    }
    let function = place
        .first_text(tags::VOI_LUT_FUNCTION)
        .map_or(VoiFunction::Linear, |term| VoiFunction::parse(&term));
    // The linear function is made for whole numbers: of a width of 1 it would leave black and white.
    let function = match function {
        VoiFunction::Linear if is_float => VoiFunction::LinearExact,
        other => other,
    };
    let explanations = place.texts(tags::WINDOW_CENTER_WIDTH_EXPLANATION);
    let centers = place.floats(tags::WINDOW_CENTER);
    let widths = place.floats(tags::WINDOW_WIDTH);
    for (at, (&center, &width)) in centers.iter().zip(&widths).enumerate() {
        // Widths below 1 are wrong for the linear function, but float images have them.
        let window = Window::new(center, width, function)
            .or_else(|| Window::new(center, width, VoiFunction::LinearExact));
        if let Some(window) = window {
            let explanation = explanations.get(at).cloned().unwrap_or_default();
            found.push((Voi::Window(window), explanation));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The examples of PS3.3 §C.11.2.1.2.1.
    #[test]
    fn the_linear_function_has_the_borders_of_the_standard() {
        let window = Window::new(2048.0, 4096.0, VoiFunction::Linear).unwrap();
        assert_eq!(window.apply(0.0), 0.0);
        assert_eq!(window.apply(4095.0), 1.0);
        let bi_level = Window::new(2048.0, 1.0, VoiFunction::Linear).unwrap();
        assert_eq!(bi_level.apply(2047.0), 0.0);
        assert_eq!(bi_level.apply(2048.0), 1.0);
        let hundred = Window::new(0.0, 100.0, VoiFunction::Linear).unwrap();
        assert_eq!(hundred.apply(-50.0), 0.0);
        assert_eq!(hundred.apply(49.0), 1.0);
        let one = Window::new(0.0, 1.0, VoiFunction::Linear).unwrap();
        assert_eq!((one.apply(-1.0), one.apply(0.0)), (0.0, 1.0));
    }

    #[test]
    fn the_exact_function_reaches_its_ends_at_half_the_width() {
        let window = Window::new(2048.0, 4096.0, VoiFunction::LinearExact).unwrap();
        assert_eq!(window.apply(0.0), 0.0);
        assert_eq!(window.apply(2048.0), 0.5);
        assert_eq!(window.apply(4096.0), 1.0);
        assert_eq!(window.apply(5000.0), 1.0);
    }

    #[test]
    fn the_sigmoid_function_is_half_at_its_center() {
        let window = Window::new(100.0, 40.0, VoiFunction::Sigmoid).unwrap();
        assert_eq!(window.apply(100.0), 0.5);
        let expected = 1.0 / (1.0 + (-2.0_f64).exp());
        assert!((window.apply(120.0) - expected).abs() < 1e-12);
    }

    #[test]
    fn all_windows_are_read_with_their_explanations() {
        let mut place = DataSet::new();
        place.put_text(tags::WINDOW_CENTER, "40\\-600");
        place.put_text(tags::WINDOW_WIDTH, "400\\1500\\9");
        place.put_text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, "SOFT\\LUNG");
        place.put_text(tags::VOI_LUT_FUNCTION, "SIGMOID");
        let found = read(&place, true, false);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].1, "LUNG");
        let lung = Window::new(-600.0, 1500.0, VoiFunction::Sigmoid).unwrap();
        assert_eq!(found[1].0, Voi::Window(lung));
    }
}
