//! The words of a text, as PostgreSQL's default parser of full texts finds them.

use unicode_normalization::char::is_combining_mark;

use crate::value::fold::lower;

/// The tokens of PostgreSQL's default parser, in lower case and in their order.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    match parts(text) {
        Some(parts) => parts
            .flat_map(|(part, first)| tokens_of_part(part, first))
            .collect(),
        None => tokenized(text, true),
    }
}

/// The parts of a text between blanks, which no token has in it; and whether a part is the first.
/// None where there may be tags, which have.
pub(crate) fn parts(text: &str) -> Option<impl Iterator<Item = (&str, bool)>> {
    if text.contains('<') {
        return None;
    }
    let parts = text.split(' ').enumerate();
    Some(parts.map(|(index, part)| (part, index == 0)))
}

/// The tokens of a part.
pub(crate) fn tokens_of_part(part: &str, first: bool) -> Vec<String> {
    let plain = part.bytes().all(|byte| byte.is_ascii_alphabetic())
        || part.bytes().all(|byte| byte.is_ascii_digit());
    match plain {
        true if part.is_empty() => Vec::new(),
        true => vec![part.to_ascii_lowercase()],
        false => tokenized(part, first),
    }
}

fn tokenized(text: &str, fresh: bool) -> Vec<String> {
    let mut tokenizer = Tokenizer {
        chars: text.chars().collect(),
        at: 0,
        out: Vec::new(),
        fresh,
    };
    while tokenizer.at < tokenizer.chars.len() {
        tokenizer.step();
    }
    tokenizer.out
}

struct Tokenizer {
    chars: Vec<char>,
    at: usize,
    out: Vec<String>,
    /// At the beginning of the text, or right after a token.
    fresh: bool,
}

/// An ASCII letter or digit.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn is_plain_or_underscore(c: char) -> bool {
    is_plain(c) || c == '_'
}

/// A character of a word: letters, marks, digits, letter numbers and circled letters, but no
/// superscripts or fractions.
fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return is_plain(c);
    }
    match c {
        '²' | '³' | '¹' | '¼' | '½' | '¾' => false,
        '\u{2070}' | '\u{2074}'..='\u{2079}' | '\u{2080}'..='\u{2089}' => false,
        '\u{2150}'..='\u{215f}' | '\u{2189}' | '\u{2460}'..='\u{249b}' => false,
        '\u{249c}'..='\u{24e9}' => true,
        '\u{24ea}'..='\u{24ff}' | '\u{2776}'..='\u{2793}' => false,
        _ => c.is_alphanumeric() || is_combining_mark(c),
    }
}

