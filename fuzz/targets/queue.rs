//! The write queue is a queue: against one byte after the other. A write that fails leaves nothing behind, and an empty
//! queue owns no memory.

use std::collections::VecDeque;

use super::input::Input;
use crate::stream::queue::{Queue, Spare};

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let (mut queue, mut spare, mut model) = (Queue::default(), Spare::default(), VecDeque::new());
    let mut next = 0u8;
    while !input.is_empty() {
        let operation = input.byte();
        let count = input.size();
        if operation & 1 == 0 {
            let fails = operation & 2 == 2;
            let bytes: Vec<u8> = (0..count).map(|i| next.wrapping_add(i as u8)).collect();
            let taken = queue.append(&mut spare, |queue| {
                queue.extend_from_slice(&bytes);
                if fails { Err(()) } else { Ok(()) }
            });
            if fails {
                assert_eq!(taken, Err(()));
            } else {
                assert_eq!(taken, Ok(count));
                next = next.wrapping_add(count as u8);
                model.extend(bytes);
            }
        } else {
            let count = count.min(model.len());
            queue.consume(count, &mut spare);
            model.drain(..count);
        }
        assert_eq!(queue.len(), model.len());
        assert_eq!(queue.is_empty(), model.is_empty());
        assert!(queue.unsent().iter().eq(model.iter()));
        assert!(!queue.is_empty() || queue.capacity() == 0, "an empty queue owns memory");
    }
}
