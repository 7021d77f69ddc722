//! Parses the text of the circulation rules. Errors are those of mod-circulation: first of the
//! grammar, then of the meaning.

use crate::modules::circulation::rules::check::check;
use crate::modules::circulation::rules::cursor::Cursor;
use crate::modules::circulation::rules::lexer::{TokenKind, tokens};
use crate::modules::circulation::rules::{
    Criterion, CriterionIds, Letters, Part, Policies, Priority, RuleError, Statement,
};

/// The rules in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) parts: Vec<Part>,
}

struct RulesParser<'t> {
    cursor: Cursor<'t>,
    parts: Vec<Part>,
    indentation: usize,
}

/// Parses the rules; `exists` states whether a policy with a letter and an id exists.
pub(crate) fn parse(text: &str, exists: &dyn Fn(char, &str) -> bool) -> Result<Rules, RuleError> {
    let tokens = tokens(text)?;
    let mut parser = RulesParser {
        cursor: Cursor::new(text, &tokens),
        parts: Vec::new(),
        indentation: 0,
    };
    parser.file()?;
    for part in &parser.parts {
        check(part, exists)?;
    }
    Ok(Rules {
        parts: parser.parts,
    })
}

impl RulesParser<'_> {
    fn file(&mut self) -> Result<(), RuleError> {
        use TokenKind::{End, Fallback, Letter, Newline};
        self.cursor.choice(&[TokenKind::Priority, Newline])?;
        // The text after the colon decides which of the two forms a file has.
        let newlines = (0..)
            .take_while(|n| self.cursor.ahead(*n).kind == Newline)
            .count();
        for (place, kind) in [
            (newlines, TokenKind::Priority),
            (newlines + 1, TokenKind::Colon),
        ] {
            if self.cursor.ahead(place).kind != kind {
                return Err(self.cursor.no_way(place));
            }
        }
        let first_line = match self.cursor.ahead(newlines + 2).kind {
            TokenKind::FirstLine => true,
            TokenKind::LastLine | TokenKind::Criterium | TokenKind::NumberOfCriteria | Letter => {
                false
            }
            _ => return Err(self.cursor.no_way(newlines + 2)),
        };
        for _ in 0..newlines + 2 {
            self.cursor.take();
        }
        if first_line {
            self.cursor.take();
            self.parts
                .push(Part::Priorities(vec![Priority::FirstLine], 0, 0));
            self.statements(&[Newline, Letter, Fallback])?;
            self.fallback()?;
            if self.cursor.kind() == Letter {
                return Err(self.cursor.wrong(
                    "For 'priority: first-line' the fallback-policy must be after the last rule.",
                ));
            }
            self.cursor.choice(&[End, Letter])?;
        } else {
            self.priority()?;
            self.newlines(&[Newline, Fallback])?;
            self.fallback()?;
            self.statements(&[Newline, Letter, End])?;
        }
        Ok(())
    }

    fn newlines(&mut self, expected: &[TokenKind]) -> Result<(), RuleError> {
        self.cursor.choice(expected)?;
        while self.cursor.kind() == TokenKind::Newline {
            self.cursor.take();
            self.cursor.again(expected)?;
        }
        Ok(())
    }

    fn priority(&mut self) -> Result<(), RuleError> {
        match self.cursor.kind() {
            TokenKind::LastLine => {
                self.cursor.take();
                self.parts
                    .push(Part::Priorities(vec![Priority::LastLine], 0, 0));
                Ok(())
            }
            TokenKind::Letter => {
                let letters = self.letters()?;
                self.parts.push(Part::Letters(letters));
                // Without words the letters decide, then their number, then the line.
                let order = vec![Priority::Criterium, Priority::Criteria, Priority::LastLine];
                self.parts.push(Part::Priorities(order, 0, 0));
                Ok(())
            }
            _ => self.priorities(),
        }
    }

    /// One or two kinds of criteria, then the line.
    fn priorities(&mut self) -> Result<(), RuleError> {
        self.look_through_priorities()?;
        let mut order = Vec::new();
        let (mut line, mut column) = (0, 0);
        loop {
            let token = self.cursor.take();
            match token.kind {
                TokenKind::NumberOfCriteria => order.push(Priority::Criteria),
                TokenKind::Criterium => {
                    self.cursor.take();
                    let letters = self.letters()?;
                    self.cursor.must(TokenKind::Close, &[TokenKind::Comma])?;
                    self.parts.push(Part::Letters(letters));
                    order.push(Priority::Criterium);
                }
                TokenKind::FirstLine => order.push(Priority::FirstLine),
                _ => order.push(Priority::LastLine),
            }
            if order.len() == 2
                && matches!(
                    token.kind,
                    TokenKind::NumberOfCriteria | TokenKind::Criterium
                )
            {
                (line, column) = (token.line, token.column);
            }
            if matches!(token.kind, TokenKind::FirstLine | TokenKind::LastLine) {
                break;
            }
            self.cursor.take();
        }
        self.parts.push(Part::Priorities(order, line, column));
        Ok(())
    }

    /// The number of priorities, two or three, is known only at their end: an error is reported at
    /// their start.
    fn look_through_priorities(&self) -> Result<(), RuleError> {
        let mut place = 0;
        for round in 0..3 {
            match self.cursor.ahead(place).kind {
                TokenKind::FirstLine | TokenKind::LastLine if round > 0 => return Ok(()),
                TokenKind::NumberOfCriteria if round < 2 => place += 1,
                TokenKind::Criterium if round < 2 => {
                    place += 1;
                    if self.cursor.ahead(place).kind != TokenKind::Open {
                        return Err(self.cursor.no_way(place));
                    }
                    place += 1;
                    if self.cursor.ahead(place).kind != TokenKind::Letter {
                        return Err(self.cursor.no_way(place));
                    }
                    while matches!(
                        self.cursor.ahead(place).kind,
                        TokenKind::Letter | TokenKind::Comma
                    ) {
                        let comma = self.cursor.ahead(place).kind == TokenKind::Comma;
                        place += 1;
                        if comma && self.cursor.ahead(place).kind != TokenKind::Letter {
                            return Err(self.cursor.no_way(place));
                        }
                    }
                    if self.cursor.ahead(place).kind != TokenKind::Close {
                        return Err(self.cursor.no_way(place));
                    }
                    place += 1;
                }
                _ => return Err(self.cursor.no_way(place)),
            }
            if self.cursor.ahead(place).kind != TokenKind::Comma {
                return Err(self.cursor.no_way(place));
            }
            place += 1;
        }
        Ok(())
    }

    fn letters(&mut self) -> Result<Letters, RuleError> {
        let follow = [
            TokenKind::Comma,
            TokenKind::Letter,
            TokenKind::Close,
            TokenKind::Newline,
            TokenKind::Fallback,
        ];
        let mut letters = Vec::new();
        let mut put = |token: &crate::modules::circulation::rules::lexer::RuleToken| {
            let letter = token.text.chars().next().unwrap_or_default();
            letters.push((letter, token.line, token.column));
        };
        put(self.cursor.must(TokenKind::Letter, &follow)?);
        loop {
            match self.cursor.kind() {
                TokenKind::Comma => {
                    self.cursor.take();
                    put(self.cursor.must(TokenKind::Letter, &follow)?);
                }
                TokenKind::Letter => put(self.cursor.take()),
                _ => break,
            }
        }
        Ok(Letters(letters))
    }

    fn fallback(&mut self) -> Result<(), RuleError> {
        let word = self
            .cursor
            .must(TokenKind::Fallback, &[TokenKind::Colon, TokenKind::Newline])?;
        match self.cursor.kind() {
            TokenKind::Colon => {
                let policies = self.policies()?;
                self.cursor.must(
                    TokenKind::Newline,
                    &[TokenKind::Letter, TokenKind::End, TokenKind::Newline],
                )?;
                self.parts
                    .push(Part::Fallback(policies, word.line, word.column));
                Ok(())
            }
            TokenKind::Newline => {
                self.cursor.take();
                Err(self.cursor.wrong("Policy missing"))
            }
            _ => Err(self
                .cursor
                .choice(&[TokenKind::Colon, TokenKind::Newline])
                .err()
                .unwrap_or_else(|| self.cursor.no_way(0))),
        }
    }

    fn policies(&mut self) -> Result<Policies, RuleError> {
        let colon = self.cursor.take();
        let mut policies = Policies {
            given: Vec::new(),
            line: colon.line,
            column: colon.column,
        };
        match self.cursor.kind() {
            TokenKind::PolicyType => {}
            TokenKind::Newline => return Err(self.cursor.wrong("Policy missing after ':'")),
            _ => {
                self.cursor
                    .choice(&[TokenKind::PolicyType, TokenKind::Newline])?;
            }
        }
        while self.cursor.kind() == TokenKind::PolicyType {
            let letter = self.cursor.take().text.chars().next().unwrap_or_default();
            self.cursor
                .choice(&[TokenKind::PolicyType, TokenKind::Name, TokenKind::Newline])?;
            if self.cursor.kind() != TokenKind::Name {
                return Err(self.cursor.wrong("Name missing."));
            }
            policies
                .given
                .push((letter, self.cursor.take().text.clone()));
            self.cursor
                .again(&[TokenKind::PolicyType, TokenKind::Newline])?;
        }
        Ok(policies)
    }

    /// Statements, empty lines between them, until one of the other tokens.
    fn statements(&mut self, expected: &[TokenKind]) -> Result<(), RuleError> {
        self.cursor.choice(expected)?;
        loop {
            match self.cursor.kind() {
                TokenKind::Newline => {
                    self.cursor.take();
                }
                TokenKind::Letter => self.statement()?,
                _ => return Ok(()),
            }
            self.cursor.again(expected)?;
        }
    }

    fn statement(&mut self) -> Result<(), RuleError> {
        let is_block = self.look_through_statement()?;
        let start = self.cursor.ahead(0);
        let mut statement = Statement {
            indentation: self.indentation,
            criteria: Vec::new(),
            policies: None,
            line: start.line,
            column: start.column,
            is_block,
        };
        loop {
            statement.criteria.push(self.criterion()?);
            if self.cursor.kind() != TokenKind::Plus {
                break;
            }
            self.cursor.take();
        }
        if self.cursor.kind() == TokenKind::Colon {
            statement.policies = Some(self.policies()?);
        }
        self.cursor.must(TokenKind::Newline, &[])?;
        self.parts.push(Part::Statement(statement));
        if is_block {
            self.indentation = self.dent();
            self.cursor.choice(&[TokenKind::Letter])?;
            while self.cursor.kind() == TokenKind::Letter {
                self.statement()?;
                self.cursor.again(&[TokenKind::Letter, TokenKind::Dedent])?;
            }
            self.indentation = self.dent();
        }
        Ok(())
    }

    /// The number in the text of a token of indentation.
    fn dent(&mut self) -> usize {
        let text = &self.cursor.take().text;
        text.trim_start_matches(char::is_alphabetic)
            .parse()
            .unwrap_or_default()
    }

    /// Whether a block follows a statement is known only after it: an error is reported at its
    /// start.
    fn look_through_statement(&self) -> Result<bool, RuleError> {
        let kind = |place: usize| self.cursor.ahead(place).kind;
        let mut place = 0;
        loop {
            if kind(place) != TokenKind::Letter {
                return Err(self.cursor.no_way(place));
            }
            place += 1;
            match kind(place) {
                TokenKind::All => place += 1,
                TokenKind::Name => {
                    while matches!(kind(place), TokenKind::Name | TokenKind::Not) {
                        place += 1;
                    }
                }
                TokenKind::Not => {
                    while kind(place) == TokenKind::Not {
                        place += 1;
                        if kind(place) != TokenKind::Name {
                            return Err(self.cursor.no_way(place));
                        }
                        place += 1;
                    }
                    while matches!(kind(place), TokenKind::Name | TokenKind::Not) {
                        place += 1;
                    }
                }
                _ => {}
            }
            if kind(place) != TokenKind::Plus {
                break;
            }
            place += 1;
        }
        if kind(place) == TokenKind::Colon {
            place += 1;
            while kind(place) == TokenKind::PolicyType {
                place += 1;
                if kind(place) == TokenKind::Name {
                    place += 1;
                }
            }
        }
        if kind(place) != TokenKind::Newline {
            return Err(self.cursor.no_way(place));
        }
        Ok(kind(place + 1) == TokenKind::Indent)
    }

    fn criterion(&mut self) -> Result<Criterion, RuleError> {
        const MIXED: &str = "A '!' must precede each name or no name.";
        let letter = self.cursor.take().text.chars().next().unwrap_or_default();
        let mut names = Vec::new();
        let names = match self.cursor.kind() {
            TokenKind::All => {
                self.cursor.take();
                CriterionIds::All
            }
            TokenKind::Name => {
                while self.cursor.kind() == TokenKind::Name {
                    names.push(self.cursor.take().text.clone());
                }
                if self.cursor.kind() == TokenKind::Not {
                    self.cursor.take();
                    return Err(self.cursor.wrong(MIXED));
                }
                CriterionIds::In(names)
            }
            TokenKind::Not => {
                while self.cursor.kind() == TokenKind::Not {
                    self.cursor.take();
                    names.push(self.cursor.take().text.clone());
                }
                if self.cursor.kind() == TokenKind::Name {
                    self.cursor.take();
                    return Err(self.cursor.wrong(MIXED));
                }
                CriterionIds::NotIn(names)
            }
            _ => return Err(self.cursor.wrong("Name missing.")),
        };
        Ok(Criterion { letter, names })
    }
}
