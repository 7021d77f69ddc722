//! The clock of a test's runtime, under the test's control.
//!
//! `#[tokio::test(start_paused = true)]` advances the clock whenever the runtime is idle. A runtime
//! whose tasks wait for a socket is idle, too: a response that is in transit over the loopback
//! interface then comes after the timeout of its request. [`Clock`] takes that away: the clock
//! stands still until the test advances it. Everything that the test looks at has to run in this
//! runtime, with `#[tokio::test]` (one thread).

use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::time::Instant;

/// How often the tasks and the sockets of the runtime have their turn between two steps of the
/// clock. A request over the loopback interface takes about ten turns from the client to the server
/// and back.
const TURNS: usize = 64;

/// How many turns there are between two steps of [`Clock::run`].
const TURNS_A_STEP: usize = 16;

/// How long, in real time, a test may wait for something that only time brings. After it the clock
/// advances by itself, so that the test fails, or passes, and does not hang.
const LONGEST: Duration = Duration::from_secs(15);

/// The clock is stopped while this exists.
#[derive(Debug)]
pub struct Clock {
    /// Ends the task that inhibits the advance.
    release: Option<Sender<()>>,
}

impl Clock {
    /// Stops the clock of this runtime.
    ///
    /// # Panics
    /// In a runtime of several threads, and where the clock was paused before.
    pub fn stop() -> Self {
        let (release, released): (Sender<()>, Receiver<()>) = channel();
        tokio::time::pause();
        // Tokio does not advance the clock while a blocking task runs.
        let _task = tokio::task::spawn_blocking(move || released.recv_timeout(LONGEST));
        Self {
            release: Some(release),
        }
    }

    /// Advances the clock at once, and gives the tasks that waited for it their turns. It advances
    /// by a millisecond more, the resolution of tokio's timers, so that a timer of this duration
    /// fires.
    pub async fn advance(&self, by: Duration) {
        tokio::time::advance(by + Duration::from_millis(1)).await;
        settle().await;
    }

    /// Runs a future to its end. The clock advances by `step` whenever all tasks and sockets had
    /// their turns and the future has not ended, so that timers fire and responses still come
    /// before the timeouts of their requests. The time that passes is a multiple of `step`, and
    /// exceeds that of the timers by a step for each of them.
    pub async fn run<F: Future>(&self, step: Duration, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => return output,
                () = turns(TURNS_A_STEP) => {}
            }
            tokio::time::advance(step).await;
        }
    }

    /// As [`run`](Self::run), with the time that passed.
    pub async fn time<F: Future>(&self, step: Duration, future: F) -> (F::Output, Duration) {
        let start = Instant::now();
        let output = self.run(step, future).await;
        (output, start.elapsed())
    }
}

/// Runs a future in a separate runtime, whose clock advances by `step` as in [`Clock::run`]: waits
/// take a fraction of their time.
pub fn run_alone<F: Future>(step: Duration, future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = Clock::stop();
        clock.run(step, future).await
    })
}

impl Drop for Clock {
    fn drop(&mut self) {
        drop(self.release.take());
        // A runtime that ends, by a panic as well, has no clock any more.
        if tokio::runtime::Handle::try_current().is_ok() && !std::thread::panicking() {
            tokio::time::resume();
        }
    }
}

/// Gives every task and socket of the runtime its turns, until each waits for a timer or for
/// something outside of the runtime.
pub async fn settle() {
    turns(TURNS).await;
}

async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn the_clock_stands_still_while_a_socket_is_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Clock::stop();
        let start = Instant::now();
        // A thread outside of the runtime writes; the runtime is idle meanwhile.
        let (go, wait) = channel::<()>();
        let writer = std::thread::spawn(move || {
            use std::io::Write as _;
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            wait.recv().unwrap();
            stream.write_all(b"x").unwrap();
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let read = tokio::spawn(async move {
            tokio::time::timeout(SECOND, stream.read_u8())
                .await
                .map(Result::unwrap)
        });
        settle().await;
        go.send(()).unwrap();
        assert_eq!(read.await.unwrap(), Ok(b'x'));
        assert_eq!(start.elapsed(), Duration::ZERO);
        writer.join().unwrap();
        clock.advance(SECOND).await;
        assert_eq!(start.elapsed(), SECOND + Duration::from_millis(1));
    }

    #[tokio::test]
    async fn a_future_runs_with_its_timers_and_its_sockets() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            while let Ok(byte) = stream.read_u8().await {
                tokio::time::sleep(SECOND).await;
                stream.write_u8(byte).await.unwrap();
            }
        });
        let clock = Clock::stop();
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            for byte in 0..5 {
                stream.write_u8(byte).await.unwrap();
                let answer = tokio::time::timeout(2 * SECOND, stream.read_u8()).await;
                assert_eq!(answer.unwrap().unwrap(), byte);
            }
        };
        let ((), took) = clock.time(SECOND / 10, exchange).await;
        assert!((5 * SECOND..6 * SECOND).contains(&took), "{took:?}");
    }
}
