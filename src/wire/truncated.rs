//! Lists that the server aborted after it had started to send them with 200.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

/// The server's message if it aborted a list that it had started to send with 200: RMB then closes
/// the array and appends the reason.
pub(crate) fn diagnostics(body: &[u8]) -> Option<String> {
    const DIAGNOSTICS: &[u8] = b"\"diagnostics\"";
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(DIAGNOSTICS));
    #[derive(Deserialize)]
    struct ListStart {
        #[serde(rename = "resultInfo")]
        result_info: Option<ResultInfo>,
    }
    #[derive(Deserialize)]
    struct ResultInfo {
        #[serde(default)]
        diagnostics: Vec<Diagnostic>,
    }
    #[derive(Deserialize)]
    struct Diagnostic {
        message: Option<String>,
        code: Option<String>,
    }
    // It is at the end. Most bodies do not contain the word there, and are not parsed for it.
    let tail = body
        .get(body.len().saturating_sub(16 * 1024)..)
        .unwrap_or(body);
    let at = FINDER.find_iter(tail).last()?;
    // RMB has it in every list, usually empty: then the page need not be parsed for it.
    let mut rest = tail
        .get(at + DIAGNOSTICS.len()..)?
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace());
    if [b':', b'[', b']']
        .iter()
        .all(|sign| rest.next() == Some(sign))
    {
        return None;
    }
    let found = serde_json::from_slice::<ListStart>(body)
        .ok()?
        .result_info?
        .diagnostics;
    let texts: Vec<String> = found
        .into_iter()
        .map(|diagnostic| match (diagnostic.message, diagnostic.code) {
            (Some(message), Some(code)) => format!("{message} (code {code})"),
            (Some(text), None) | (None, Some(text)) => text,
            (None, None) => "no reason given".to_owned(),
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
