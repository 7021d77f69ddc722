//! The claims of an access token, which is a JSON Web Token on both platforms.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The claims of an access token about its user. They are not verified: the server does that, with
/// every request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenClaims {
    pub(crate) user_id: Option<String>,
    tenant: Option<String>,
    /// The issuer: of Keycloak's tokens the address of the tenant's realm.
    iss: Option<String>,
    /// Okapi's tokens have the username here; Keycloak's an identifier of its own.
    sub: Option<String>,
    /// Keycloak's tokens have the username here.
    preferred_username: Option<String>,
}

impl TokenClaims {
    /// Reads the payload of a JSON Web Token. Other tokens have no claims.
    pub(crate) fn of(token: &str) -> Self {
        let payload = token.split('.').nth(1).unwrap_or_default();
        URL_SAFE_NO_PAD
            .decode(payload.trim_end_matches('='))
            .ok()
            .and_then(|payload| serde_json::from_slice(&payload).ok())
            .unwrap_or_default()
    }

    pub(crate) fn tenant(&self) -> Option<&str> {
        let realm = || {
            self.iss
                .as_deref()?
                .split_once("/realms/")
                .map(|(_, realm)| realm)
        };
        self.tenant
            .as_deref()
            .or_else(realm)
            .filter(|tenant| !tenant.is_empty())
    }

    pub(crate) fn username(&self) -> Option<&str> {
        self.preferred_username
            .as_deref()
            .or(self.sub.as_deref().filter(|_| self.iss.is_none()))
            .filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(payload: &str) -> TokenClaims {
        TokenClaims::of(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(payload)))
    }

    #[test]
    fn tokens_of_both_platforms_say_whose_they_are() {
        let okapi = claims(r#"{"sub":"ann","user_id":"u1","tenant":"college","exp":1}"#);
        assert_eq!(
            (okapi.user_id.as_deref(), okapi.username(), okapi.tenant()),
            (Some("u1"), Some("ann"), Some("college"))
        );
        let keycloak = claims(
            r#"{"iss":"https://kc/realms/college","sub":"kc-1","preferred_username":"ann","user_id":"u1"}"#,
        );
        assert_eq!(
            (
                keycloak.user_id.as_deref(),
                keycloak.username(),
                keycloak.tenant()
            ),
            (Some("u1"), Some("ann"), Some("college"))
        );
        let bare = claims(r#"{"iss":"https://kc/realms/college","sub":"kc-1"}"#);
        assert_eq!(bare.username(), None);
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        for token in ["", "opaque", "a.b.c", "e30..x", "e30.bm8.x", "é.é.é"] {
            let claims = TokenClaims::of(token);
            assert!(
                claims.user_id.is_none()
                    && claims.tenant().is_none()
                    && claims.username().is_none()
            );
        }
        assert!(claims(r#"{"user_id":7}"#).user_id.is_none());
    }
}
