//! The session with the server: logging in, renewing the token, logging out.
//!
//! FOLIO issues a short-lived access token and a refresh token, both as cookies. This module relies
//! on these facts:
//!
//! - The cookies are `Secure` even if FOLIO is reached over http, so that a cookie jar would not
//!   send them back: they are parsed here.
//! - The access token is sent in the header `x-okapi-token`. If a cookie contained a different one,
//!   Okapi would respond with 400 and Kong with 404: calls send no cookie.
//! - A refresh token can be used only once. A second use ends all sessions of the user (Okapi), so
//!   all waiting calls share one renewal, and a refresh token counts as used from the moment it is
//!   sent; if the response is lost, the password is used.
//! - Five wrong passwords block an account: a rejected password is not sent again. (An unreachable
//!   Keycloak is not a rejection, although mod-login-keycloak reports it with 400 as well.)
//! - A login, renewal or logout is sent only with the headers it needs: Okapi rejects a login that
//!   carries an expired token (401).
//! - A logout needs a valid access token: Eureka's sidecar identifies the user by it, and Okapi
//!   rejects an expired one. So an expired token is renewed once more before the logout.
//! - The tokens of a consortium user may belong to another tenant than the requested one; they are
//!   renewed and ended there.
//! - Old systems support only `/authn/login`, whose token does not expire, and respond with 404 to
//!   `/authn/login-with-expiry`; newer ones do the reverse.

mod cookies;
mod credentials;
mod endpoints;
mod issued;
mod login;
mod logout;
mod renewal;
mod state;
mod token;

pub(crate) use credentials::AnySource;
pub use credentials::{Credentials, CredentialsProvider, EnvironmentCredentials, Password};
pub(crate) use endpoints::needs_no_token;
pub(crate) use state::{Auth, NoToken};
pub(crate) use token::Token;
