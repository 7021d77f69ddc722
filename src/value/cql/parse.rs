//! Parses queries: tokens, then a tree. Any text results in a query or an error, in time
//! proportional to its length.

use super::display::name;
use super::field::field;
use super::token::{CqlError, CqlToken, TokenKind, is_closed, tokens};
use super::types::{Boolean, Comparison, Condition, Cql, Field, Modifier, Relation};

/// The maximum nesting depth of parentheses.
const DEPTH: usize = 200;

/// Parses a query.
pub(super) fn query(text: &str) -> Result<Cql, CqlError> {
    if let Some(error) = tokens(text)
        .find(|token| {
            token.kind == TokenKind::Quoted && !text.get(token.span.clone()).is_some_and(is_closed)
        })
        .map(|token| CqlError::at(text, token.span.start, "an unclosed quotation mark"))
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
    tokens: Vec<CqlToken>,
    pub(super) at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<(TokenKind, &'a str)> {
        self.ahead(0)
    }

    fn ahead(&self, by: usize) -> Option<(TokenKind, &'a str)> {
        let token = self.tokens.get(self.at + by)?;
        Some((token.kind, self.text.get(token.span.clone())?))
    }

    fn takes(&mut self, wanted: TokenKind) -> bool {
        let is = self.peek().is_some_and(|(kind, _)| kind == wanted);
        self.at += usize::from(is);
        is
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let is = matches!(self.peek(), Some((TokenKind::Word, word)) if word.eq_ignore_ascii_case(wanted));
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

    /// Conditions, combined from left to right. In `field == (a or b)`, the terms have no field of
    /// their own: `given` is the comparison that applies to them.
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
            } else if matches!(self.peek(), Some((TokenKind::Word, word)) if word.eq_ignore_ascii_case("prox"))
            {
                return Err(self.expected("`and`, `or` or `not`: FOLIO has no `prox`"));
            } else {
                return Ok(chain);
            };
            if matches!(self.peek(), Some((TokenKind::Slash, _))) {
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
        if self.takes(TokenKind::Open) {
            let inner = self.chain(given, depth + 1)?;
            if !self.takes(TokenKind::Close) {
                return Err(self.expected("a closing parenthesis"));
            }
            return Ok(inner);
        }
        if matches!(self.peek(), Some((TokenKind::Relation(Relation::Gt), _))) {
            return Err(self.expected("a field: FOLIO has no prefixes (`> dc = …`)"));
        }
        let Some((kind @ (TokenKind::Word | TokenKind::Quoted), written)) = self.peek() else {
            return Err(self.expected("a field or a parenthesis"));
        };
        let is_keyword = |word: &str| {
            ["and", "or", "not", "prox", "sortby"]
                .iter()
                .any(|keyword| word.eq_ignore_ascii_case(keyword))
        };
        if kind == TokenKind::Word && is_keyword(written) {
            return Err(self.expected("a field or a parenthesis"));
        }
        let start = self.at;
        self.at += 1;
        let Some(relation) = self.relation() else {
            self.at = start;
            let term = self.term()?;
            let (field, relation) = match given {
                Some((field, relation)) => (field.clone(), *relation),
                // A term without a field: the server decides which fields it searches.
                None => (field("cql.serverChoice"), Relation::Matches),
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
        if self.takes(TokenKind::Open) {
            let inner = self.chain(Some(&(field, relation)), depth + 1)?;
            if !self.takes(TokenKind::Close) {
                return Err(self.expected("a closing parenthesis"));
            }
            return Ok(inner);
        }
        let term = self.term()?;
        if field.name.eq_ignore_ascii_case("cql.allRecords")
            && relation == Relation::Matches
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

    /// A term in the form between quotation marks.
    fn term(&mut self) -> Result<String, CqlError> {
        let term = match self.peek() {
            Some((TokenKind::Quoted, quoted)) => inner(quoted).to_owned(),
            // A backslash is an escape here too; a trailing one would escape the quotation mark
            // that is appended.
            Some((TokenKind::Word, word)) if !is_closed(&format!("{word}\"")) => {
                return Err(self.expected("something after the backslash"));
            }
            Some((TokenKind::Word, word)) => word.to_owned(),
            _ => return Err(self.expected("a term to compare with")),
        };
        self.at += 1;
        Ok(term)
    }

    fn relation(&mut self) -> Option<Relation> {
        let relation = match self.peek()? {
            (TokenKind::Relation(relation), _) => relation,
            (TokenKind::Word, word) if word.eq_ignore_ascii_case("adj") => Relation::Adjacent,
            (TokenKind::Word, word) if word.eq_ignore_ascii_case("all") => Relation::All,
            (TokenKind::Word, word) if word.eq_ignore_ascii_case("any") => Relation::Any,
            _ => return None,
        };
        self.at += 1;
        Some(relation)
    }

    fn modifiers(&mut self) -> Result<Vec<Modifier>, CqlError> {
        let mut modifiers = Vec::new();
        while self.takes(TokenKind::Slash) {
            let Some((kind @ (TokenKind::Word | TokenKind::Quoted), written)) = self.peek() else {
                return Err(self.expected("the name of a modifier"));
            };
            self.at += 1;
            let value = match self.peek() {
                Some((TokenKind::Relation(relation), _)) => {
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
        let Some((kind @ (TokenKind::Word | TokenKind::Quoted), written)) = self.peek() else {
            return Err(self.expected("a field to sort by"));
        };
        self.at += 1;
        let mut key = name(&plain(kind, written));
        for modifier in self.modifiers()? {
            key.push('/');
            key.push_str(&name(&modifier.name));
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

pub(super) fn inner(quoted: &str) -> &str {
    let open = quoted.strip_prefix('"').unwrap_or(quoted);
    open.strip_suffix('"').unwrap_or(open)
}

/// A name without quotation marks and escapes.
fn plain(kind: TokenKind, written: &str) -> String {
    if kind != TokenKind::Quoted {
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
