//! Credentials and tokens, as mod-login and mod-authtoken issue them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::platform::memory::GatewayCache;
use crate::value::fold::Fold;

/// How many wrong passwords a user is warned after, and how many block an account (mod-login's
/// `login.fail.to.warn.attempts` and `login.fail.attempts`).
pub(crate) const WARNED: u32 = 3;
pub(crate) const BLOCKED: u32 = 5;

/// The number of former passwords that mod-login stores and does not accept again.
const HISTORY: usize = 10;

/// Credentials of a user.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) username: String,
    /// None after the credentials were deleted.
    pub(crate) password: Option<String>,
    /// Passwords that were used before, the last one last.
    pub(crate) history: Vec<String>,
    pub(crate) failures: u32,
    /// Set by too many failures if there is no user record that could be made inactive.
    pub(crate) blocked: bool,
    /// Whether a login was attempted.
    pub(crate) attempted: bool,
    /// The permissions of the user; all if there is none.
    pub(crate) permissions: Option<BTreeSet<String>>,
    /// The credentials were created through the API: the permissions of the user are in
    /// `/perms/users`.
    pub(crate) by_record: bool,
}

impl Account {
    /// Credentials that were made through the API.
    pub(crate) fn by_record(id: String, username: String, password: String) -> Self {
        Self {
            id,
            username,
            password: Some(password),
            history: Vec::new(),
            failures: 0,
            blocked: false,
            attempted: false,
            permissions: None,
            by_record: true,
        }
    }

    pub(crate) fn set_password(&mut self, password: String) {
        self.history.extend(self.password.replace(password));
        let many = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..many);
    }

    /// Whether a password is the present one or one of those before it.
    pub(crate) fn used(&self, password: &str) -> bool {
        self.password.as_deref() == Some(password)
            || self.history.iter().any(|used| used == password)
    }
}

#[derive(Clone)]
struct Access {
    tenant: String,
    user: String,
    username: String,
    expires: Option<Instant>,
}

struct Refresh {
    tenant: String,
    user: String,
    username: String,
    expires: Instant,
    /// It was exchanged, or its session ended.
    revoked: bool,
    /// The session that it belongs to; Keycloak ends sessions, mod-authtoken single tokens.
    session: u64,
}

/// The tokens of a sandbox.
pub(crate) struct Auth {
    /// Users by tenant.
    pub(crate) tenants: BTreeMap<String, Vec<Account>>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    pub(crate) memory: GatewayCache,
    /// How far the clock was moved.
    skew: Duration,
    sessions: u64,
    pub(crate) access_lifetime: Duration,
    pub(crate) refresh_lifetime: Duration,
    /// Keycloak's refresh tokens may be used again.
    pub(crate) reusable: bool,
    pub(crate) logins: usize,
    pub(crate) refreshes: usize,
}

/// The sender of a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) tenant: String,
    /// The tenant of the token.
    pub(crate) home: String,
    pub(crate) user: String,
    pub(crate) username: String,
}

impl Caller {
    /// A user whose token was not verified.
    pub(crate) fn nobody() -> Self {
        Self {
            tenant: String::new(),
            home: String::new(),
            user: String::new(),
            username: String::new(),
        }
    }

    /// The same user in another tenant.
    pub(crate) fn within(self, tenant: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            ..self
        }
    }
}

/// Two tokens and their ends.
pub(crate) struct Session {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) access_expires: SystemTime,
    pub(crate) refresh_expires: SystemTime,
    pub(crate) access_seconds: u64,
    pub(crate) refresh_seconds: u64,
}

impl Auth {
    pub(crate) fn new(
        access_lifetime: Duration,
        refresh_lifetime: Duration,
        reusable: bool,
    ) -> Self {
        Self {
            tenants: BTreeMap::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
            memory: GatewayCache::default(),
            skew: Duration::ZERO,
            sessions: 0,
            access_lifetime,
            refresh_lifetime,
            reusable,
            logins: 0,
            refreshes: 0,
        }
    }

