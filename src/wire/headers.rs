//! Headers with a meaning in FOLIO.

use http::HeaderName;

/// The header that names the tenant.
pub(crate) const TENANT: HeaderName = HeaderName::from_static("x-okapi-tenant");

/// The header that carries the access token.
pub(crate) const TOKEN: HeaderName = HeaderName::from_static("x-okapi-token");

/// The header that selects one of several modules with the same path.
pub(crate) const MODULE_ID: &str = "x-okapi-module-id";
