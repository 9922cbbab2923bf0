//! Sets of places of a grid: neighbours, growing, flooding.

/// A set of places.
#[derive(Clone)]
pub(super) struct Set {
    pub size: [usize; 3],
    pub is_in: Vec<bool>,
}

impl Set {
    pub fn of(size: [usize; 3], is_in: impl Iterator<Item = bool>) -> Set {
        let mut is_in: Vec<bool> = is_in.collect();
        is_in.resize(size.iter().product(), false);
        Set { size, is_in }
    }

    pub fn contains(&self, at: usize) -> bool {
        self.is_in.get(at).copied().unwrap_or(false)
    }

    pub fn count(&self) -> usize {
        self.is_in.iter().filter(|one| **one).count()
    }

    pub fn not(&self) -> Set {
        Set::of(self.size, self.is_in.iter().map(|one| !one))
    }

    pub fn and(&self, other: &Set) -> Set {
        Set::of(
            self.size,
            self.is_in.iter().zip(&other.is_in).map(|(a, b)| *a && *b),
        )
    }

    /// Each place whose neighbours at up to `steps` along one axis after the other are in.
    pub fn grown(&self, steps: usize) -> Set {
        let mut grown = self.clone();
        for axis in 0..3 {
            grown = grown.grown_along(axis, steps);
        }
        grown
    }

    /// A box is faster than a ball, and its corners do no harm here.
    fn grown_along(&self, axis: usize, steps: usize) -> Set {
        let stride: usize = self.size[..axis].iter().product();
        let length = self.size[axis];
        let mut grown = vec![false; self.is_in.len()];
        for start in 0..self.is_in.len() {
            if !(start / stride).is_multiple_of(length) {
                continue;
            }
            // How far behind the last place that is in is.
            let mut since = usize::MAX;
            for at in 0..length {
                let index = start + at * stride;
                since = if self.is_in[index] {
                    0
                } else {
                    since.saturating_add(1)
                };
                grown[index] |= since <= steps;
            }
            since = usize::MAX;
            for at in (0..length).rev() {
                let index = start + at * stride;
                since = if self.is_in[index] {
                    0
                } else {
                    since.saturating_add(1)
                };
                grown[index] |= since <= steps;
            }
        }
        Set {
            size: self.size,
            is_in: grown,
        }
    }

    pub fn shrunk(&self, steps: usize) -> Set {
        self.not().grown(steps).not()
    }

    pub fn closed(&self, steps: usize) -> Set {
        self.grown(steps).shrunk(steps)
    }

    pub fn opened(&self, steps: usize) -> Set {
        self.shrunk(steps).grown(steps)
    }

    /// What is reached from `seeds` without leaving the set.
    pub fn reached(&self, seeds: impl Iterator<Item = usize>) -> Set {
        let mut reached = vec![false; self.is_in.len()];
        let mut waiting: Vec<usize> = seeds.filter(|at| self.contains(*at)).collect();
        for at in &waiting {
            reached[*at] = true;
        }
        while let Some(at) = waiting.pop() {
            for next in self.neighbours(at) {
                if self.is_in[next] && !reached[next] {
                    reached[next] = true;
                    waiting.push(next);
                }
            }
        }
        Set {
            size: self.size,
            is_in: reached,
        }
    }

    /// The largest part that hangs together.
    pub fn largest(&self) -> Set {
        let mut left = self.clone();
        let mut best = Set::of(self.size, std::iter::empty());
        let mut best_count = 0;
        for at in 0..self.is_in.len() {
            if !left.is_in[at] {
                continue;
            }
            let part = left.reached(std::iter::once(at));
            let count = part.count();
            for (left, one) in left.is_in.iter_mut().zip(&part.is_in) {
                *left &= !one;
            }
            if count > best_count {
                (best, best_count) = (part, count);
            }
            // Nothing larger can be left.
            if left.count() <= best_count {
                break;
            }
        }
        best
    }

    fn neighbours(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let [width, height, depth] = self.size;
        let (x, y, z) = (at % width, at / width % height, at / width / height);
        let plane = width * height;
        [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < height).then_some(at + width),
            (z > 0).then(|| at - plane),
            (z + 1 < depth).then_some(at + plane),
        ]
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_fills_slits_and_opening_takes_sheets_away() {
        let size = [20, 20, 20];
        let within = |range: std::ops::Range<usize>| {
            Set::of(
                size,
                (0..8000).map(move |at| {
                    let place = [at % 20, at / 20 % 20, at / 400];
                    place.iter().all(|one| range.contains(one))
                }),
            )
        };
        let mut block = within(5..15);
        for at in (0..8000).filter(|at| at % 20 == 10) {
            block.is_in[at] = false;
        }
        assert!(block.closed(1).is_in == within(5..15).is_in);
        let sheet = Set::of(size, (0..8000).map(|at| at % 20 == 10));
        assert_eq!(sheet.opened(1).count(), 0);
        assert_eq!(block.largest().count(), 5 * 100);
        assert_eq!(within(5..15).opened(2).count(), 1000);
    }
}
