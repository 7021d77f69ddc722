//! RMB's error messages for queries that it cannot run.

use std::fmt;

/// Why a query cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CqlError {
    class: Class,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Parse,
    Validation,
    Unsupported,
    Bare,
    /// An error of PostgreSQL with its code; RMB shows casts without the code.
    Database(&'static str),
}

const PACKAGE: &str = "org.folio.cql2pgjson.exception";

impl CqlError {
    fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
        }
    }

    pub(crate) fn parse(message: impl Into<String>) -> Self {
        Self::new(Class::Parse, message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(Class::Validation, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Class::Unsupported, message)
    }

    pub(crate) fn bare(message: impl Into<String>) -> Self {
        Self::new(Class::Bare, message)
    }

    pub(crate) fn database(message: impl Into<String>, code: &'static str) -> Self {
        Self::new(Class::Database(code), message)
    }

    pub(crate) fn number(text: &str) -> Self {
        Self::database(
            format!("invalid input syntax for type numeric: \"{text}\""),
            "22P02",
        )
    }

    /// The text of PostgreSQL's error; none where the query never came so far.
    pub(crate) fn of_database(&self) -> Option<String> {
        match self.class {
            Class::Database(code) => Some(format!("ERROR: {} ({code})", self.message)),
            _ => None,
        }
    }

    /// The message alone.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether the query has no form that the parser knows.
    pub(crate) fn is_parse(&self) -> bool {
        self.class == Class::Parse
    }
}

impl fmt::Display for CqlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = &self.message;
        match self.class {
            Class::Parse => write!(
                out,
                "{PACKAGE}.QueryValidationException: org.z3950.zing.cql.CQLParseException: {message}"
            ),
            Class::Validation => write!(out, "{PACKAGE}.QueryValidationException: {message}"),
            Class::Unsupported => {
                write!(out, "{PACKAGE}.CQLFeatureUnsupportedException: {message}")
            }
            Class::Database("22P02") | Class::Bare => out.write_str(message),
            Class::Database(code) => write!(out, "ERROR: {message} ({code})"),
        }
    }
}

impl std::error::Error for CqlError {}
