//! The command `folio-spec`.

use std::process::ExitCode;

fn main() -> ExitCode {
    folio_spec::cli::main()
}
