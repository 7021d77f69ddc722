//! A position among tokens, and ANTLR's messages for unexpected tokens.

use crate::modules::circulation::rules::RuleError;
use crate::modules::circulation::rules::lexer::{RuleToken, TokenKind};

/// A place among the tokens of a text.
pub(crate) struct Cursor<'t> {
    text: Vec<char>,
    tokens: &'t [RuleToken],
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &str, tokens: &'t [RuleToken]) -> Self {
        Self {
            text: text.chars().collect(),
            tokens,
            at: 0,
        }
    }

    /// The token some places ahead; the end is always there.
    pub(crate) fn ahead(&self, places: usize) -> &'t RuleToken {
        static END: RuleToken = RuleToken {
            kind: TokenKind::End,
            text: String::new(),
            line: 1,
            column: 0,
            start: 0,
            end: 0,
        };
        let last = self.tokens.last();
        self.tokens.get(self.at + places).or(last).unwrap_or(&END)
    }

    pub(crate) fn kind(&self) -> TokenKind {
        self.ahead(0).kind
    }

    pub(crate) fn take(&mut self) -> &'t RuleToken {
        let token = self.ahead(0);
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    fn shown(token: &RuleToken) -> String {
        let text = match token.kind {
            TokenKind::End => "<EOF>".to_owned(),
            _ => token
                .text
                .replace('\n', "\\n")
                .replace('\r', "\\r")
                .replace('\t', "\\t"),
        };
        format!("'{text}'")
    }

    fn expecting(kinds: &[TokenKind]) -> String {
        let mut kinds = kinds.to_vec();
        // The end of the text comes first in a set of tokens.
        kinds.sort_by_key(|kind| (*kind != TokenKind::End, *kind));
        kinds.dedup();
        match kinds.as_slice() {
            [only] => only.shown().to_owned(),
            several => {
                let names: Vec<&str> = several.iter().map(|kind| kind.shown()).collect();
                format!("{{{}}}", names.join(", "))
            }
        }
    }

    /// The error at the current token.
    pub(crate) fn wrong(&self, message: impl Into<String>) -> RuleError {
        let token = self.ahead(0);
        RuleError {
            message: message.into(),
            line: token.line,
            column: token.column + 1,
        }
    }

    fn unwanted(&self, kinds: &[TokenKind]) -> RuleError {
        self.wrong(format!(
            "extraneous input {} expecting {}",
            Self::shown(self.ahead(0)),
            Self::expecting(kinds)
        ))
    }

    fn mismatched(&self, kinds: &[TokenKind]) -> RuleError {
        self.wrong(format!(
            "mismatched input {} expecting {}",
            Self::shown(self.ahead(0)),
            Self::expecting(kinds)
        ))
    }

    /// Before a choice, or the first round of a loop: one of these tokens is next.
    pub(crate) fn choice(&self, kinds: &[TokenKind]) -> Result<(), RuleError> {
        if kinds.contains(&self.kind()) {
            return Ok(());
        }
        // ANTLR would skip one token if the following one matches.
        Err(if kinds.contains(&self.ahead(1).kind) {
            self.unwanted(kinds)
        } else {
            self.mismatched(kinds)
        })
    }

    /// Before another iteration of a loop: one of these tokens is next, which continue or end it.
    pub(crate) fn again(&self, kinds: &[TokenKind]) -> Result<(), RuleError> {
        if kinds.contains(&self.kind()) {
            return Ok(());
        }
        Err(self.unwanted(kinds))
    }

    /// A token that must be next; `then` are those that may follow it.
    pub(crate) fn must(
        &mut self,
        kind: TokenKind,
        then: &[TokenKind],
    ) -> Result<&'t RuleToken, RuleError> {
        if self.kind() == kind {
            return Ok(self.take());
        }
        Err(if self.ahead(1).kind == kind {
            self.unwanted(&[kind])
        } else if then.contains(&self.kind()) {
            self.wrong(format!(
                "missing {} at {}",
                kind.shown(),
                Self::shown(self.ahead(0))
            ))
        } else {
            self.mismatched(&[kind])
        })
    }

    /// Where a decision looks ahead and nothing fits: the text from here to the token some places
    /// ahead.
    pub(crate) fn no_way(&self, places: usize) -> RuleError {
        let (first, last) = (self.ahead(0), self.ahead(places));
        let text: String = if first.kind == TokenKind::End {
            "<EOF>".to_owned()
        } else {
            let end = if last.kind == TokenKind::End {
                self.text.len()
            } else {
                last.end
            };
            let text = self.text.get(first.start..end);
            let mut text: String = text.unwrap_or_default().iter().collect();
            if last.kind == TokenKind::End {
                text.push_str("<EOF>");
            }
            text
        };
        let text = text
            .replace('\n', "\\n")
            .replace('\r', "\\r")
            .replace('\t', "\\t");
        RuleError {
            message: format!("no viable alternative at input '{text}'"),
            line: last.line,
            column: last.column + 1,
        }
    }
}
