//! CQL as RMB understands it: a parser, and evaluation over JSON.
//!
//! The facts are those of RMB's CQL2PgJSON: `and`, `or` and `not` bind equally and to the left; `=` finds words, `==` the whole value;
//! letters' case and accents do not matter unless a modifier says so; `*` and `?` are wildcards unless escaped.

use std::fmt;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A query: what is wanted, and in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What is wanted.
    pub clause: Clause,
    /// The order.
    pub sort: Vec<SortKey>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// `index relation term`.
    Term(Term),
    /// Both.
    And(Box<Clause>, Box<Clause>),
    /// Either.
    Or(Box<Clause>, Box<Clause>),
    /// The first without the second.
    Not(Box<Clause>, Box<Clause>),
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The field, dotted: `personal.lastName`.
    pub index: String,
    /// How it is compared.
    pub relation: Relation,
    /// `number`, `respectCase` and so on.
    pub modifiers: Vec<String>,
    /// The text compared with, escapes included.
    pub text: String,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Relation {
    Words,
    Exact,
    Differs,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    All,
    Any,
    Adjacent,
}

/// A field to sort by.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// The field, dotted.
    pub index: String,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether it is compared as a number.
    pub number: bool,
}

/// Why a query cannot be understood, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CqlError {
    /// The position, in characters from 1.
    pub position: usize,
    /// What was expected.
    pub message: String,
}

impl fmt::Display for CqlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "CQL syntax error at position {}: {}",
            self.position, self.message
        )
    }
}

impl std::error::Error for CqlError {}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Slash,
    Relation(&'static str),
    /// Text, and whether it was quoted.
    Text(String, bool),
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, CqlError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at + 1;
        let next = chars.get(at + 1).copied();
        let (token, length) = match (c, next) {
            (c, _) if c.is_whitespace() => {
                at += 1;
                continue;
            }
            ('(', _) => (Token::Open, 1),
            (')', _) => (Token::Close, 1),
            ('/', _) => (Token::Slash, 1),
            ('=', Some('=')) => (Token::Relation("=="), 2),
            ('=', _) => (Token::Relation("="), 1),
            ('<', Some('>')) => (Token::Relation("<>"), 2),
            ('<', Some('=')) => (Token::Relation("<="), 2),
            ('<', _) => (Token::Relation("<"), 1),
            ('>', Some('=')) => (Token::Relation(">="), 2),
            ('>', _) => (Token::Relation(">"), 1),
            ('"', _) => {
                let mut quoted = String::new();
                let mut end = at + 1;
                loop {
                    match chars.get(end) {
                        None => {
                            return Err(CqlError {
                                position: start,
                                message: "a quotation mark that is never closed".into(),
                            });
                        }
                        Some('"') => break,
                        Some('\\') => {
                            let Some(escaped) = chars.get(end + 1) else {
                                return Err(CqlError {
                                    position: end + 1,
                                    message: "a backslash before nothing".into(),
                                });
                            };
                            quoted.push('\\');
                            quoted.push(*escaped);
                            end += 2;
                        }
                        Some(c) => {
                            quoted.push(*c);
                            end += 1;
                        }
                    }
                }
                (Token::Text(quoted, true), end + 1 - at)
            }
            _ => {
                let word: String = chars[at..]
                    .iter()
                    .take_while(|c| {
                        !c.is_whitespace() && !matches!(c, '(' | ')' | '=' | '<' | '>' | '/' | '"')
                    })
                    .collect();
                let length = word.chars().count();
                (Token::Text(word, false), length)
            }
        };
        tokens.push((start, token));
        at += length;
    }
    Ok(tokens)
}

/// Nesting of parentheses that is understood.
const MAX_DEPTH: usize = 200;

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
}