    /// Moves the clock.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.skew += by;
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::now() + self.skew
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now() + self.skew
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
                permissions: permissions.map(|list| list.into_iter().collect()),
                by_record: false,
                ..Account::by_record(id, username.to_owned(), password.to_owned())
            });
    }

    /// The credentials of a user: by the id of the record, or by the name of a user without a
    /// record.
    pub(crate) fn account(
        &mut self,
        tenant: &str,
        id: Option<&str>,
        username: &str,
    ) -> Option<&mut Account> {
        let fold = |text: &str| Fold::BOTH.apply(text);
        let accounts = self.tenants.get_mut(tenant)?;
        let by_id = accounts
            .iter()
            .position(|account| id.is_some_and(|id| account.id == id));
        let index = by_id.or_else(|| {
            accounts
                .iter()
                .position(|account| !account.by_record && fold(&account.username) == fold(username))
        })?;
        accounts.get_mut(index)
    }

    /// Exchanges a refresh token. mod-authtoken takes each once, and an access token too; a second
    /// use revokes all of the user's. Keycloak takes them again as long as their session lives.
    pub(crate) fn refresh(&mut self, token: &str) -> Option<Session> {
        let now = self.now();
        if let Some(access) = self.access.get(token).cloned() {
            // mod-authtoken does not recognize an expired refresh token.
            if self.reusable || access.expires.is_some_and(|expires| expires <= now) {
                return None;
            }
            self.refreshes += 1;
            return Some(self.session(&access.tenant, &access.user, &access.username));
        }
        let known = self.refresh.get_mut(token)?;
        let (tenant, user, username, session) = (
            known.tenant.clone(),
            known.user.clone(),
            known.username.clone(),
            known.session,
        );
        if known.expires <= now {
            return None;
        }
        if known.revoked {
            if !self.reusable {
                self.revoke_all(&tenant, &user);
            }
            return None;
        }
        known.revoked = !self.reusable;
        self.refreshes += 1;
        Some(self.continued(session, &tenant, &user, &username))
    }

    pub(crate) fn session(&mut self, tenant: &str, user: &str, username: &str) -> Session {
        self.sessions += 1;
        self.continued(self.sessions, tenant, user, username)
    }

    fn continued(&mut self, session: u64, tenant: &str, user: &str, username: &str) -> Session {
        let (now, wall) = (self.now(), self.wall());
        let access = token(&claims(
            "access",
            Some(self.access_lifetime),
            wall,
            (tenant, user, username),
        ));
        // mod-authtoken encrypts refresh tokens: five parts that only the server can read.
        let refresh = match self.reusable {
            true => token(&claims(
                "Refresh",
                Some(self.refresh_lifetime),
                wall,
                (tenant, user, username),
            )),
            false => [(20, ""), (0, ""), (12, ""), (192, ""), (16, "")]
                .map(|(length, _)| random(length))
                .join("."),
        };
        self.access.insert(
            access.clone(),
            Access {
                tenant: tenant.to_owned(),
                user: user.to_owned(),
                username: username.to_owned(),
                expires: Some(now + self.access_lifetime),
            },
        );
        self.refresh.insert(
            refresh.clone(),
            Refresh {
                tenant: tenant.to_owned(),
                user: user.to_owned(),
                username: username.to_owned(),
                expires: now + self.refresh_lifetime,
                revoked: false,
                session,
            },
        );
        Session {
            access,
            refresh,
            access_expires: wall + self.access_lifetime,
            refresh_expires: wall + self.refresh_lifetime,
            access_seconds: self.access_lifetime.as_secs(),
            refresh_seconds: self.refresh_lifetime.as_secs(),
        }
    }

    /// A token that never expires, of the login of old.
    pub(crate) fn legacy(&mut self, tenant: &str, user: &str, username: &str) -> String {
        let access = token(&claims(
            "legacy-access",
            None,
            self.wall(),
            (tenant, user, username),
        ));
        self.access.insert(
            access.clone(),
            Access {
                tenant: tenant.to_owned(),
                user: user.to_owned(),
                username: username.to_owned(),
                expires: None,
            },
        );
        access
    }

    pub(crate) fn is_refresh(&self, token: &str) -> bool {
        self.refresh.contains_key(token)
    }

    pub(crate) fn caller(&self, token: &str) -> Option<Caller> {
        let now = self.now();
        let access = self
            .access
            .get(token)
            .filter(|access| access.expires.is_none_or(|expires| expires > now))?;
        Some(Caller {
            tenant: access.tenant.clone(),
            home: access.tenant.clone(),
            user: access.user.clone(),
            username: access.username.clone(),
        })
    }

    /// The tenant that a token names, even if it is otherwise invalid.
    pub(crate) fn tenant_of(&self, token: &str) -> Option<&str> {
        self.access.get(token).map(|access| access.tenant.as_str())
    }

    /// Ends a session: its refresh token cannot be used, and neither can Keycloak's older ones. The
    /// access token stays valid, because it is not checked again.
    pub(crate) fn logout(&mut self, refresh: &str) -> bool {
        let Some(known) = self.refresh.get_mut(refresh) else {
            return false;
        };
        known.revoked = true;
        let session = known.session;
        if self.reusable {
            let others = self.refresh.values_mut();
            others
                .filter(|token| token.session == session)
                .for_each(|token| token.revoked = true);
        }
        true
    }

    pub(crate) fn revoke_all(&mut self, tenant: &str, user: &str) {
        let own = self.refresh.values_mut();
        own.filter(|token| token.tenant == tenant && token.user == user)
            .for_each(|token| token.revoked = true);
    }

    /// Makes all access tokens invalid.
    pub(crate) fn expire_access(&mut self) {
        let now = self.now();
        for access in self.access.values_mut() {
            access.expires = Some(now);
        }
        self.memory.forget_paths();
    }

    /// Makes all refresh tokens invalid.
    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.clear();
    }
}

fn claims(
    kind: &str,
    lifetime: Option<Duration>,
    now: SystemTime,
    (tenant, user, username): (&str, &str, &str),
) -> String {
    let seconds = |at: SystemTime| {
        at.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    };
    let mut claims = json!({"sub": username, "user_id": user, "type": kind, "iat": seconds(now), "tenant": tenant});
    if let Some(lifetime) = lifetime {
        claims["exp"] = seconds(now + lifetime).into();
    }
    claims.to_string()
}

/// So many random bytes as Base64.
fn random(length: usize) -> String {
    let mut bytes = Vec::with_capacity(length + 16);
    while bytes.len() < length {
        bytes.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    bytes.truncate(length);
    base64(&bytes)
}

/// A token in the form of a JWT: only this server reads it.
fn token(claims: &str) -> String {
    format!(
        "{}.{}.{}",
        base64(br#"{"alg":"HS256"}"#),
        base64(claims.as_bytes()),
        random(32)
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

/// An instant as FOLIO writes it: whole seconds, `Z`.
pub(crate) fn instant(then: SystemTime) -> String {
    stamp(then).map(|then| then.to_string()).unwrap_or_default()
}

/// An instant as cookies write it.
pub(crate) fn cookie_date(then: SystemTime) -> String {
    stamp(then)
        .map(|then| then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

fn stamp(then: SystemTime) -> Option<jiff::Timestamp> {
    let seconds = then.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}
