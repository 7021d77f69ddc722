//! Reads queries: words, then a tree. Whatever the text, it gives a query or an error, in time proportional to the text.

use std::fmt;
use std::ops::Range;

use super::{Boolean, Comparison, Condition, Cql, Field, Modifier, Relation};

/// Why a text is no query, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CqlError {
    position: usize,
    message: String,
}

impl CqlError {
    fn at(text: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        Self {
            position: before.chars().count() + 1,
            message: message.into(),
        }
    }

    /// Where it is wrong: the number of the character, from 1; one more than there are at the end.
    pub fn position(&self) -> usize {
        self.position
    }

    /// What is wrong there.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for CqlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "no CQL at character {}: {}",
            self.position, self.message
        )
    }
}

impl std::error::Error for CqlError {}

/// How deep parentheses are understood.
const DEPTH: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    Slash,
    Relation(Relation),
    Word,
    /// Between quotation marks, these included.
    Quoted,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    span: Range<usize>,
}

/// The next token from `start` on. A quoted text that is not closed goes to the end.
fn token(text: &str, start: usize) -> Option<Token> {
    let is_sign = |c: char| matches!(c, '=' | '<' | '>' | '/' | '(' | ')');
    let begin = start + text.get(start..)?.find(|c: char| !c.is_whitespace())?;
    let rest = text.get(begin..)?;
    let (kind, length) = match rest.as_bytes() {
        [b'(', ..] => (Kind::Open, 1),
        [b')', ..] => (Kind::Close, 1),
        [b'/', ..] => (Kind::Slash, 1),
        [b'=', b'=', ..] => (Kind::Relation(Relation::Exact), 2),
        [b'=', ..] => (Kind::Relation(Relation::Words), 1),
        [b'<', b'>', ..] => (Kind::Relation(Relation::NotEqual), 2),
        [b'<', b'=', ..] => (Kind::Relation(Relation::AtMost), 2),
        [b'<', ..] => (Kind::Relation(Relation::Less), 1),
        [b'>', b'=', ..] => (Kind::Relation(Relation::AtLeast), 2),
        [b'>', ..] => (Kind::Relation(Relation::Greater), 1),
        [b'"', ..] => {
            let mut escaped = false;
            let close = rest.char_indices().skip(1).find(|(_, c)| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            });
            (Kind::Quoted, close.map_or(rest.len(), |(at, _)| at + 1))
        }
        _ => {
            let end = rest.find(|c: char| c.is_whitespace() || c == '"' || is_sign(c));
            (Kind::Word, end.unwrap_or(rest.len()))
        }
    };
    Some(Token {
        kind,
        span: begin..begin + length,
    })
}

fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let token = token(text, at)?;
        at = token.span.end;
        Some(token)
    })
}

/// Whether a quoted text has its second mark.
fn is_closed(quoted: &str) -> bool {
    let inner = quoted.strip_prefix('"').unwrap_or(quoted);
    inner.strip_suffix('"').is_some_and(|inner| {
        let backslashes = inner.len() - inner.trim_end_matches('\\').len();
        backslashes % 2 == 0
    })
}

/// The condition of a query as it is written, and the keys that it sorts by. `sortBy` counts in any case, where it stands as a word
/// outside of quotation marks. Nothing is judged: what a server understands is its own matter.
pub(super) fn split(text: &str) -> (&str, Vec<String>) {
    let mut tokens = tokens(text);
    let Some(found) = tokens.find(|token| {
        token.kind == Kind::Word
            && text
                .get(token.span.clone())
                .is_some_and(|word| word.eq_ignore_ascii_case("sortby"))
    }) else {
        return (text.trim(), Vec::new());
    };
    let condition = text.get(..found.span.start).unwrap_or_default().trim();
    let mut keys: Vec<String> = Vec::new();
    let mut joined = false;
    for token in tokens {
        let written = text.get(token.span.clone()).unwrap_or_default();
        let is_joint = matches!(token.kind, Kind::Slash | Kind::Relation(_));
        match keys.last_mut() {
            Some(key) if joined || is_joint => key.push_str(written),
            _ => keys.push(written.to_owned()),
        }
        joined = is_joint;
    }
    (condition, keys)
}