impl Query {
    /// Understands a query.
    ///
    /// # Errors
    /// The text is no CQL.
    pub fn parse(text: &str) -> Result<Self, CqlError> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            end: text.chars().count() + 1,
        };
        let clause = parser.clause(None, 0)?;
        let mut sort = Vec::new();
        if parser.word("sortby") {
            parser.at += 1;
            while parser.at < parser.tokens.len() {
                sort.push(parser.sort_key()?);
            }
            if sort.is_empty() {
                return Err(parser.expected("a field to sort by"));
            }
        }
        match parser.peek() {
            None => Ok(Self { clause, sort }),
            Some(_) => Err(parser.expected("and, or, not, sortBy or the end")),
        }
    }

    /// Whether a record is wanted.
    pub fn matches(&self, record: &Value) -> bool {
        self.clause.matches(record)
    }
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn word(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(Token::Text(word, false)) if word.eq_ignore_ascii_case(wanted))
    }

    fn expected(&self, what: &str) -> CqlError {
        let position = self
            .tokens
            .get(self.at)
            .map_or(self.end, |(position, _)| *position);
        CqlError {
            position,
            message: format!("expected {what}"),
        }
    }

    /// Conditions joined from the left. Within `index == (a or b)` terms stand alone: `given` is what they are compared by.
    fn clause(
        &mut self,
        given: Option<&(String, Relation, Vec<String>)>,
        depth: usize,
    ) -> Result<Clause, CqlError> {
        if depth > MAX_DEPTH {
            return Err(self.expected("fewer parentheses"));
        }
        let mut left = self.operand(given, depth)?;
        loop {
            let join: fn(Box<Clause>, Box<Clause>) -> Clause = if self.word("and") {
                Clause::And
            } else if self.word("or") {
                Clause::Or
            } else if self.word("not") {
                Clause::Not
            } else if self.word("prox") {
                return Err(self.expected("and, or or not; prox is not supported"));
            } else {
                return Ok(left);
            };
            self.at += 1;
            let right = self.operand(given, depth)?;
            left = join(Box::new(left), Box::new(right));
        }
    }

    fn operand(
        &mut self,
        given: Option<&(String, Relation, Vec<String>)>,
        depth: usize,
    ) -> Result<Clause, CqlError> {
        match self.peek().cloned() {
            Some(Token::Open) => {
                self.at += 1;
                let inner = self.clause(given, depth + 1)?;
                self.close()?;
                Ok(inner)
            }
            Some(Token::Text(text, _)) => {
                let start = self.at;
                self.at += 1;
                let Some(relation) = self.relation() else {
                    return match given {
                        Some((index, relation, modifiers)) => Ok(Clause::Term(Term {
                            index: index.clone(),
                            relation: *relation,
                            modifiers: modifiers.clone(),
                            text,
                        })),
                        None => {
                            self.at = start + 1;
                            Err(self.expected("a relation such as == after the field"))
                        }
                    };
                };
                let modifiers = self.modifiers()?;
                match self.peek().cloned() {
                    Some(Token::Open) => {
                        self.at += 1;
                        let inner = self.clause(Some(&(text, relation, modifiers)), depth + 1)?;
                        self.close()?;
                        Ok(inner)
                    }
                    Some(Token::Text(term, _)) => {
                        self.at += 1;
                        Ok(Clause::Term(Term {
                            index: text,
                            relation,
                            modifiers,
                            text: term,
                        }))
                    }
                    _ => Err(self.expected("a term to compare with")),
                }
            }
            _ => Err(self.expected("a field or a parenthesis")),
        }
    }

    fn close(&mut self) -> Result<(), CqlError> {
        match self.peek() {
            Some(Token::Close) => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.expected("a closing parenthesis")),
        }
    }

    fn relation(&mut self) -> Option<Relation> {
        let relation = match self.peek()? {
            Token::Relation("==") => Relation::Exact,
            Token::Relation("=") => Relation::Words,
            Token::Relation("<>") => Relation::Differs,
            Token::Relation("<") => Relation::Less,
            Token::Relation("<=") => Relation::LessOrEqual,
            Token::Relation(">") => Relation::Greater,
            Token::Relation(">=") => Relation::GreaterOrEqual,
            Token::Text(word, false) if word.eq_ignore_ascii_case("all") => Relation::All,
            Token::Text(word, false) if word.eq_ignore_ascii_case("any") => Relation::Any,
            Token::Text(word, false) if word.eq_ignore_ascii_case("adj") => Relation::Adjacent,
            _ => return None,
        };
        self.at += 1;
        Some(relation)
    }

    fn modifiers(&mut self) -> Result<Vec<String>, CqlError> {
        let mut modifiers = Vec::new();
        while self.peek() == Some(&Token::Slash) {
            self.at += 1;
            match self.peek().cloned() {
                Some(Token::Text(name, false)) => {
                    self.at += 1;
                    modifiers.push(name);
                }
                _ => return Err(self.expected("the name of a modifier")),
            }
        }
        Ok(modifiers)
    }

    fn sort_key(&mut self) -> Result<SortKey, CqlError> {
        let Some(Token::Text(index, _)) = self.peek().cloned() else {
            return Err(self.expected("a field to sort by"));
        };
        self.at += 1;
        let mut key = SortKey {
            index,
            descending: false,
            number: false,
        };
        for modifier in self.modifiers()? {
            match modifier.to_ascii_lowercase().as_str() {
                "sort.descending" => key.descending = true,
                "sort.ascending" => key.descending = false,
                "number" => key.number = true,
                _ => {}
            }
        }
        Ok(key)
    }
}

