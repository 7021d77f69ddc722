//! Credentials and tokens, as mod-login and mod-authtoken give them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::cql::fold::Fold;

/// How many wrong passwords a user is warned after, and how many block an account (mod-login's `login.fail.to.warn.attempts` and
/// `login.fail.attempts`).
pub(crate) const WARNED: u32 = 3;
pub(crate) const BLOCKED: u32 = 5;

/// How long Okapi remembers that a token may use a path.
const REMEMBERED: Duration = Duration::from_secs(180);

/// Credentials of a user.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) username: String,
    /// None after the credentials were deleted.
    pub(crate) password: Option<String>,
    pub(crate) failures: u32,
    /// Set by too many failures where there is no record of the user that could be made inactive.
    pub(crate) blocked: bool,
    /// Whether somebody tried to log in.
    pub(crate) attempted: bool,
    /// What the user may do; everything where there is none.
    pub(crate) permissions: Option<BTreeSet<String>>,
    /// The credentials were made through the API: what the user may do is in `/perms/users`.
    pub(crate) by_record: bool,
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
    used: bool,
}

/// The tokens of a sandbox.
pub(crate) struct Auth {
    /// Users by tenant.
    pub(crate) tenants: BTreeMap<String, Vec<Account>>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    /// Tokens, methods and paths that Okapi remembers as allowed.
    remembered: HashMap<(String, String, String), Instant>,
    pub(crate) access_lifetime: Duration,
    pub(crate) refresh_lifetime: Duration,
    /// Keycloak's refresh tokens may be used again.
    pub(crate) reusable: bool,
    pub(crate) logins: usize,
    pub(crate) refreshes: usize,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) tenant: String,
    /// The tenant of the token.
    pub(crate) home: String,
    pub(crate) user: String,
    pub(crate) username: String,
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
            remembered: HashMap::new(),
            access_lifetime,
            refresh_lifetime,
            reusable,
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
                password: Some(password.to_owned()),
                failures: 0,
                blocked: false,
                attempted: false,
                permissions: permissions.map(|list| list.into_iter().collect()),
                by_record: false,
            });
    }

    /// The credentials of a user: by the id of the record, or by the name of those who have none.
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

    /// Exchanges a refresh token. A second use revokes all of the user's, as mod-authtoken does, which takes an access token too.
    pub(crate) fn refresh(&mut self, token: &str) -> Option<Session> {
        if let Some(access) = self.access.get(token).cloned()
            && !self.reusable
        {
            self.refreshes += 1;
            return Some(self.session(&access.tenant, &access.user, &access.username));
        }
        let known = self.refresh.get_mut(token)?;
        let (tenant, user, username) = (
            known.tenant.clone(),
            known.user.clone(),
            known.username.clone(),
        );
        if known.used && !self.reusable {
            self.revoke_all(&tenant, &user);
            return None;
        }
        known.used = true;
        if known.expires <= Instant::now() {
            return None;
        }
        self.refreshes += 1;
        Some(self.session(&tenant, &user, &username))
    }

    pub(crate) fn session(&mut self, tenant: &str, user: &str, username: &str) -> Session {
        let now = Instant::now();
        let access = token(&claims(
            "access",
            Some(self.access_lifetime),
            tenant,
            user,
            username,
        ));
        // mod-authtoken encrypts refresh tokens: five parts that nobody else can read.
        let refresh = match self.reusable {
            true => token(&claims(
                "Refresh",
                Some(self.refresh_lifetime),
                tenant,
                user,
                username,
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
                used: false,
            },
        );
        let clock = SystemTime::now();
        Session {
            access,
            refresh,
            access_expires: clock + self.access_lifetime,
            refresh_expires: clock + self.refresh_lifetime,
            access_seconds: self.access_lifetime.as_secs(),
            refresh_seconds: self.refresh_lifetime.as_secs(),
        }
    }

    /// A token that never expires, of the login of old.
    pub(crate) fn legacy(&mut self, tenant: &str, user: &str, username: &str) -> String {
        let access = token(&claims("legacy-access", None, tenant, user, username));
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
        let access = self.access.get(token).filter(|access| {
            access
                .expires
                .is_none_or(|expires| expires > Instant::now())
        })?;
        Some(Caller {
            tenant: access.tenant.clone(),
            home: access.tenant.clone(),
            user: access.user.clone(),
            username: access.username.clone(),
        })
    }

    /// The tenant that a token names, whatever else is wrong with it.
    pub(crate) fn tenant_of(&self, token: &str) -> Option<&str> {
        self.access.get(token).map(|access| access.tenant.as_str())
    }

    /// Whether Okapi remembers that a token may use a path.
    pub(crate) fn remembers(&self, token: &str, method: &str, path: &str) -> bool {
        let key = (token.to_owned(), method.to_owned(), path.to_owned());
        self.remembered
            .get(&key)
            .is_some_and(|since| since.elapsed() < REMEMBERED)
    }

    pub(crate) fn remember(&mut self, token: &str, method: &str, path: &str) {
        if self.remembered.len() > 10_000 {
            self.remembered.clear();
        }
        let key = (token.to_owned(), method.to_owned(), path.to_owned());
        self.remembered.insert(key, Instant::now());
    }

    /// Ends a session: its refresh token cannot be used. The access token lives on, since nobody asks for it again.
    pub(crate) fn logout(&mut self, refresh: &str) {
        self.refresh.remove(refresh);
    }

    pub(crate) fn revoke_all(&mut self, tenant: &str, user: &str) {
        self.refresh
            .retain(|_, token| token.tenant != tenant || token.user != user);
    }

    /// Makes all access tokens invalid.
    pub(crate) fn expire_access(&mut self) {
        for access in self.access.values_mut() {
            access.expires = Some(Instant::now());
        }
        self.remembered.clear();
    }

    /// Makes all refresh tokens invalid.
    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.clear();
    }
}

fn claims(
    kind: &str,
    lifetime: Option<Duration>,
    tenant: &str,
    user: &str,
    username: &str,
) -> String {
    let seconds = |at: SystemTime| {
        at.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    };
    let now = SystemTime::now();
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

/// A token in the shape of a JWT: nobody but this server reads it.
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
