//! The values of a volume, and what lies between them.

/// Values, the columns of the first row of the first slice first.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Whole numbers, and what they stand for: times `slope`, plus `intercept`.
    Small {
        numbers: Vec<i16>,
        slope: f32,
        intercept: f32,
    },
    /// As they are.
    Wide(Vec<f32>),
}

impl Values {
    pub fn bytes(&self) -> u64 {
        match self {
            Values::Small { numbers, .. } => 2 * numbers.len() as u64,
            Values::Wide(numbers) => 4 * numbers.len() as u64,
        }
    }

    /// The least and the greatest.
    pub fn range(&self) -> (f32, f32) {
        match self {
            Values::Small {
                numbers,
                slope,
                intercept,
            } => {
                let low = f32::from(numbers.iter().copied().min().unwrap_or(0));
                let high = f32::from(numbers.iter().copied().max().unwrap_or(0));
                let (a, b) = (low * slope + intercept, high * slope + intercept);
                (a.min(b), a.max(b))
            }
            Values::Wide(numbers) => numbers
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| {
                    (low.min(value), high.max(value))
                }),
        }
    }
}

/// Numbers on a grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a, T> {
    pub numbers: &'a [T],
    pub size: [usize; 3],
}

impl<T: Copy + Default + Into<f32>> Field<'_, T> {
    /// What is at a place of the grid, by three linear steps between numbers. What is beyond the
    /// outermost numbers has theirs.
    #[inline]
    pub fn at(&self, place: [f32; 3]) -> f32 {
        let [width, height, depth] = self.size;
        let split = |at: f32, count: usize| {
            let inside = at.clamp(0.0, (count - 1) as f32);
            // Not below 0, not above the last.
            let whole = inside as usize;
            (whole, (whole + 1).min(count - 1), inside - whole as f32)
        };
        let (x0, x1, x) = split(place[0], width);
        let (y0, y1, y) = split(place[1], height);
        let (z0, z1, z) = split(place[2], depth);
        let row = |y: usize, z: usize| {
            let begin = (z * height + y) * width;
            let numbers = self.numbers.get(begin..begin + width).unwrap_or_default();
            let near: f32 = numbers.get(x0).copied().unwrap_or_default().into();
            let far: f32 = numbers.get(x1).copied().unwrap_or_default().into();
            near + (far - near) * x
        };
        let face = |z: usize| {
            let near = row(y0, z);
            if y == 0.0 {
                near
            } else {
                near + (row(y1, z) - near) * y
            }
        };
        let near = face(z0);
        if z == 0.0 {
            near
        } else {
            near + (face(z1) - near) * z
        }
    }
}