impl Clause {
    /// Whether a record is wanted.
    pub fn matches(&self, record: &Value) -> bool {
        match self {
            Self::Term(term) => term.matches(record),
            Self::And(a, b) => a.matches(record) && b.matches(record),
            Self::Or(a, b) => a.matches(record) || b.matches(record),
            Self::Not(a, b) => a.matches(record) && !b.matches(record),
        }
    }

    /// All comparisons.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Self::Term(term) => vec![term],
            Self::And(a, b) | Self::Or(a, b) | Self::Not(a, b) => {
                let mut terms = a.terms();
                terms.extend(b.terms());
                terms
            }
        }
    }

    /// The comparisons that must all hold.
    pub(crate) fn conjuncts(&self) -> Vec<&Term> {
        match self {
            Self::Term(term) => vec![term],
            Self::And(a, b) => {
                let mut terms = a.conjuncts();
                terms.extend(b.conjuncts());
                terms
            }
            Self::Not(a, _) => a.conjuncts(),
            Self::Or(..) => Vec::new(),
        }
    }
}

impl Term {
    fn has(&self, modifier: &str) -> bool {
        self.modifiers
            .iter()
            .any(|known| known.eq_ignore_ascii_case(modifier))
    }

    /// `cql.allRecords=1`, and `id=*`, which RMB takes for the same.
    pub(crate) fn is_all(&self) -> bool {
        self.index.eq_ignore_ascii_case("cql.allRecords")
            || self.index == "id" && self.relation == Relation::Words && self.text == "*"
    }

    fn fold(&self, text: &str) -> String {
        let text = if self.has("respectCase") {
            text.to_owned()
        } else {
            text.to_lowercase()
        };
        if self.has("respectAccents") {
            text
        } else {
            without_accents(&text)
        }
    }

    fn matches(&self, record: &Value) -> bool {
        if self.is_all() {
            return true;
        }
        values(record, &self.index)
            .into_iter()
            .any(|value| self.holds(value))
    }

    fn holds(&self, value: &Value) -> bool {
        if value.is_null() {
            return false;
        }
        // `field=""`: the field is there.
        if self.text.is_empty() && self.relation == Relation::Words {
            return true;
        }
        if (self.has("number") || value.is_number())
            && let (Some(value), Ok(wanted)) = (number(value), unescaped(&self.text).parse::<f64>())
        {
            return match self.relation {
                Relation::Less => value < wanted,
                Relation::LessOrEqual => value <= wanted,
                Relation::Greater => value > wanted,
                Relation::GreaterOrEqual => value >= wanted,
                Relation::Differs => value != wanted,
                _ => value == wanted,
            };
        }
        let text = match value {
            Value::String(text) => self.fold(text),
            other => self.fold(&json_text(other)),
        };
        let wanted = || self.fold(&unescaped(&self.text));
        match self.relation {
            Relation::Exact => like(&text, &self.fold(&self.text)),
            Relation::Differs => !like(&text, &self.fold(&self.text)),
            Relation::Less => text < wanted(),
            Relation::LessOrEqual => text <= wanted(),
            Relation::Greater => text > wanted(),
            Relation::GreaterOrEqual => text >= wanted(),
            Relation::Words | Relation::Adjacent => {
                let (have, want) = (words(&text), patterns(&self.fold(&self.text)));
                !want.is_empty()
                    && have
                        .windows(want.len())
                        .any(|run| run.iter().zip(&want).all(|(word, wanted)| wanted.is(word)))
            }
            Relation::All => {
                let (have, want) = (words(&text), patterns(&self.fold(&self.text)));
                !want.is_empty()
                    && want
                        .iter()
                        .all(|wanted| have.iter().any(|word| wanted.is(word)))
            }
            Relation::Any => {
                let (have, want) = (words(&text), patterns(&self.fold(&self.text)));
                want.iter()
                    .any(|wanted| have.iter().any(|word| wanted.is(word)))
            }
        }
    }
}

