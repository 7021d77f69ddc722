//! The words of CQL, as cql-java reads them.

/// A piece of a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum QueryToken {
    End,
    Open,
    Close,
    Slash,
    /// `<`, `==` and so on.
    Symbol(&'static str),
    /// and, or, not, prox, sortby, in lower case, and as they were written.
    Keyword(&'static str, String),
    Word(String),
    Quoted(String),
}

const KEYWORDS: [&str; 5] = ["and", "or", "not", "prox", "sortby"];

impl QueryToken {
    /// The token in the words of the parser's messages.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::End => "EOF".to_owned(),
            Self::Open => "'('".to_owned(),
            Self::Close => "')'".to_owned(),
            Self::Slash => "'/'".to_owned(),
            Self::Symbol(symbol) if symbol.len() == 1 => format!("'{symbol}'"),
            Self::Symbol(symbol) => (*symbol).to_owned(),
            Self::Keyword(keyword, _) => (*keyword).to_owned(),
            Self::Word(word) => format!("word: '{word}'"),
            Self::Quoted(text) => format!("string: \"{text}\""),
        }
    }

    /// The text of a token that can be a field or a term.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Keyword(_, text) | Self::Word(text) | Self::Quoted(text) => Some(text),
            _ => None,
        }
    }
}

/// All tokens. A quotation mark that is never closed ends the input, as in cql-java.
pub(crate) fn tokens(text: &str) -> Vec<QueryToken> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let (token, length) = match (c, next) {
            (' ' | '\t' | '\r' | '\n', _) => {
                at += 1;
                continue;
            }
            ('(', _) => (QueryToken::Open, 1),
            (')', _) => (QueryToken::Close, 1),
            ('/', _) => (QueryToken::Slash, 1),
            ('=', Some('=')) => (QueryToken::Symbol("=="), 2),
            ('=', _) => (QueryToken::Symbol("="), 1),
            ('<', Some('>')) => (QueryToken::Symbol("<>"), 2),
            ('<', Some('=')) => (QueryToken::Symbol("<="), 2),
            ('<', _) => (QueryToken::Symbol("<"), 1),
            ('>', Some('=')) => (QueryToken::Symbol(">="), 2),
            ('>', _) => (QueryToken::Symbol(">"), 1),
            ('"', _) => match quoted(&chars[at + 1..]) {
                Some((text, length)) => (QueryToken::Quoted(text), length + 1),
                None => break,
            },
            _ => {
                let word: String = chars[at..]
                    .iter()
                    .take_while(|c| !" \t\r\n()/<>=".contains(**c))
                    .collect();
                let length = word.chars().count();
                let lower = word.to_ascii_lowercase();
                match KEYWORDS.iter().find(|keyword| **keyword == lower) {
                    Some(keyword) => (QueryToken::Keyword(keyword, word), length),
                    None => (QueryToken::Word(word), length),
                }
            }
        };
        tokens.push(token);
        at += length;
    }
    tokens
}

/// The text of a quoted string and its length in characters, including the closing mark. A
/// backslash stays before a character that it can escape for RMB (`*`, `?`, `^`, `\`).
fn quoted(chars: &[char]) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = 0;
    loop {
        match *chars.get(at)? {
            '"' => return Some((text, at + 1)),
            '\\' => {
                let escaped = *chars.get(at + 1)?;
                if matches!(escaped, '*' | '?' | '^' | '\\') {
                    text.push('\\');
                }
                text.push(escaped);
                at += 2;
            }
            c => {
                text.push(c);
                at += 1;
            }
        }
    }
}