/// What keeps a text from staying between parentheses.
pub(super) fn unbalanced(text: &str) -> Option<CqlError> {
    let mut open = Vec::new();
    for token in tokens(text) {
        match token.kind {
            Kind::Open => open.push(token.span.start),
            Kind::Close if open.pop().is_none() => {
                let message = "a parenthesis that was never opened";
                return Some(CqlError::at(text, token.span.start, message));
            }
            Kind::Quoted if !text.get(token.span.clone()).is_some_and(is_closed) => {
                let message = "a quotation mark that is never closed";
                return Some(CqlError::at(text, token.span.start, message));
            }
            _ => {}
        }
    }
    open.pop()
        .map(|at| CqlError::at(text, at, "a parenthesis that is never closed"))
}

/// Understands a query.
pub(super) fn query(text: &str) -> Result<Cql, CqlError> {
    if let Some(error) = tokens(text)
        .find(|token| {
            token.kind == Kind::Quoted && !text.get(token.span.clone()).is_some_and(is_closed)
        })
        .map(|token| {
            CqlError::at(
                text,
                token.span.start,
                "a quotation mark that is never closed",
            )
        })
    {
        return Err(error);
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text).collect(),
        at: 0,
    };
    let condition = parser.chain(None, 0)?;
    let mut sort = Vec::new();
    if parser.takes_word("sortby") {
        while parser.at < parser.tokens.len() {
            sort.push(parser.sort_key()?);
        }
        if sort.is_empty() {
            return Err(parser.expected("a field to sort by"));
        }
    }
    if parser.at < parser.tokens.len() {
        return Err(parser.expected("`and`, `or`, `not`, `sortBy` or the end"));
    }
    Ok(Cql { condition, sort })
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<(Kind, &'a str)> {
        self.ahead(0)
    }

    fn ahead(&self, by: usize) -> Option<(Kind, &'a str)> {
        let token = self.tokens.get(self.at + by)?;
        Some((token.kind, self.text.get(token.span.clone())?))
    }

    fn takes(&mut self, wanted: Kind) -> bool {
        let is = self.peek().is_some_and(|(kind, _)| kind == wanted);
        self.at += usize::from(is);
        is
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let is =
            matches!(self.peek(), Some((Kind::Word, word)) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(is);
        is
    }

    fn expected(&self, what: &str) -> CqlError {
        let at = self.tokens.get(self.at);
        CqlError::at(
            self.text,
            at.map_or(self.text.len(), |token| token.span.start),
            format!("expected {what}"),
        )
    }

    /// Conditions, joined from the left. In `field == (a or b)` terms stand alone: `given` is what they are compared by.
    fn chain(
        &mut self,
        given: Option<&(Field, Relation)>,
        depth: usize,
    ) -> Result<Condition, CqlError> {
        if depth > DEPTH {
            return Err(self.expected("fewer parentheses"));
        }
        let mut chain = self.operand(given, depth)?;
        loop {
            let boolean = if self.takes_word("and") {
                Boolean::And
            } else if self.takes_word("or") {
                Boolean::Or
            } else if self.takes_word("not") {
                Boolean::Not
            } else if matches!(self.peek(), Some((Kind::Word, word)) if word.eq_ignore_ascii_case("prox"))
            {
                return Err(self.expected("`and`, `or` or `not`: FOLIO has no `prox`"));
            } else {
                return Ok(chain);
            };
            if matches!(self.peek(), Some((Kind::Slash, _))) {
                return Err(self.expected("a condition: FOLIO has no modifiers of booleans"));
            }
            let next = self.operand(given, depth)?;
            chain = match (chain, boolean, next) {
                // `field == (a or b)` is one comparison with several terms.
                (Condition::Comparison(mut left), Boolean::Or, Condition::Comparison(right))
                    if given.is_some_and(|given| left.is_by(given) && right.is_by(given)) =>
                {
                    left.terms.extend(right.terms);
                    Condition::Comparison(left)
                }
                (chain, boolean, next) => chain.join(boolean, next),
            };
        }
    }

    fn operand(
        &mut self,
        given: Option<&(Field, Relation)>,
        depth: usize,
    ) -> Result<Condition, CqlError> {
        if self.takes(Kind::Open) {
            let inner = self.chain(given, depth + 1)?;
            if !self.takes(Kind::Close) {
                return Err(self.expected("a closing parenthesis"));
            }
            return Ok(inner);
        }
        if matches!(self.peek(), Some((Kind::Relation(Relation::Greater), _))) {
            return Err(self.expected("a field: FOLIO has no prefixes (`> dc = …`)"));
        }
        let Some((kind @ (Kind::Word | Kind::Quoted), written)) = self.peek() else {
            return Err(self.expected("a field or a parenthesis"));
        };
        let is_keyword = |word: &str| {
            ["and", "or", "not", "prox", "sortby"]
                .iter()
                .any(|keyword| word.eq_ignore_ascii_case(keyword))
        };
        if kind == Kind::Word && is_keyword(written) {
            return Err(self.expected("a field or a parenthesis"));
        }
        let start = self.at;
        self.at += 1;
        let Some(relation) = self.relation() else {
            self.at = start;
            let term = self.term()?;
            let (field, relation) = match given {
                Some((field, relation)) => (field.clone(), *relation),
                // A term alone: it is the server's choice where to look for it.
                None => (super::field("cql.serverChoice"), Relation::Words),
            };
            return Ok(Condition::Comparison(Comparison {
                field,
                relation,
                terms: vec![term],
            }));
        };
        let field = Field {
            name: plain(kind, written),
            modifiers: self.modifiers()?,
        };
        if self.takes(Kind::Open) {
            let inner = self.chain(Some(&(field, relation)), depth + 1)?;
            if !self.takes(Kind::Close) {
                return Err(self.expected("a closing parenthesis"));
            }
            return Ok(inner);
        }
        let term = self.term()?;
        if field.name.eq_ignore_ascii_case("cql.allRecords")
            && relation == Relation::Words
            && term == "1"
            && field.modifiers.is_empty()
        {
            return Ok(Condition::All);
        }
        Ok(Condition::Comparison(Comparison {
            field,
            relation,
            terms: vec![term],
        }))
    }

    /// A term as it stands between quotation marks.
    fn term(&mut self) -> Result<String, CqlError> {
        let term = match self.peek() {
            Some((Kind::Quoted, quoted)) => inner(quoted).to_owned(),
            // A backslash is an escape here too; one before nothing would escape the mark that we put behind it.
            Some((Kind::Word, word)) if !is_closed(&format!("{word}\"")) => {
                return Err(self.expected("something after the backslash"));
            }
            Some((Kind::Word, word)) => word.to_owned(),
            _ => return Err(self.expected("a term to compare with")),
        };
        self.at += 1;
        Ok(term)
    }

    fn relation(&mut self) -> Option<Relation> {
        let relation = match self.peek()? {
            (Kind::Relation(relation), _) => relation,
            (Kind::Word, word) if word.eq_ignore_ascii_case("adj") => Relation::Adjacent,
            (Kind::Word, word) if word.eq_ignore_ascii_case("all") => Relation::All,
            (Kind::Word, word) if word.eq_ignore_ascii_case("any") => Relation::Any,
            _ => return None,
        };
        self.at += 1;
        Some(relation)
    }

    fn modifiers(&mut self) -> Result<Vec<Modifier>, CqlError> {
        let mut modifiers = Vec::new();
        while self.takes(Kind::Slash) {
            let Some((kind @ (Kind::Word | Kind::Quoted), written)) = self.peek() else {
                return Err(self.expected("the name of a modifier"));
            };
            self.at += 1;
            let value = match self.peek() {
                Some((Kind::Relation(relation), _)) => {
                    self.at += 1;
                    Some((relation, self.term()?))
                }
                _ => None,
            };
            modifiers.push(Modifier {
                name: plain(kind, written),
                value,
            });
        }
        Ok(modifiers)
    }

    fn sort_key(&mut self) -> Result<String, CqlError> {
        let Some((kind @ (Kind::Word | Kind::Quoted), written)) = self.peek() else {
            return Err(self.expected("a field to sort by"));
        };
        self.at += 1;
        let mut key = super::name(&plain(kind, written));
        for modifier in self.modifiers()? {
            key.push('/');
            key.push_str(&super::name(&modifier.name));
            if let Some((relation, value)) = modifier.value {
                key.push_str(&format!("{}\"{value}\"", relation.symbol()));
            }
        }
        Ok(key)
    }
}

impl Comparison {
    fn is_by(&self, (field, relation): &(Field, Relation)) -> bool {
        self.field == *field && self.relation == *relation
    }
}

fn inner(quoted: &str) -> &str {
    let open = quoted.strip_prefix('"').unwrap_or(quoted);
    open.strip_suffix('"').unwrap_or(open)
}

/// A name without quotation marks and escapes.
fn plain(kind: Kind, written: &str) -> String {
    if kind != Kind::Quoted {
        return written.to_owned();
    }
    let mut name = String::with_capacity(written.len());
    let mut characters = inner(written).chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => name.extend(characters.next()),
            character => name.push(character),
        }
    }
    name
}
