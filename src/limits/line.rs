//! Those that wait, in order: the first is found, and any one leaves, without looking at the others. Pure.

use std::collections::BTreeMap;

use crate::reactor::Id;

/// The place in a line, which its holder leaves with.
pub type Place = u64;

/// See the module.
#[derive(Debug, Default)]
pub struct Line {
    waiting: BTreeMap<Place, Id>,
    last: Place,
}

impl Line {
    /// `id` joins after all others.
    pub fn join(&mut self, id: Id) -> Place {
        self.last += 1;
        self.waiting.insert(self.last, id);
        self.last
    }

    /// What has `place` leaves.
    pub fn leave(&mut self, place: Place) {
        self.waiting.remove(&place);
    }

    /// The first, and its place.
    pub fn first(&self) -> Option<(Place, Id)> {
        self.waiting.first_key_value().map(|(place, id)| (*place, *id))
    }

    /// All, in order.
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        self.waiting.values().copied()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_whoever_leaves() {
        let mut line = Line::default();
        let places: Vec<Place> = [7, 5, 9, 5].map(|id| line.join(id)).into();
        line.leave(places[1]);
        line.leave(places[1]);
        assert_eq!(line.ids().collect::<Vec<_>>(), [7, 9, 5]);
        assert_eq!(line.first(), Some((places[0], 7)));
        line.leave(places[0]);
        assert_eq!((line.len(), line.first()), (2, Some((places[2], 9))));
        line.leave(places[2]);
        line.leave(places[3]);
        assert!(line.is_empty() && line.first().is_none());
    }
}
