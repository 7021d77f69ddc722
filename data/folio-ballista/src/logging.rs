//! Messages of the programs on stderr.

use std::io::stderr;

use tracing_subscriber::filter::LevelFilter;

/// Shows messages of this level and above on stderr.
pub fn log(level: LevelFilter) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(stderr)
        .with_ansi(false);
    // Fails only if the program has set a logger: then that one is used.
    let _ = subscriber.try_init();
}
