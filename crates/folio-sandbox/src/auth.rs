//! Login and tokens, as mod-login and mod-authtoken give them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

/// How many wrong passwords block an account (mod-login's `login.fail.attempts`).
const ATTEMPTS: u32 = 5;

/// A user who can log in.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) username: String,
    password: String,
    failures: u32,
    /// What the user may do; everything where there is none.
    pub(crate) permissions: Option<BTreeSet<String>>,
}

struct Access {
    tenant: String,
    user: usize,
    expires: Instant,
}

struct Refresh {
    tenant: String,
    user: usize,
    expires: Instant,
    used: bool,
}

/// The tokens of a sandbox.
pub(crate) struct Auth {
    /// Users by tenant.
    pub(crate) tenants: BTreeMap<String, Vec<Account>>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    pub(crate) access_lifetime: Duration,
    pub(crate) refresh_lifetime: Duration,
    pub(crate) logins: usize,
    pub(crate) refreshes: usize,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) tenant: String,
    pub(crate) user: String,
    pub(crate) permissions: Option<BTreeSet<String>>,
}

/// Two tokens and their ends.
pub(crate) struct Session {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) access_expires: String,
    pub(crate) refresh_expires: String,
    pub(crate) access_seconds: u64,
    pub(crate) refresh_seconds: u64,
}

/// Why a login failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginError {
    UnknownTenant,
    Wrong,
}

impl Auth {
    pub(crate) fn new(access_lifetime: Duration, refresh_lifetime: Duration) -> Self {
        Self {
            tenants: BTreeMap::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
            access_lifetime,
            refresh_lifetime,
            logins: 0,
            refreshes: 0,
        }
    }

    pub(crate) fn add(
        &mut self,
        tenant: &str,
        username: &str,
        password: &str,
        permissions: Option<Vec<String>>,
    ) {
        let id = uuid::Uuid::new_v5(
            &uuid::Uuid::NAMESPACE_OID,
            format!("{tenant}/{username}").as_bytes(),
        )
        .to_string();
        self.tenants
            .entry(tenant.to_owned())
            .or_default()
            .push(Account {
                id,
                username: username.to_owned(),
                password: password.to_owned(),
                failures: 0,
                permissions: permissions.map(|list| list.into_iter().collect()),
            });
    }

    pub(crate) fn login(
        &mut self,
        tenant: &str,
        username: &str,
        password: &str,
    ) -> Result<Session, LoginError> {
        let users = self
            .tenants
            .get_mut(tenant)
            .ok_or(LoginError::UnknownTenant)?;
        let index = users
            .iter()
            .position(|user| user.username == username)
            .ok_or(LoginError::Wrong)?;
        let user = users.get_mut(index).ok_or(LoginError::Wrong)?;
        if user.failures >= ATTEMPTS || user.password != password {
            user.failures += 1;
            return Err(LoginError::Wrong);
        }
        user.failures = 0;
        self.logins += 1;
        Ok(self.session(tenant, index))
    }

    /// Exchanges a refresh token. A second use revokes all of the user's, as mod-authtoken does.
    pub(crate) fn refresh(&mut self, token: &str) -> Option<Session> {
        let known = self.refresh.get_mut(token)?;
        let (tenant, user) = (known.tenant.clone(), known.user);
        if known.used {
            self.revoke_all(&tenant, user);
            return None;
        }
        known.used = true;
        if known.expires <= Instant::now() {
            return None;
        }
        self.refreshes += 1;
        Some(self.session(&tenant, user))
    }

    fn session(&mut self, tenant: &str, user: usize) -> Session {
        let now = Instant::now();
        let account = self.tenants.get(tenant).and_then(|users| users.get(user));
        let claims = |kind: &str, lifetime: Duration| {
            let expires = SystemTime::now() + lifetime;
            let seconds = expires
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs();
            json!({
                "sub": account.map(|account| account.username.as_str()), "user_id": account.map(|account| account.id.as_str()),
                "tenant": tenant, "type": kind, "exp": seconds, "jti": uuid::Uuid::new_v4().to_string(),
            })
        };
        let access = token(&claims("access", self.access_lifetime).to_string());
        let refresh = token(&claims("refresh", self.refresh_lifetime).to_string());
        self.access.insert(
            access.clone(),
            Access {
                tenant: tenant.to_owned(),
                user,
                expires: now + self.access_lifetime,
            },
        );
        self.refresh.insert(
            refresh.clone(),
            Refresh {
                tenant: tenant.to_owned(),
                user,
                expires: now + self.refresh_lifetime,
                used: false,
            },
        );
        Session {
            access,
            refresh,
            access_expires: instant(self.access_lifetime),
            refresh_expires: instant(self.refresh_lifetime),
            access_seconds: self.access_lifetime.as_secs(),
            refresh_seconds: self.refresh_lifetime.as_secs(),
        }
    }

    pub(crate) fn caller(&self, token: &str) -> Option<Caller> {
        let access = self
            .access
            .get(token)
            .filter(|access| access.expires > Instant::now())?;
        let account = self.tenants.get(&access.tenant)?.get(access.user)?;
        Some(Caller {
            tenant: access.tenant.clone(),
            user: account.id.clone(),
            permissions: account.permissions.clone(),
        })
    }

    /// Ends a session: its refresh token cannot be used. The access token lives on, since nobody asks for it again.
    pub(crate) fn logout(&mut self, refresh: &str) {
        self.refresh.remove(refresh);
    }

    pub(crate) fn logout_all(&mut self, access: &str) {
        if let Some((tenant, user)) = self
            .access
            .get(access)
            .map(|access| (access.tenant.clone(), access.user))
        {
            self.revoke_all(&tenant, user);
        }
    }

    fn revoke_all(&mut self, tenant: &str, user: usize) {
        self.refresh
            .retain(|_, token| token.tenant != tenant || token.user != user);
    }

    /// Makes all access tokens invalid.
    pub(crate) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// Makes all refresh tokens invalid.
    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.clear();
    }
}

/// A token in the shape of a JWT: nobody but this server reads it.
fn token(claims: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!(
        "{}.{}.{random}",
        base64(br#"{"alg":"none"}"#),
        base64(claims.as_bytes())
    )
}

/// Base64 for URLs without padding, which JWTs use.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            let six = bits >> (18 - 6 * index) & 63;
            out.push(char::from(ALPHABET[six as usize]));
        }
    }
    out
}

/// An instant from now as FOLIO writes it: whole seconds, `Z`.
fn instant(from_now: Duration) -> String {
    let then = SystemTime::now() + from_now;
    let seconds = then
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    jiff::Timestamp::from_second(i64::try_from(seconds).unwrap_or_default())
        .map(|then| then.to_string())
        .unwrap_or_default()
}

/// Now, as RMB writes dates into records.
pub(crate) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string()
}
