//! Redaction of recordings: tokens, passwords, cookies.

use crate::record::wire::Reply;

/// The secrets of a session, each with its replacement.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(String, &'static str)>);

impl Secrets {
    pub(crate) fn add(&mut self, secret: &str, shown: &'static str) {
        if secret.len() >= 4 && !self.0.iter().any(|(known, _)| known == secret) {
            self.0.push((secret.to_owned(), shown));
            // A secret that contains another one goes first.
            self.0
                .sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
        }
    }

    /// The tokens of a response.
    pub(crate) fn learn(&mut self, reply: &Reply) {
        for cookie in reply.all("set-cookie") {
            if let Some((_, value)) = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
            {
                self.add(value, "<jwt>");
            }
        }
        if let Some(token) = reply.header("x-okapi-token") {
            self.add(token, "<jwt>");
        }
    }

    /// Text without secrets: those that are known, and all that looks like a token.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, shown) in &self.0 {
            text = replaced(&text, secret, shown);
        }
        without_tokens(&text)
    }
}

/// Replaces a secret. A short one may be part of another word, which stays.
fn replaced(text: &str, secret: &str, shown: &str) -> String {
    if secret.len() >= 12 {
        return text.replace(secret, shown);
    }
    let of_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(secret) {
        let (before, after) = (&rest[..at], &rest[at + secret.len()..]);
        let part = of_word(
            before
                .chars()
                .next_back()
                .or_else(|| out.chars().next_back()),
        ) || of_word(after.chars().next());
        out.push_str(before);
        out.push_str(if part { secret } else { shown });
        rest = after;
    }
    out + rest
}

/// Text in which JWTs are `<jwt>`: they begin with the Base64 of `{"`.
fn without_tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, token) = rest.split_at(at);
        let length = token
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=')))
            .unwrap_or(token.len());
        out.push_str(before);
        // A JWT has at least two dots; other text stays.
        match token[..length].matches('.').count() {
            0 | 1 => out.push_str(&token[..length]),
            _ => out.push_str("<jwt>"),
        }
        rest = &token[length..];
    }
    out + rest
}

/// A cookie with its attributes, without its value.
pub(crate) fn cookie(text: &str) -> String {
    let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let value = if value.is_empty() { "" } else { "<jwt>" };
    match attributes {
        "" => format!("{name}={value}"),
        attributes => format!("{name}={value};{attributes}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let mut secrets = Secrets::default();
        secrets.add("admin-password", "<password>");
        let shown = secrets.redacted(
            r#"{"password":"admin-password","okapiToken":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AbC-_9","note":"eyJust a word"}"#,
        );
        assert_eq!(
            shown,
            r#"{"password":"<password>","okapiToken":"<jwt>","note":"eyJust a word"}"#
        );
        secrets.add("admin", "<password>");
        assert_eq!(
            secrets.redacted(r#"{"username":"diku_admin","password":"admin"}"#),
            r#"{"username":"diku_admin","password":"<password>"}"#
        );
        assert_eq!(
            cookie("folioAccessToken=abc; Path=/; Secure"),
            "folioAccessToken=<jwt>; Path=/; Secure"
        );
        assert_eq!(
            cookie("folioAccessToken=; Path=/"),
            "folioAccessToken=; Path=/"
        );
    }
}
