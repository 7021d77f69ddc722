//! The grammar of CQL, as cql-java reads it. All booleans bind equally and to the left, and `index
//! relation (a or b)` distributes.

use crate::cql::lexer::{QueryToken, tokens};

/// A query: a condition and an order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) clause: Clause,
    pub(crate) sort: Vec<SortClause>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Clause {
    Term(Term),
    Join(Join, Box<Clause>, Box<Clause>),
    /// `>dc="…" query`, which is read and not supported.
    Prefix,
}

/// How two conditions are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    And,
    Or,
    Not,
    Prox,
}

/// `index relation/modifier term`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) index: String,
    pub(crate) relation: String,
    pub(crate) modifiers: Vec<Modifier>,
    pub(crate) text: String,
}

/// `/name` or `/name=value`; names are in lower case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Modifier {
    pub(crate) name: String,
    pub(crate) value: Option<(&'static str, String)>,
}

/// A field to sort by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SortClause {
    pub(crate) index: String,
    pub(crate) modifiers: Vec<Modifier>,
}

/// Nesting of parentheses that is understood: more would exhaust the stack.
const MAX_DEPTH: usize = 200;

const NAMED_RELATIONS: [&str; 5] = ["any", "all", "adj", "within", "encloses"];

struct QueryParser {
    tokens: Vec<QueryToken>,
    at: usize,
}

/// The comparison of a term: index, relation, modifiers.
type Scope = (String, String, Vec<Modifier>);

/// The terms of a condition.
pub(crate) fn terms<'a>(clause: &'a Clause, found: &mut Vec<&'a Term>) {
    match clause {
        Clause::Term(term) => found.push(term),
        Clause::Join(_, a, b) => {
            terms(a, found);
            terms(b, found);
        }
        Clause::Prefix => {}
    }
}

/// The first part of a condition that is joined by `prox`.
pub(crate) fn prox(clause: &Clause) -> Option<&Clause> {
    match clause {
        Clause::Join(Join::Prox, ..) => Some(clause),
        Clause::Join(_, a, b) => prox(a).or_else(|| prox(b)),
        Clause::Term(_) | Clause::Prefix => None,
    }
}

/// A condition as cql-java writes it.
pub(crate) fn written(clause: &Clause) -> String {
    match clause {
        Clause::Term(term) => {
            let text = quoted(&term.text);
            if term.index.eq_ignore_ascii_case("cql.serverChoice") {
                return text;
            }
            let modifiers: String = term.modifiers.iter().map(Modifier::written).collect();
            format!(
                "{} {}{modifiers} {text}",
                quoted(&term.index),
                term.relation
            )
        }
        Clause::Join(join, a, b) => {
            let join = match join {
                Join::And => "and",
                Join::Or => "or",
                Join::Not => "not",
                Join::Prox => "prox",
            };
            format!("({}) {join} ({})", written(a), written(b))
        }
        Clause::Prefix => String::new(),
    }
}

impl Modifier {
    fn written(&self) -> String {
        match &self.value {
            Some((relation, value)) => format!("/{}{relation}{}", self.name, quoted(value)),
            None => format!("/{}", self.name),
        }
    }
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty()
        && !text
            .chars()
            .any(|letter| matches!(letter, '"' | ' ' | '\t' | '=' | '<' | '>' | '/' | '(' | ')'));
    if plain {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('"', "\\\""))
    }
}

/// Understands a query; the error is cql-java's message.
pub(crate) fn parse(text: &str) -> Result<Parsed, String> {
    let mut parser = QueryParser {
        tokens: tokens(text),
        at: 0,
    };
    let scope = ("cql.serverChoice".to_owned(), "=".to_owned(), Vec::new());
    let clause = parser.query(&scope, 0)?;
    let mut sort = Vec::new();
    if matches!(parser.token(), QueryToken::Keyword("sortby", _)) {
        parser.at += 1;
        while *parser.token() != QueryToken::End {
            let index = parser.symbol("sort index")?;
            let modifiers = parser.modifiers()?;
            sort.push(SortClause { index, modifiers });
        }
        if sort.is_empty() {
            return Err("no sort keys".to_owned());
        }
    }
    match parser.token() {
        QueryToken::End => Ok(Parsed { clause, sort }),
        token => Err(format!("junk after end: {}", token.shown())),
    }
}

