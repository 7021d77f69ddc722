//! What is known of an operation before it is called.

use http::Method;

use crate::paging::Paging;

/// An operation of a FOLIO module: the facts of its description and of the module descriptor.
///
/// Every generated call has one as a constant. All generic calls (`folio_get`, `request`) share one whose texts are empty; their method and
/// path are in the [`Request`](crate::Request).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The name of the call, `list_users`; empty for a generic call.
    pub name: &'static str,
    /// The module, `mod-users`; empty for a generic call.
    pub module: &'static str,
    /// The interface and its version, `users 16.4`; empty for a generic call.
    pub interface: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path template, `/users/{userId}`.
    pub path: &'static str,
    /// The permissions that the caller needs, all of them.
    pub permissions: &'static [&'static str],
    /// How its list is paged, where it gives a list.
    pub paging: Option<Paging>,
    /// The media types that it is asked for, as the header `Accept`; empty where JSON and text are.
    pub accept: &'static str,
    /// Whether it is not sent without a body.
    pub needs_body: bool,
}

impl Operation {
    /// An operation that this SDK does not have, for instance of one's own module.
    ///
    /// ```
    /// use folio_sdk::{Method, Operation};
    ///
    /// static GET_BADGE: Operation = Operation::new("get_badge", Method::GET, "/badges/{badgeId}");
    /// ```
    pub const fn new(name: &'static str, method: Method, path: &'static str) -> Self {
        Self {
            name,
            module: "",
            interface: "",
            method,
            path,
            permissions: &[],
            paging: None,
            accept: "",
            needs_body: false,
        }
    }

    /// What all generic calls share: nothing is known of them.
    pub(crate) const fn generic() -> &'static Self {
        static GENERIC: Operation = Operation::new("", Method::GET, "");
        &GENERIC
    }
}
