//! A sandbox, and the state of its client.

use std::collections::HashMap;
use std::time::Duration;

use folio_sandbox::{Builder, Sandbox};
use serde_json::{Value, json};

use crate::wire::{Reply, exchange};

/// A sandbox and what a client of it remembers.
pub(crate) struct Session {
    pub(crate) sandbox: Sandbox,
    /// Whether the requests go to the server of `FOLIO_URL`, and not to the sandbox.
    pub(crate) elsewhere: bool,
    pub(crate) address: String,
    pub(crate) tenant: String,
    pub(crate) token: String,
    /// Who asks.
    pub(crate) username: String,
    pub(crate) password: String,
    /// Ids and HRIDs of the recording, and what they are here.
    pub(crate) names: HashMap<String, String>,
}

impl Session {
    pub(crate) async fn start(tenant: &str, builder: Builder) -> Self {
        let sandbox = builder
            .tenant(tenant)
            .user("diku_admin", "admin")
            .user_records()
            .start()
            .await
            .unwrap();
        let elsewhere = std::env::var("FOLIO_URL").ok();
        let own = |name: &str, otherwise: &str| {
            let set = std::env::var(name).ok().filter(|_| elsewhere.is_some());
            set.unwrap_or_else(|| otherwise.to_owned())
        };
        let mut session = Self {
            address: elsewhere
                .clone()
                .unwrap_or_else(|| sandbox.url().to_owned()),
            sandbox,
            tenant: own("FOLIO_TENANT", tenant),
            elsewhere: elsewhere.is_some(),
            token: String::new(),
            username: String::new(),
            password: String::new(),
            names: HashMap::new(),
        };
        let (username, password) = (
            own("FOLIO_USERNAME", "diku_admin"),
            own("FOLIO_PASSWORD", "admin"),
        );
        session.token = session
            .login(&username, &password)
            .await
            .unwrap_or_else(|| panic!("{username} cannot log in at {}", session.address))
            .0;
        (session.username, session.password) = (username, password);
        // The administrator has the fields that the recorded one has.
        let admin = administrator(&session.sandbox, tenant, "diku_admin");
        session.names.insert(
            "f6f3832c-2995-4547-980e-6247b23ccef3".to_owned(),
            admin["id"].as_str().unwrap().to_owned(),
        );
        session.sandbox.load(tenant, "/users", vec![admin]).unwrap();
        session.modules().await;
        session
    }

