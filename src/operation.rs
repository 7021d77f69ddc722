//! What is known of an operation before it is called.

use http::Method;

/// An operation of a FOLIO module: the facts of its description and of the module descriptor.
///
/// Every generated call has one as a constant. A generic call (`folio_get`, `request`) has one made from its method and path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The name of the call, `list_users`; of a generic call the path.
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
}
