//! Blocks of patrons, and the permissions to override them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Block, Step, ValidationError};
use crate::value::java::{moment, now};
use crate::value::json::text_at;

/// The action of a patron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Borrow,
    Renew,
    Request,
}

/// The manual blocks of a patron: the denied actions, and the response.
pub(crate) fn manual(
    library: &Library<'_>,
    user: &str,
    action: Action,
) -> Step<Vec<ValidationError>> {
    let (field, message) = match action {
        Action::Borrow => ("borrowing", "Patron blocked from borrowing"),
        Action::Renew => ("renewals", "Patron blocked from renewing"),
        Action::Request => ("requests", "Patron blocked from requesting"),
    };
    let blocks = library.find("/manualblocks", &exactly("userId", user))?;
    let blocked = blocks.iter().any(|block| {
        let ended = text_at(block, "expirationDate")
            .and_then(|end| moment(&end).ok())
            .is_some_and(|end| end <= now());
        !ended && block.get(field).and_then(Value::as_bool) == Some(true)
    });
    if !blocked {
        return Ok(Vec::new());
    }
    // The response lists all blocks, also those of other actions.
    let reasons: Vec<String> = blocks
        .iter()
        .map(|block| text_at(block, "desc").unwrap_or_else(|| "null".to_owned()))
        .collect();
    let reason = Some(reasons.join(";"));
    Ok(vec![
        ValidationError::new(message, "reason", reason.as_deref())
            .block(Block::Patron, library.lacks_override(Block::Patron)?),
    ])
}

/// Blocks that a request overrides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides(Map<String, Value>);

impl Overrides {
    pub(crate) fn of(value: Option<&Value>) -> Self {
        Self(
            value
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        )
    }

    pub(crate) fn asks_for(&self, block: Block) -> bool {
        self.0.get(block.name()).is_some_and(Value::is_object)
    }

    pub(crate) fn comment(&self) -> Option<String> {
        crate::modules::reply::text(&self.0, "comment")
    }

    /// The due date that an override of a block brings with it, and its text.
    pub(crate) fn due_date(&self, block: Block) -> Option<(Timestamp, String)> {
        let text = text_at(self.0.get(block.name())?, "dueDate")?;
        Some((moment(&text).ok()?, text))
    }

    /// The reason why a user may not override a block.
    pub(crate) fn insufficient(
        library: &Library<'_>,
        block: Block,
    ) -> Step<Option<ValidationError>> {
        let lacks = library.lacks_override(block)?;
        Ok(lacks.map(|permission| {
            ValidationError::bare("Insufficient override permissions")
                .block(block, Some(permission))
        }))
    }
}

/// The reason why a user is not a proxy of another.
pub(crate) fn proxy(
    library: &Library<'_>,
    sponsor: &str,
    proxy: &str,
    invalid: ValidationError,
) -> Step<Option<ValidationError>> {
    if sponsor == proxy {
        return Ok(Some(
            ValidationError::new(
                "User cannot be proxy for themselves",
                "proxyUserId",
                Some(proxy),
            )
            .code("USER_CANNOT_BE_PROXY_FOR_THEMSELVES"),
        ));
    }
    let query = format!(
        "{} and {}",
        exactly("proxyUserId", proxy),
        exactly("userId", sponsor)
    );
    let active = library.find("/proxiesfor", &query)?.iter().any(|relation| {
        let status = text_at(relation, "status")
            .or_else(|| text_at(relation, "meta.status"))
            .unwrap_or_default();
        let ended = text_at(relation, "expirationDate")
            .or_else(|| text_at(relation, "meta.expirationDate"))
            .and_then(|end| moment(&end).ok())
            .is_some_and(|end| end < now());
        status.eq_ignore_ascii_case("active") && !ended
    });
    Ok((!active).then_some(invalid))
}
