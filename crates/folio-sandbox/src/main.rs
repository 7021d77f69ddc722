//! The sandbox as a command: a FOLIO system on a local port, until it is interrupted.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
