//! Progress: a bar on a terminal, elsewhere a line now and then.

use std::io::{self, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// The progress of a command.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    lines: Option<Lines>,
}

#[derive(Debug)]
struct Lines {
    what: String,
    started: Instant,
    last: Mutex<Instant>,
}

impl Progress {
    /// `live`: on a terminal that can redraw a line.
    pub(crate) fn new(total: Option<u64>, what: &str, live: bool, quiet: bool) -> Self {
        let target = if live {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(total, target).with_message(what.to_owned());
        bar.set_style(style(total));
        if live {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let now = Instant::now();
        let lines = (!live && !quiet).then(|| Lines {
            what: what.to_owned(),
            started: now,
            last: Mutex::new(now),
        });
        Self { bar, lines }
    }

    /// So many more records.
    pub(crate) fn inc(&self, records: u64) {
        self.bar.inc(records);
        self.line();
    }

    /// So many records in all.
    pub fn set(&self, records: u64) {
        self.bar.set_position(records);
        self.line();
    }

    /// The expected number of records, which may change.
    pub fn set_total(&self, total: Option<u64>) {
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_style(style(total));
    }

    /// Writes something else on stderr.
    pub(crate) fn pause(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// Removes the bar. What was achieved is the note that follows.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }

    fn line(&self) {
        let Some(lines) = &self.lines else { return };
        let Ok(mut last) = lines.last.try_lock() else {
            return;
        };
        if last.elapsed() < EVERY {
            return;
        }
        *last = Instant::now();
        let done = self.bar.position();
        let seconds = lines.started.elapsed().as_secs_f64();
        let of = self
            .bar
            .length()
            .map(|total| format!(" of {total}"))
            .unwrap_or_default();
        let rate = done as f64 / seconds.max(0.001);
        let left = self.bar.length().filter(|_| done > 0).map(|total| {
            let seconds = total.saturating_sub(done) as f64 / rate;
            let left = HumanDuration(Duration::from_secs(seconds as u64));
            format!(", {left} left")
        });
        let left = left.unwrap_or_default();
        // `eprintln` would panic if stderr is closed.
        let _ = writeln!(
            io::stderr(),
            "{}: {done}{of} records, {rate:.0}/s{left}",
            lines.what
        );
    }
}

impl Drop for Progress {
    /// An error or interruption leaves no half-drawn bar.
    fn drop(&mut self) {
        if !self.bar.is_finished() {
            self.bar.finish_and_clear();
        }
    }
}

fn style(total: Option<u64>) -> ProgressStyle {
    let template = match total {
        Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta} left",
        None => "{msg} {spinner} {human_pos} {per_sec}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
