//! The sandbox as a command: a FOLIO on a port of this machine, until it is interrupted.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
