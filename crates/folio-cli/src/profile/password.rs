//! Passwords from a prompt without echo, or from the standard input.

use std::io::{self, BufRead as _};

use secrecy::SecretString;

use crate::error::CliError;
use crate::file::BYTE_ORDER_MARK;
use crate::output::console::Console;
use crate::profile::echo::Echo;

/// Asks on the terminal, without echo.
///
/// # Errors
/// There is no terminal, or the user interrupted the question.
pub(crate) async fn prompt(console: &Console, question: String) -> Result<SecretString, CliError> {
    if !console.has_terminal() {
        return Err(CliError::usage(
            "there is no terminal to ask for the password",
        ));
    }
    // A signal ends the program while the thread waits for an answer.
    let echo = Echo::now();
    let answer = tokio::task::spawn_blocking(move || rpassword::prompt_password(question)).await;
    echo.ended();
    match answer {
        Ok(Ok(password)) if password.is_empty() => {
            Err(CliError::usage("the password is empty; nothing was sent"))
        }
        Ok(Ok(password)) => Ok(password.into()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
            Err(CliError::interrupted())
        }
        Ok(Err(error)) => Err(CliError::io("cannot read the password", &error)),
        Err(_) => Err(CliError::interrupted()),
    }
}

/// The first line of the standard input.
///
/// # Errors
/// It is empty, or cannot be read.
pub(crate) async fn from_stdin() -> Result<SecretString, CliError> {
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok::<_, io::Error>(line)
    });
    match line.await {
        Ok(Ok(line)) => {
            let password = line.trim_end_matches(['\r', '\n']);
            let password = password.strip_prefix(BYTE_ORDER_MARK).unwrap_or(password);
            if password.is_empty() {
                return Err(CliError::usage("the standard input has no password"));
            }
            Ok(password.into())
        }
        Ok(Err(error)) => Err(CliError::io("cannot read the password", &error)),
        Err(_) => Err(CliError::interrupted()),
    }
}
