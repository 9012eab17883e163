//! Values by their size, in buckets whose bounds are powers of two: recording one takes no search.

/// How many bounds there are: the last one is 2^26, of microseconds more than a minute.
pub const BOUNDS: usize = 27;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// By the bound: bucket `i` has the values up to 2^i that are above the bound before. The last one has the rest.
    counts: [u64; BOUNDS + 1],
    sum: u64,
}

impl Histogram {
    /// Adds `value`.
    pub fn record(&mut self, value: u64) {
        // The exponent of the next power of two.
        let exponent = u64::BITS - value.saturating_sub(1).leading_zeros();
        self.counts[(exponent as usize).min(BOUNDS)] += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// The upper bounds of all buckets but the last.
    pub fn bounds() -> impl Iterator<Item = u64> {
        (0..BOUNDS).map(|exponent| 1 << exponent)
    }

    /// How many values each bucket has.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The sum of all values.
    pub fn sum(&self) -> u64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bucket of `value`: the first whose bound it does not exceed.
    fn bucket(value: u64) -> usize {
        Histogram::bounds().position(|bound| value <= bound).unwrap_or(BOUNDS)
    }

    #[test]
    fn a_value_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let edges = Histogram::bounds().flat_map(|bound| [bound - 1, bound, bound + 1]);
        for value in edges.chain([u64::MAX]) {
            let mut histogram = Histogram::default();
            histogram.record(value);
            let mut expected = [0; BOUNDS + 1];
            expected[bucket(value)] = 1;
            assert_eq!((histogram.counts(), histogram.sum()), (&expected[..], value));
        }
    }

    #[test]
    fn the_sum_does_not_overflow() {
        let mut histogram = Histogram::default();
        histogram.record(u64::MAX);
        histogram.record(1);
        assert_eq!(histogram.sum(), u64::MAX);
        assert_eq!(histogram.counts().iter().sum::<u64>(), 2);
    }
}
