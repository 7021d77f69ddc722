//! The session with the server: logging in, renewing the token, logging out.
//!
//! FOLIO gives a short-lived access token and a refresh token, both as cookies. What this module
//! rests on:
//!
//! - The cookies are `Secure` even where FOLIO is reached over http, so that a cookie jar would not
//!   send them back: they are read here.
//! - The access token goes into the header `x-okapi-token`. If a cookie said something else, Okapi
//!   would answer 400 and Kong 404: there is no cookie on calls.
//! - A refresh token can be used once. To use it again ends all sessions of the user (Okapi), so
//!   that all waiting calls share one renewal, and a refresh token counts as used from the moment
//!   it is sent; when its answer is lost, the password is used.
//! - Five wrong passwords block an account: one that was rejected is not tried again. (Keycloak
//!   that is unreachable is no rejection, though mod-login-keycloak reports it by 400 as well.)
//! - A login, renewal or logout is sent with what it needs and nothing else: Okapi rejects a login
//!   that carries an expired token (401).
//! - A logout needs an access token that is good: Eureka's sidecar finds the user by it, and Okapi
//!   rejects an expired one. So an expired token is renewed once more before the logout.
//! - Tokens of a user of a consortium may be of another tenant than the one that was asked; they
//!   are renewed and ended there.
//! - Old systems know only `/authn/login`, whose token does not expire, and answer 404 to
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