/// The values of a dotted field. A list is one value, as RMB compares it: its JSON text.
fn values<'a>(record: &'a Value, index: &str) -> Vec<&'a Value> {
    let mut found = vec![record];
    for name in index.split('.') {
        found = found
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(list) => list
                    .iter()
                    .filter_map(|element| element.get(name))
                    .collect::<Vec<_>>(),
                value => value.get(name).into_iter().collect(),
            })
            .collect();
    }
    found
}

/// JSON as PostgreSQL prints it: a space after commas and colons.
fn json_text(value: &Value) -> String {
    match value {
        Value::Array(list) => format!(
            "[{}]",
            list.iter().map(json_text).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), json_text(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Text without its case and accents, as RMB compares and sorts it (`lower(f_unaccent(…))`).
pub(crate) fn folded(text: &str) -> String {
    without_accents(&text.to_lowercase())
}

fn without_accents(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).collect()
}

/// Text without its escapes.
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' {
            chars.next().unwrap_or('\\')
        } else {
            c
        });
    }
    plain
}

#[derive(Clone, Copy, PartialEq)]
enum Wild {
    Char(char),
    One,
    Many,
}

fn pattern(text: &str) -> Vec<Wild> {
    let mut pattern = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        pattern.push(match c {
            '\\' => Wild::Char(chars.next().unwrap_or('\\')),
            '*' => Wild::Many,
            '?' => Wild::One,
            c => Wild::Char(c),
        });
    }
    pattern
}

/// Whether the whole text is what the pattern says; in time proportional to text times pattern.
fn like(text: &str, wanted: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern = pattern(wanted);
    let (mut t, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Wild::Many) => {
                back = Some((p + 1, t));
                p += 1;
            }
            Some(Wild::One) => {
                t += 1;
                p += 1;
            }
            Some(Wild::Char(c)) if *c == text[t] => {
                t += 1;
                p += 1;
            }
            _ => match back {
                Some((after, from)) => {
                    back = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p.min(pattern.len())..]
        .iter()
        .all(|wild| *wild == Wild::Many)
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect()
}

/// A word that is searched for, or the beginning of one.
struct Wanted {
    word: String,
    prefix: bool,
}

impl Wanted {
    fn is(&self, word: &str) -> bool {
        if self.prefix {
            word.starts_with(&self.word)
        } else {
            word == self.word
        }
    }
}

fn patterns(text: &str) -> Vec<Wanted> {
    let mut patterns = Vec::new();
    for part in text.split_whitespace() {
        let prefix = part.ends_with('*') && !part.ends_with("\\*");
        let plain = unescaped(part.trim_end_matches('*'));
        let pieces = words(&plain);
        let last = pieces.len().saturating_sub(1);
        for (index, word) in pieces.into_iter().enumerate() {
            patterns.push(Wanted {
                word: word.to_owned(),
                prefix: prefix && index == last,
            });
        }
    }
    patterns
}

impl Relation {
    fn symbol(self) -> &'static str {
        match self {
            Self::Words => "=",
            Self::Exact => "==",
            Self::Differs => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::All => "all",
            Self::Any => "any",
            Self::Adjacent => "adj",
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.clause)?;
        if !self.sort.is_empty() {
            out.write_str(" sortBy")?;
        }
        for key in &self.sort {
            write!(out, " {}", key.index)?;
            if key.descending {
                out.write_str("/sort.descending")?;
            }
            if key.number {
                out.write_str("/number")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, word, b) = match self {
            Self::Term(term) => return write!(out, "{term}"),
            Self::And(a, b) => (a, "and", b),
            Self::Or(a, b) => (a, "or", b),
            Self::Not(a, b) => (a, "not", b),
        };
        match **b {
            Self::Term(_) => write!(out, "{a} {word} {b}"),
            _ => write!(out, "{a} {word} ({b})"),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.index, self.relation.symbol())?;
        for modifier in &self.modifiers {
            write!(out, "/{modifier}")?;
        }
        write!(out, " \"{}\"", self.text)
    }
}
