//! The errors of executors, as text for users.

use datafusion::common::DataFusionError;

/// Begins the text of an error in Ballista's message, which is the `Debug` format of the error.
const ERROR: &str = "Execution(\"";

/// Begins the text of a response of the scheduler to a statement that it does not accept.
const REFUSAL: (&str, &str) = ("Status {", "message: \"");

/// The error of a statement without the `Debug` format in which Ballista forwards the errors of
/// executors.
pub(crate) fn readable(error: DataFusionError) -> DataFusionError {
    let DataFusionError::Execution(message) = &error else {
        return error;
    };
    match inner(message) {
        Some(text) => DataFusionError::Execution(text),
        None => error,
    }
}

/// The text of the innermost error in Ballista's message.
fn inner(message: &str) -> Option<String> {
    let refusal = match message.starts_with(REFUSAL.0) {
        true => quoted(message, REFUSAL.1),
        false => None,
    };
    let mut text = match refusal {
        Some(refusal) => refusal,
        None => quoted(message, ERROR)?,
    };
    while let Some(deeper) = quoted(&text, ERROR) {
        text = deeper;
    }
    Some(text)
}

/// The text in `Debug` format after the first occurrence of `begin`.
fn quoted(message: &str, begin: &str) -> Option<String> {
    let (_, rest) = message.split_once(begin)?;
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => match characters.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                '0' => text.push('\0'),
                'u' => {
                    let code: String = characters
                        .by_ref()
                        .skip(1)
                        .take_while(|next| *next != '}')
                        .collect();
                    text.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
                }
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use ballista_core::error::BallistaError;
    use ballista_core::serde::protobuf::FailedTask;

    use super::*;

    #[test]
    fn the_text_of_an_executors_error_survives_ballistas_message() {
        for text in [
            "reading /users: 403 (\"denied\")\nAccess requires a \\ permission",
            "Zeichen é \u{1F4DA} \u{200b} \0 \t",
        ] {
            let error = BallistaError::from(DataFusionError::Execution(text.to_owned()));
            let task = FailedTask::from(error);
            let message = format!(
                "Job 1 failed: Job failed due to stage 1 failed: {}",
                task.error
            );
            let error = readable(DataFusionError::Execution(message));
            assert_eq!(error.to_string(), format!("Execution error: {text}"));
        }
    }

    #[test]
    fn other_errors_stay_as_they_are() {
        let lost = "Job 1 failed: all executors are lost";
        let error = readable(DataFusionError::Execution(lost.to_owned()));
        assert_eq!(error.to_string(), format!("Execution error: {lost}"));
    }
}
