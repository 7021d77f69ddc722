//! The tokens of the circulation rules. Indentation makes tokens too, as it does in Python.

use crate::modules::circulation::rules::RuleError;

/// Kinds of tokens, in the order in which messages name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TokenKind {
    Priority,
    Colon,
    FirstLine,
    LastLine,
    Comma,
    Criterium,
    Open,
    Close,
    NumberOfCriteria,
    Plus,
    Not,
    All,
    Fallback,
    Indent,
    Dedent,
    Letter,
    PolicyType,
    Name,
    Newline,
    End,
}

impl TokenKind {
    /// How a message names the kind.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Priority => "'priority'",
            Self::Colon => "':'",
            Self::FirstLine => "'first-line'",
            Self::LastLine => "'last-line'",
            Self::Comma => "','",
            Self::Criterium => "'criterium'",
            Self::Open => "'('",
            Self::Close => "')'",
            Self::NumberOfCriteria => "'number-of-criteria'",
            Self::Plus => "'+'",
            Self::Not => "'!'",
            Self::All => "'all'",
            Self::Fallback => "'fallback-policy'",
            Self::Indent => "INDENT",
            Self::Dedent => "DEDENT",
            Self::Letter => "CRITERIUM_LETTER",
            Self::PolicyType => "POLICY_TYPE",
            Self::Name => "NAME",
            Self::Newline => "NEWLINE",
            Self::End => "<EOF>",
        }
    }
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleToken {
    pub(crate) kind: TokenKind,
    pub(crate) text: String,
    /// From 1.
    pub(crate) line: usize,
    /// From 0.
    pub(crate) column: usize,
    /// Where it starts and ends in the text, in characters.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    column: usize,
    /// A line has begun, and nothing of it was seen but blanks.
    pending: bool,
    indent: usize,
    stack: Vec<usize>,
    /// Where the first thing of the line is.
    first: Option<(usize, usize, usize)>,
    tokens: Vec<RuleToken>,
}

/// The tokens of a text, those that count.
pub(crate) fn tokens(text: &str) -> Result<Vec<RuleToken>, RuleError> {
    let mut lexer = Lexer {
        chars: text.chars().collect(),
        at: 0,
        line: 1,
        column: 0,
        pending: true,
        indent: 0,
        stack: Vec::new(),
        first: None,
        tokens: Vec::new(),
    };
    while lexer.at < lexer.chars.len() {
        lexer.next()?;
    }
    lexer.finish();
    Ok(lexer.tokens)
}

fn kind_of(word: &str) -> TokenKind {
    match word {
        "priority" => TokenKind::Priority,
        "first-line" => TokenKind::FirstLine,
        "last-line" => TokenKind::LastLine,
        "criterium" => TokenKind::Criterium,
        "number-of-criteria" => TokenKind::NumberOfCriteria,
        "all" => TokenKind::All,
        "fallback-policy" => TokenKind::Fallback,
        "t" | "a" | "b" | "c" | "s" | "m" | "g" => TokenKind::Letter,
        "l" | "r" | "n" | "o" | "i" => TokenKind::PolicyType,
        _ => TokenKind::Name,
    }
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn skip(&mut self, count: usize) {
        self.at += count;
        self.column += count;
    }

    fn begin(&mut self) {
        if self.pending && self.first.is_none() {
            self.first = Some((self.line, self.column, self.at));
        }
    }

    fn next(&mut self) -> Result<(), RuleError> {
        let c = self.peek(0).unwrap_or(' ');
        match c {
            ' ' => {
                self.begin();
                let count = (0..).take_while(|n| self.peek(*n) == Some(' ')).count();
                if self.pending {
                    self.indent += count;
                }
                self.skip(count);
            }
            '\t' => {
                return Err(RuleError {
                    message: "Tabulator character is not allowed, use spaces instead.".to_owned(),
                    line: self.line,
                    // The parser reports the place after it has read the token.
                    column: self.column + 2,
                });
            }
            '#' | '/' => {
                self.begin();
                let count = (0..)
                    .take_while(|n| self.peek(*n).is_some_and(|c| c != '\n' && c != '\r'))
                    .count();
                self.skip(count);
            }
            '\n' | '\r' => {
                let count = if c == '\r' && self.peek(1) == Some('\n') {
                    2
                } else {
                    1
                };
                let text: String = self.chars[self.at..self.at + count].iter().collect();
                if !self.pending {
                    self.tokens.push(RuleToken {
                        kind: TokenKind::Newline,
                        text,
                        line: self.line,
                        column: self.column,
                        start: self.at,
                        end: self.at + count,
                    });
                }
                self.at += count;
                // For ANTLR, a carriage return alone does not end a line.
                if c == '\n' || count == 2 {
                    self.line += 1;
                    self.column = 0;
                } else {
                    self.column += 1;
                }
                self.pending = true;
                self.indent = 0;
                self.first = None;
            }
            ':' => self.token(TokenKind::Colon, 1),
            ',' => self.token(TokenKind::Comma, 1),
            '(' => self.token(TokenKind::Open, 1),
            ')' => self.token(TokenKind::Close, 1),
            '+' => self.token(TokenKind::Plus, 1),
            '!' => self.token(TokenKind::Not, 1),
            c if c.is_ascii_alphanumeric() || c == '-' => {
                let count = (0..)
                    .take_while(|n| {
                        self.peek(*n)
                            .is_some_and(|c| c.is_ascii_alphanumeric() || c == '-')
                    })
                    .count();
                let word: String = self.chars[self.at..self.at + count].iter().collect();
                self.token(kind_of(&word), count);
            }
            // Unrecognized text is skipped without an error.
            _ => self.skip(1),
        }
        Ok(())
    }

    fn token(&mut self, kind: TokenKind, count: usize) {
        self.begin();
        self.dents();
        self.pending = false;
        let text = self.chars[self.at..self.at + count].iter().collect();
        self.tokens.push(RuleToken {
            kind,
            text,
            line: self.line,
            column: self.column,
            start: self.at,
            end: self.at + count,
        });
        self.skip(count);
    }

    fn dents(&mut self) {
        let (line, column, start) = self.first.unwrap_or((self.line, self.column, self.at));
        loop {
            let saved = self.stack.last().copied().unwrap_or(0);
            let (kind, text) = if self.indent > saved {
                self.stack.push(self.indent);
                (TokenKind::Indent, format!("INDENT{}", self.indent))
            } else if self.indent < saved {
                self.stack.pop();
                let saved = self.stack.last().copied().unwrap_or(0);
                (TokenKind::Dedent, format!("DEDENT{saved}"))
            } else {
                return;
            };
            self.tokens.push(RuleToken {
                kind,
                text,
                line,
                column,
                start,
                end: self.at,
            });
        }
    }

    fn finish(&mut self) {
        self.indent = 0;
        let end = |kind, text: &str, line, column, at| RuleToken {
            kind,
            text: text.to_owned(),
            line,
            column,
            start: at,
            end: at,
        };
        if !self.pending {
            self.tokens.push(end(
                TokenKind::Newline,
                "NEWLINE",
                self.line,
                self.column,
                self.at,
            ));
            self.first = Some((self.line, self.column, self.at));
        }
        self.dents();
        self.tokens.push(end(
            TokenKind::End,
            "<EOF>",
            self.line,
            self.column,
            self.at,
        ));
    }
}
