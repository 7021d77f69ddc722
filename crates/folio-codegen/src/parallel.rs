//! Processes the modules in parallel.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::document::{Document, Specs};
use crate::error::Error;

/// The stack of a thread that generates: schemas may be nested deeply, and typify takes a good deal
/// a level.
const STACK: usize = 256 << 20;

/// Works on a thread with a stack for deep schemas.
pub(crate) fn on_a_large_stack<T: Send>(
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let work = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| Error::model("", format!("no thread: {error}")))?;
        match work.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Works on the modules on as many threads as the machine has cores: a whole release is a hundred
/// modules, and a build script is compiled without optimisation. The results are in the order of
/// the documents.
pub(crate) fn on_all_cores<'a, T: Send>(
    specs: &'a Specs,
    make: impl Fn(&'a Document) -> T + Sync,
) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(document) = specs.modules.get(index) else {
                return done;
            };
            done.push((index, make(document)));
        }
    };
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(specs.modules.len()))
            .filter_map(|_| {
                let builder = std::thread::Builder::new().stack_size(STACK);
                // Without another thread this one does it all.
                builder.spawn_scoped(scope, work).ok()
            })
            .collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(results) => done.extend(results),
                // Nothing panics here that is not caught; if it does, it is this thread's panic
                // too.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