impl Tokenizer {
    fn char(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    fn is(&self, at: usize, test: impl Fn(char) -> bool) -> bool {
        self.char(at).is_some_and(test)
    }

    /// The end of a run from a place on.
    fn run(&self, from: usize, test: impl Fn(char) -> bool) -> usize {
        from + self.chars[from.min(self.chars.len())..]
            .iter()
            .take_while(|c| test(**c))
            .count()
    }

    fn emit(&mut self, from: usize, to: usize) {
        let text: String = self.chars[from..to].iter().collect();
        self.out.push(lower(&text));
    }

    fn token(&mut self, to: usize) {
        self.emit(self.at, to);
        self.at = to;
        self.fresh = true;
    }

    fn step(&mut self) {
        let at = self.at;
        let c = self.chars[at];
        if c == '<'
            && let Some(end) = self.tag(at)
        {
            self.at = end;
            self.fresh = false;
            return;
        }
        if c.is_ascii_digit()
            && let Some(end) = self.exponent(self.run(at, |c| c.is_ascii_digit()))
        {
            return self.token(end);
        }
        if is_plain(c) || is_word(c) {
            if let Some(end) = self.email(at) {
                return self.token(end);
            }
            let letters = self.run(at, |c| c.is_ascii_alphabetic());
            if letters > at
                && self.char(letters) == Some(':')
                && self.char(letters + 1) == Some('/')
                && self.char(letters + 2) == Some('/')
            {
                self.at = letters + 3;
                self.fresh = false;
                return;
            }
            if let Some((host, path)) = self.host(at) {
                if path > host {
                    self.emit(at, path);
                    self.emit(at, host);
                    self.emit(host, path);
                } else {
                    self.emit(at, host);
                }
                self.at = path;
                self.fresh = true;
                return;
            }
            if c.is_ascii_digit()
                && let Some(end) = self.number(at)
            {
                return self.token(end);
            }
            return self.word(at);
        }
        if matches!(c, '+' | '-') && self.is(at + 1, |c| c.is_ascii_digit()) {
            let whole = self.run(at + 1, |c| c.is_ascii_digit());
            let mut end = whole;
            if self.char(whole) == Some('.') && self.is(whole + 1, |c| c.is_ascii_digit()) {
                end = self.run(whole + 1, |c| c.is_ascii_digit());
                if self.char(end) == Some('.') && self.is(end + 1, |c| c.is_ascii_digit()) {
                    self.at += 1;
                    self.fresh = false;
                    return;
                }
            }
            let end = self.exponent(end).unwrap_or(end);
            return self.token(end);
        }
        let prefix = self.file_prefix(at);
        if let Some(from) = prefix {
            let end = self.file(from);
            return self.token(end);
        }
        self.at += 1;
        self.fresh = false;
        while self.is(self.at, |c| {
            !matches!(c, '<' | '-' | '+' | '/') && !is_word(c)
        }) {
            self.at += 1;
        }
    }

    /// Where the exponent of a number ends that begins here.
    fn exponent(&self, at: usize) -> Option<usize> {
        if !self.is(at, |c| matches!(c, 'e' | 'E')) {
            return None;
        }
        let sign = usize::from(self.is(at + 1, |c| matches!(c, '+' | '-')));
        let digits = at + 1 + sign;
        let end = self.run(digits, |c| c.is_ascii_digit());
        (end > digits).then_some(end)
    }

    fn number(&self, at: usize) -> Option<usize> {
        let mut end = self.run(at, |c| c.is_ascii_digit());
        let mut groups = 0;
        while self.char(end) == Some('.') && self.is(end + 1, |c| c.is_ascii_digit()) {
            end = self.run(end + 1, |c| c.is_ascii_digit());
            groups += 1;
        }
        (groups > 0).then(|| self.exponent(end).unwrap_or(end))
    }

    /// `[LD]+([-_][LD]+)*`.
    fn label(&self, at: usize) -> Option<usize> {
        let mut end = self.run(at, is_plain);
        if end == at {
            return None;
        }
        while self.is(end, |c| matches!(c, '-' | '_')) && self.is(end + 1, is_plain) {
            end = self.run(end + 1, is_plain);
        }
        Some(end)
    }

    fn labels(&self, at: usize) -> Option<usize> {
        let mut end = self.label(at)?;
        while self.char(end) == Some('.')
            && let Some(next) = self.label(end + 1)
        {
            end = next;
        }
        Some(end)
    }

    fn email(&self, at: usize) -> Option<usize> {
        let mut end = self.labels(at);
        let plain = end.is_some_and(|end| self.char(end) == Some('@'));
        if !plain {
            // A word with a digit and other letters can stand before the @ too.
            let word = self.run(at, is_word);
            let digits = self.chars[at..word].iter().any(char::is_ascii_digit);
            end = digits.then_some(word);
        }
        let end = end.filter(|end| self.char(*end) == Some('@'))?;
        self.name_of_host(end + 1)
    }

    /// `label(.label)*.L{2,}`, and no letter or digit behind.
    fn name_of_host(&self, at: usize) -> Option<usize> {
        let end = self.labels(at)?;
        let dot = (at..end).rev().find(|i| self.chars[*i] == '.')?;
        let top = &self.chars[dot + 1..end];
        (top.len() >= 2 && top.iter().all(char::is_ascii_alphabetic) && !self.is(end, is_word))
            .then_some(end)
    }

    /// Where a host ends, and where the path behind it ends.
    fn host(&self, at: usize) -> Option<(usize, usize)> {
        let mut end = self.name_of_host(at)?;
        if self.char(end) == Some(':') && self.is(end + 1, |c| c.is_ascii_digit()) {
            end = self.run(end + 1, |c| c.is_ascii_digit());
        }
        let url = |c: char| c.is_ascii_graphic() && !"\"<>\\^{|}`".contains(c);
        if self.char(end) == Some('/') && self.is(end + 1, url) {
            return Some((end, self.run(end, url)));
        }
        Some((end, end))
    }

    fn word(&mut self, at: usize) {
        let end = self.run(at, is_word);
        let word = &self.chars[at..end];
        let (ascii, digit, digits) = (
            word.iter().all(char::is_ascii),
            word.iter().any(char::is_ascii_digit),
            word.iter().all(char::is_ascii_digit),
        );
        if (ascii || digit)
            && (self.char(end) == Some('/') || !digits && self.char(end) == Some('.'))
            && self.is(end + 1, is_plain_or_underscore)
        {
            let end = self.file(end);
            return self.token(end);
        }
        if digits {
            return self.token(end);
        }
        let mut parts = vec![(at, end)];
        while let Some(&(_, last)) = parts.last() {
            let Some(next) = self.part(last) else { break };
            parts.push((last + 1, next));
        }
        let last = parts.last().map_or(end, |part| part.1);
        if parts.len() > 1 {
            self.emit(at, last);
            for (from, to) in parts {
                self.emit(from, to);
            }
            self.at = last;
            if self.char(last) == Some('-') && self.is(last + 1, is_word) {
                self.at += 1;
            }
            self.fresh = true;
            return;
        }
        self.token(end);
    }

    /// Where a further part of a hyphenated word ends: a hyphen, then a letter, or digits and a
    /// letter.
    fn part(&self, at: usize) -> Option<usize> {
        if self.char(at) != Some('-') {
            return None;
        }
        let letter = self.run(at + 1, |c| c.is_ascii_digit());
        self.is(letter, |c| is_word(c) && !c.is_ascii_digit())
            .then(|| self.run(at + 1, is_word))
    }

    /// The continuation of a file name.
    fn file(&self, from: usize) -> usize {
        let mut end = from;
        loop {
            let run = self.run(end, |c| is_plain_or_underscore(c) || c == '-');
            if self.is(run, |c| matches!(c, '.' | '/')) && self.is(run + 1, is_plain_or_underscore)
            {
                end = run + 1;
                continue;
            }
            return run;
        }
    }

    /// Where the name of a file begins behind its prefix.
    fn file_prefix(&self, at: usize) -> Option<usize> {
        let name = |at: usize| self.is(at, is_plain_or_underscore).then_some(at);
        match (self.char(at)?, self.char(at + 1), self.char(at + 2)) {
            ('/', _, _) => name(at + 1),
            ('~', _, _) if self.fresh => name(at + 1),
            ('.', Some('/'), _) if self.fresh => name(at + 2),
            ('.', Some('.'), Some('/')) if self.fresh => name(at + 3).or(Some(at + 2)),
            ('.', Some('.'), _) if self.fresh => Some(at + 2),
            _ => None,
        }
    }

    /// Where a tag or a comment of HTML ends.
    fn tag(&self, at: usize) -> Option<usize> {
        let rest: String = self.chars[at..].iter().take(400).collect();
        if let Some(comment) = rest.strip_prefix("<!--") {
            let end = comment.find("-->")?;
            return Some(at + 4 + comment[..end].chars().count() + 3);
        }
        let mut i = at + 1;
        if self.char(i) == Some('/') {
            i += 1;
        }
        if !self.is(i, |c| c.is_ascii_alphabetic()) {
            return None;
        }
        loop {
            match self.char(i)? {
                '>' => return Some(i + 1),
                quote @ ('"' | '\'') => {
                    i = self.run(i + 1, |c| c != quote);
                    self.char(i)?;
                    i += 1;
                }
                c if is_plain(c) || "=-_#/:.&?% ~\t\r\n".contains(c) => i += 1,
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{tokenized, tokens};
    use crate::value::fold::unaccented;

    proptest! {
        #[test]
        fn no_token_has_a_blank_in_it(text in "([a-cE1-3é東]|[-+/.~@_:,;<>&\"' \t]|https?://|\\.\\./){0,24}") {
            prop_assert_eq!(tokens(&text), tokenized(&text, true));
        }
    }

    #[test]
    fn text_has_the_words_that_postgresql_finds() {
        for (text, expected) in [
            ("Smith-Jones", "smith-jones smith jones"),
            ("O’Brien", "o brien"),
            ("AT&T", "at t"),
            ("a_b", "a b"),
            ("C++", "c"),
            ("user@example.org", "user@example.org"),
            ("user+tag@x.org", "user tag@x.org"),
            ("10:30", "10 30"),
            ("1,234", "1 234"),
            ("東京都", "東京都"),
            ("x²", "x"),
            ("1e5abc", "1e5 abc"),
            ("978-3-16", "978 -3 -16"),
            ("2020-01-02", "2020 -01 -02"),
            ("x-1", "x -1"),
            ("foo-bar-1", "foo-bar foo bar 1"),
            ("a/b and/or 12/34/56", "a/b and/or 12/34/56"),
            ("J.R.R", "j.r.r"),
            ("1.2.3", "1.2.3"),
            ("<b>bold</b> a<b", "bold a b"),
        ] {
            let text = unaccented(text).replace('&', ",");
            assert_eq!(tokens(&text).join(" "), expected, "{text}");
        }
    }
}