    /// Learns the ids that modules have here.
    async fn modules(&mut self) {
        let reply = self.send("GET", "/_/proxy/modules", None).await.unwrap();
        let modules: Value = serde_json::from_str(&reply.text()).unwrap_or_default();
        for module in modules.as_array().into_iter().flatten() {
            let id = module["id"].as_str().unwrap_or_default();
            let version = id.strip_prefix("mod-users-");
            if version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())) {
                self.names
                    .insert("mod-users-19.3.2".to_owned(), id.to_owned());
            }
        }
    }

    /// Text of the recording with the tenant and the user of this session.
    pub(crate) fn addressed(&self, text: &str, tenant: &str) -> String {
        if !self.elsewhere {
            return text.to_owned();
        }
        let quoted = |text: &str| Value::from(text).to_string();
        text.replace(tenant, &self.tenant)
            .replace("\"diku_admin\"", &quoted(&self.username))
            .replace("\"admin\"", &quoted(&self.password))
    }

    /// Lets time pass: the sandbox's clock is moved, a server elsewhere needs the time itself.
    pub(crate) async fn advance(&self, by: Duration) {
        match self.elsewhere {
            false => self.sandbox.advance(by),
            true => tokio::time::sleep(by).await,
        }
    }

    /// The access token and the refresh token of a new session.
    pub(crate) async fn login(&self, username: &str, password: &str) -> Option<(String, String)> {
        let body = json!({"username": username, "password": password}).to_string();
        let headers = [
            ("x-okapi-tenant".to_owned(), self.tenant.clone()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let reply = exchange(
            &self.address,
            "POST",
            "/authn/login-with-expiry",
            &headers,
            Some(body.as_bytes()),
        )
        .await?;
        Some((
            reply.cookie("folioAccessToken")?,
            reply.cookie("folioRefreshToken")?,
        ))
    }

    pub(crate) fn headers(&self, json: bool) -> Vec<(String, String)> {
        let mut headers = vec![
            ("x-okapi-tenant".to_owned(), self.tenant.clone()),
            ("x-okapi-token".to_owned(), self.token.clone()),
            (
                "accept".to_owned(),
                "application/json, text/plain".to_owned(),
            ),
        ];
        if json {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        headers
    }

    pub(crate) fn renamed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (recorded, own) in &self.names {
            if text.contains(recorded.as_str()) {
                text = text.replace(recorded, own);
            }
            let upper = recorded.to_uppercase();
            if text.contains(&upper) {
                text = text.replace(&upper, &own.to_uppercase());
            }
        }
        text
    }

    /// Learns what an id or an HRID of the recording is here.
    pub(crate) fn learn(&mut self, row: &Value, reply: &Reply) {
        if reply.status != 201 && reply.status != 200 {
            return;
        }
        let own: Value = serde_json::from_str(&reply.text()).unwrap_or_default();
        let text = row["text"].as_str().unwrap_or_default();
        // The only record of a list that was asked for by a field.
        if row["name"]
            .as_str()
            .is_some_and(|name| name.contains(" of "))
            && let Ok(recorded) = serde_json::from_str::<Value>(text)
            && let (Some(recorded), Some(own)) = (only_id(&recorded), only_id(&own))
        {
            self.names.insert(recorded, own);
        }
        for name in ["id", "hrid"] {
            let recorded = row["diff"]["added"][name]
                .as_str()
                .map(str::to_owned)
                .or_else(|| {
                    let pretty = format!("\n  \"{name}\" : \"");
                    let compact = format!("{{\"{name}\":\"");
                    let start = text
                        .find(&pretty)
                        .or_else(|| text.find(&compact).filter(|at| *at == 0))?;
                    text[start..].split('"').nth(3).map(str::to_owned)
                });
            let recorded = recorded.or_else(|| {
                let location = row["location"].as_str().filter(|_| name == "id")?;
                let at = location.len().checked_sub(36)?;
                Some(location[at..].to_owned())
            });
            if let (Some(recorded), Some(own)) = (recorded, own[name].as_str())
                && !recorded.eq_ignore_ascii_case(own)
            {
                self.names.insert(recorded, own.to_owned());
            }
        }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> Option<Reply> {
        exchange(
            &self.address,
            method,
            path,
            &self.headers(body.is_some()),
            body,
        )
        .await
    }
}

/// The bytes of a body: text as it is, other JSON written.
pub(crate) fn bytes(body: Option<&Value>) -> Option<Vec<u8>> {
    match body? {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        other => Some(other.to_string().into_bytes()),
    }
}

pub(crate) fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

/// What stands for the tokens of the recording.
pub(crate) fn tokens_of<'a>(value: &str, access: &'a str, refresh: &'a str) -> String {
    value
        .replace(
            "folioAccessToken=<jwt>",
            &format!("folioAccessToken={access}"),
        )
        .replace(
            "folioRefreshToken=<jwt>",
            &format!("folioRefreshToken={refresh}"),
        )
        .replace(
            "folioRefreshToken=\"<jwt>\"",
            &format!("folioRefreshToken=\"{refresh}\""),
        )
        .replace("<jwt>", access)
}

pub(crate) fn uuid_of(name: &str) -> String {
    let sum: u64 = name.bytes().fold(7, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    format!(
        "{:08x}-0000-4000-8000-{:012x}",
        sum & 0xffff_ffff,
        sum >> 16 & 0xffff_ffff_ffff
    )
}

/// The record of an administrator, with the fields that the recorded one has.
pub(crate) fn administrator(sandbox: &Sandbox, tenant: &str, username: &str) -> Value {
    let users = sandbox.records(tenant, "/users").unwrap();
    let mut admin = users
        .into_iter()
        .find(|user| user["username"] == username)
        .unwrap();
    let now = "2026-11-26T06:33:35.390+00:00";
    for (name, value) in [
        ("departments", json!([])),
        ("proxyFor", json!([])),
        (
            "personal",
            json!({"lastName": "Superuser", "firstName": "Admin", "email": "admin@example.org", "addresses": [], "preferredContactTypeId": "002"}),
        ),
        ("createdDate", now.into()),
        ("updatedDate", now.into()),
        ("metadata", json!({"createdDate": now, "updatedDate": now})),
    ] {
        admin[name] = value;
    }
    admin
}

/// The id of the only record of a list.
fn only_id(list: &Value) -> Option<String> {
    let mut lists = list.as_object()?.values().filter_map(Value::as_array);
    let [record] = lists.next()?.as_slice() else {
        return None;
    };
    record["id"].as_str().map(str::to_owned)
}
