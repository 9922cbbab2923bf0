//! Message ids of an SCU and the asynchronous operations window (PS3.7 §D.3.3.3).

use std::collections::VecDeque;

/// Hands out message ids 1, 2, … 65535, 1, skipping those still in use.
#[derive(Debug)]
pub struct MessageIds {
    next: u16,
}

impl Default for MessageIds {
    fn default() -> MessageIds {
        MessageIds { next: 1 }
    }
}

impl MessageIds {
    /// The next id that `in_use` does not claim.
    pub fn allocate(&mut self, in_use: impl Fn(u16) -> bool) -> u16 {
        for _ in 0..u16::MAX {
            let id = self.next;
            self.next = self.next.checked_add(1).unwrap_or(1);
            if !in_use(id) {
                return id;
            }
        }
        self.next
    }
}

/// Operations under way in one direction, against the negotiated window (0 is unlimited).
#[derive(Debug)]
pub struct OperationsWindow {
    size: u16,
    open: VecDeque<u16>,
}

impl OperationsWindow {
    /// An empty window.
    pub fn new(size: u16) -> OperationsWindow {
        OperationsWindow {
            size,
            open: VecDeque::new(),
        }
    }

    /// Is there room for another operation?
    pub fn has_room(&self) -> bool {
        self.size == 0 || self.open.len() < usize::from(self.size)
    }

    /// An operation has begun. `false` if that id is already under way (status 0210H).
    pub fn begin(&mut self, message_id: u16) -> bool {
        let fresh = !self.contains(message_id);
        if fresh {
            self.open.push_back(message_id);
        }
        fresh
    }

    /// An operation has got its final response.
    pub fn end(&mut self, message_id: u16) -> bool {
        match self.open.iter().position(|&id| id == message_id) {
            Some(position) => self.open.remove(position).is_some(),
            None => false,
        }
    }

    /// Is the operation under way?
    pub fn contains(&self, message_id: u16) -> bool {
        self.open.contains(&message_id)
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Is nothing under way?
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use super::*;

    #[test]
    fn ids_wrap_past_zero_and_skip_those_in_use() {
        let mut ids = MessageIds { next: u16::MAX };
        assert_eq!(ids.allocate(|_| false), u16::MAX);
        assert_eq!(ids.allocate(|id| id == 1), 2);
    }

    #[test]
    fn a_window_of_two_has_room_for_two() {
        let mut window = OperationsWindow::new(2);
        assert!(window.begin(1) && window.begin(2));
        assert!(!window.has_room());
        assert!(!window.begin(2));
        assert!(window.end(1) && !window.end(1));
        assert!(window.has_room());
        assert!(OperationsWindow::new(0).has_room());
    }
}
