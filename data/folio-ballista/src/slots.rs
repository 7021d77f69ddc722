//! The free task slots of executors.

use std::collections::HashMap;

/// The free task slots of executors, as Ballista counts them.
///
/// Ballista 55 does not free the slots of tasks whose stage it rolls back because another executor is
/// lost: a statement would wait forever for slots that no task uses. [`lost`](Self::lost) finds
/// them.
#[derive(Debug, Default)]
pub(crate) struct Slots(HashMap<String, Slot>);

#[derive(Debug)]
struct Slot {
    all: u32,
    free: u32,
}

impl Slots {
    pub(crate) fn add(&mut self, executor: &str, all: u32, free: u32) {
        self.0.insert(executor.to_owned(), Slot { all, free });
    }

    pub(crate) fn remove(&mut self, executor: &str) {
        self.0.remove(executor);
    }

    pub(crate) fn take(&mut self, executor: &str, count: u32) {
        if let Some(slot) = self.0.get_mut(executor) {
            slot.free = slot.free.saturating_sub(count);
        }
    }

    /// Frees slots, and returns how many were in use: some may have been found to be lost before.
    pub(crate) fn free(&mut self, executor: &str, count: u32) -> u32 {
        let Some(slot) = self.0.get_mut(executor) else {
            return 0;
        };
        let freed = count.min(slot.all - slot.free);
        slot.free += freed;
        freed
    }

    /// The slots that are neither free nor used by these tasks.
    pub(crate) fn lost(&self, used: &HashMap<String, u32>) -> Vec<(String, u32)> {
        let lost = self.0.iter().filter_map(|(executor, slot)| {
            let used = used.get(executor).copied().unwrap_or_default();
            let lost = slot.all.saturating_sub(slot.free).saturating_sub(used);
            (lost > 0).then(|| (executor.clone(), lost))
        });
        lost.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_slots_are_found_and_freed_once() {
        let mut slots = Slots::default();
        slots.add("one", 4, 4);
        slots.take("one", 3);
        let used = HashMap::from([("one".to_owned(), 1)]);
        assert_eq!(slots.lost(&used), [("one".to_owned(), 2)]);
        assert_eq!(slots.free("one", 2), 2);
        assert!(slots.lost(&used).is_empty());
        // The status of a task whose slot was found comes late.
        assert_eq!(slots.free("one", 3), 1);
        assert_eq!(slots.free("one", 1), 0);
        assert_eq!(slots.free("two", 1), 0);
        slots.remove("one");
        assert_eq!(slots.free("one", 1), 0);
    }
}
