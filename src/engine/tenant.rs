//! The tenant of one handle.

use http::HeaderValue;

use crate::wire::error::{Error, Result};

/// A tenant's name, and its header value or the error of an invalid name.
pub(crate) struct Tenant {
    name: Box<str>,
    header: Result<HeaderValue, String>,
}

impl Tenant {
    pub(crate) fn new(name: &str) -> Self {
        let header = if name.trim().is_empty() {
            Err("the tenant id is empty: call `tenant` with a tenant id, such as \"diku\"".into())
        } else {
            HeaderValue::from_str(name.trim()).map_err(|_| {
                format!(
                    "`{}` is not a valid tenant id: it contains characters that a header cannot contain",
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

    /// The header that names the tenant.
    pub(crate) fn header(&self) -> Result<&HeaderValue> {
        self.header
            .as_ref()
            .map_err(|problem| Error::configuration(problem.clone()))
    }
}
