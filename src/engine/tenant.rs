//! The tenant of one handle.

use http::HeaderValue;

use crate::wire::error::{Error, Result};

/// A tenant's name, and the header it makes or what is wrong with it.
pub(crate) struct Tenant {
    name: Box<str>,
    header: Result<HeaderValue, String>,
}

impl Tenant {
    pub(crate) fn new(name: &str) -> Self {
        let header = if name.trim().is_empty() {
            Err("the tenant is empty: call `tenant` with the id of one, such as \"diku\"".into())
        } else {
            HeaderValue::from_str(name.trim()).map_err(|_| {
                format!(
                    "`{}` is no tenant id: it has characters that a header cannot have",
                    name.escape_debug()
                )
            })
        };
        Self {
            name: name.trim().into(),
            header,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The header that names it.
    pub(crate) fn header(&self) -> Result<&HeaderValue> {
        self.header
            .as_ref()
            .map_err(|problem| Error::configuration(problem.clone()))
    }
}
