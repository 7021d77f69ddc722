//! The mode of the terminal, which a question for a password changes, and a signal must not leave
//! changed.

#[cfg(unix)]
use std::fs::File;
#[cfg(unix)]
use std::thread::sleep;
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// How often, and for how long each time, to look whether the question has changed the mode: a
/// signal may arrive between the text of the question and that.
#[cfg(unix)]
const TRIES: u32 = 20;
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(5);

/// The mode of the terminal before a question. When it is dropped, the terminal has it again.
pub(super) struct Echo {
    #[cfg(unix)]
    before: Option<(File, Termios)>,
}

impl Echo {
    pub(super) fn now() -> Self {
        Self {
            #[cfg(unix)]
            before: File::options()
                .read(true)
                .write(true)
                .open("/dev/tty")
                .ok()
                .and_then(|terminal| tcgetattr(&terminal).ok().map(|mode| (terminal, mode))),
        }
    }

    /// The question has ended, and has restored the mode.
    pub(super) fn ended(self) {
        #[cfg(unix)]
        {
            let mut echo = self;
            echo.before = None;
        }
    }
}

#[cfg(unix)]
impl Drop for Echo {
    fn drop(&mut self) {
        let Some((terminal, before)) = &self.before else {
            return;
        };
        for _ in 0..TRIES {
            let changed =
                tcgetattr(terminal).is_ok_and(|mode| mode.local_modes != before.local_modes);
            if changed {
                // If it fails, the terminal is gone.
                let _ = tcsetattr(terminal, OptionalActions::Now, before);
                return;
            }
            sleep(PAUSE);
        }
    }
}
