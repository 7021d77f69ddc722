//! Notes, warnings, questions and errors: stderr, and answers from the terminal.

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::error::CliError;
use crate::global::{Color, Global};
use crate::output::progress::Progress;
use crate::output::style::Style;

/// The texts of a command that are not its results.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    quiet: bool,
    colored: bool,
    live: bool,
    has_terminal: bool,
    is_interactive: bool,
}

/// Whether the environment asks for output without escape sequences.
fn is_plain() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether text for this target is coloured.
pub(crate) fn is_colored(color: Color, is_terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !is_plain(),
    }
}

impl Console {
    /// On the terminal of the process.
    pub(crate) fn new(global: &Global) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self {
            quiet: global.quiet,
            colored: is_colored(global.color, is_terminal),
            live: is_terminal && !global.quiet && !is_plain(),
            has_terminal: is_terminal,
            is_interactive: is_terminal && io::stdin().is_terminal(),
        }
    }

    /// Whether a person can be asked.
    pub(crate) fn is_interactive(&self) -> bool {
        self.is_interactive
    }

    /// Whether stderr is a terminal: a password can be asked for there, whatever the input is.
    pub(crate) fn has_terminal(&self) -> bool {
        self.has_terminal
    }

    /// The text in this style, if stderr shows colours.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        style.paint(text, self.colored)
    }

    /// A line of information, unless `--quiet`.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            self.line(&text.to_string());
        }
    }

    /// A line that is shown with `--quiet`, too.
    pub(crate) fn warning(&self, text: impl Display) {
        let label = self.paint(Style::Yellow, "warning:");
        self.line(&format!("{label} {text}"));
    }

    /// The outcome of several writes, which is shown with `--quiet`, too, if it is not complete.
    pub(crate) fn report(&self, text: impl Display) {
        self.line(&text.to_string());
    }

    /// The error of the command.
    pub(crate) fn error(&self, error: &CliError) {
        if error.exit() == crate::exit::Exit::BrokenPipe {
            return;
        }
        let label = self.paint(Style::Red, "error:");
        self.line(&format!("{label} {error}"));
    }

    /// Text as it is, with a line break at its end.
    pub(crate) fn line(&self, text: &str) {
        // An error message that cannot be written has no other place.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Progress towards a number of records, if it is known.
    pub(crate) fn progress(&self, total: Option<u64>, what: &str) -> Progress {
        Progress::new(total, what, self.live, self.quiet)
    }

    /// Asks a question that is answered by yes or no; no is the default.
    ///
    /// # Errors
    /// There is no terminal to ask on.
    pub(crate) async fn confirm(&self, question: &str) -> Result<bool, CliError> {
        let answer = self.ask(&format!("{question} [y/N] ")).await?;
        Ok(matches!(
            answer.trim().to_ascii_lowercase().as_str(),
            "y" | "yes"
        ))
    }

    /// Asks for a line of text.
    ///
    /// # Errors
    /// There is no terminal to ask on.
    pub(crate) async fn ask(&self, question: &str) -> Result<String, CliError> {
        if !self.is_interactive {
            return Err(CliError::usage(format!(
                "cannot ask \"{}\": the input is not a terminal",
                question.trim()
            )));
        }
        let question = question.to_owned();
        let answer = tokio::task::spawn_blocking(move || {
            let mut out = io::stderr().lock();
            out.write_all(question.as_bytes())?;
            out.flush()?;
            drop(out);
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            Ok::<_, io::Error>(line)
        });
        match answer.await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(CliError::io("cannot read the answer", &error)),
            Err(_) => Err(CliError::interrupted()),
        }
    }
}
