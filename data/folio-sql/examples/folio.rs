//! The command `folio`, for the tests: it runs `folio-sql`.

use std::process::ExitCode;

fn main() -> ExitCode {
    folio_cli::main()
}
