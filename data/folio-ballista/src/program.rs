//! What the programs have in common.

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use ballista_core::error::{BallistaError, Result};

/// Plans with many joins need more than the default of 2 MiB.
const STACK: usize = 16 * 1024 * 1024;

/// Runs a program to its end, and writes its error to stderr.
pub fn run(program: impl Future<Output = Result<()>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(program),
        Err(error) => Err(BallistaError::IoError(error)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