impl QueryParser {
    fn token(&self) -> &QueryToken {
        self.tokens.get(self.at).unwrap_or(&QueryToken::End)
    }

    fn symbol(&mut self, wanted: &str) -> Result<String, String> {
        match self.token().text() {
            Some(text) => {
                let text = text.to_owned();
                self.at += 1;
                Ok(text)
            }
            None => Err(format!("expected {wanted}, got {}", self.token().shown())),
        }
    }

    fn expect(&mut self, token: &QueryToken) -> Result<(), String> {
        if self.token() == token {
            self.at += 1;
            return Ok(());
        }
        Err(format!(
            "expected {}, got {}",
            token.shown(),
            self.token().shown()
        ))
    }

    fn query(&mut self, scope: &Scope, depth: usize) -> Result<Clause, String> {
        if depth > MAX_DEPTH {
            // cql-java would end with a StackOverflowError somewhere above.
            return Err("too many parentheses".to_owned());
        }
        let mut left = self.term(scope, depth)?;
        loop {
            let join = match self.token() {
                QueryToken::End | QueryToken::Close | QueryToken::Keyword("sortby", _) => {
                    return Ok(left);
                }
                QueryToken::Keyword("and", _) => Join::And,
                QueryToken::Keyword("or", _) => Join::Or,
                QueryToken::Keyword("not", _) => Join::Not,
                QueryToken::Keyword(..) => Join::Prox,
                token => return Err(format!("expected boolean, got {}", token.shown())),
            };
            self.at += 1;
            self.modifiers()?;
            let right = self.term(scope, depth)?;
            left = Clause::Join(join, Box::new(left), Box::new(right));
        }
    }

    fn term(&mut self, scope: &Scope, depth: usize) -> Result<Clause, String> {
        let mut own: Option<Scope> = None;
        loop {
            match self.token() {
                QueryToken::Open => {
                    self.at += 1;
                    let inner = self.query(own.as_ref().unwrap_or(scope), depth + 1)?;
                    self.expect(&QueryToken::Close)?;
                    return Ok(inner);
                }
                QueryToken::Symbol(">") => {
                    self.at += 1;
                    self.symbol("prefix name")?;
                    if *self.token() == QueryToken::Symbol("=") {
                        self.at += 1;
                        self.symbol("prefix identifier")?;
                    }
                    self.query(own.as_ref().unwrap_or(scope), depth + 1)?;
                    return Ok(Clause::Prefix);
                }
                _ => {}
            }
            let mut text = self.symbol("index or term")?;
            if let Some(relation) = self.relation() {
                self.at += 1;
                let modifiers = self.modifiers()?;
                own = Some((text, relation, modifiers));
                continue;
            }
            let mut more = false;
            while let QueryToken::Word(word) | QueryToken::Quoted(word) = self.token() {
                text.push(' ');
                text.push_str(word);
                self.at += 1;
                more = true;
            }
            if more && let QueryToken::Symbol(symbol) = self.token() {
                return Err(format!("unexpected relation '{symbol}'"));
            }
            let (index, relation, modifiers) = own.unwrap_or_else(|| scope.clone());
            return Ok(Clause::Term(Term {
                index,
                relation,
                modifiers,
                text,
            }));
        }
    }

    fn relation(&self) -> Option<String> {
        match self.token() {
            QueryToken::Symbol(symbol) => Some((*symbol).to_owned()),
            QueryToken::Word(word)
                if NAMED_RELATIONS.contains(&word.as_str()) || word.contains('.') =>
            {
                Some(word.clone())
            }
            _ => None,
        }
    }

    fn modifiers(&mut self) -> Result<Vec<Modifier>, String> {
        let mut modifiers = Vec::new();
        while *self.token() == QueryToken::Slash {
            self.at += 1;
            let QueryToken::Word(name) = self.token() else {
                return Err(format!("expected modifier, got {}", self.token().shown()));
            };
            let name = name.to_lowercase();
            self.at += 1;
            let value = match *self.token() {
                QueryToken::Symbol(symbol) => {
                    self.at += 1;
                    Some((symbol, self.symbol("modifier value")?))
                }
                _ => None,
            };
            modifiers.push(Modifier { name, value });
        }
        Ok(modifiers)
    }
}
