//! Logins, tokens, credentials, permissions: the rows name their sessions, and state how much later
//! they were sent.

use std::collections::BTreeMap;
use std::time::Duration;

use folio_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::compare::{cookies_differ, differences};
use crate::session::{Session, bytes, text, tokens_of, uuid_of};
use crate::wire::{Reply, exchange, expect};
use crate::{Report, rows};

/// What the users of the recording may do, besides those that a row gives permissions to.
const PERMISSIONS: [&str; 5] = [
    "users.collection.get",
    "usergroups.collection.get",
    "addresstypes.collection.get",
    "departments.collection.get",
    "users.item.get",
];

/// Users whose ids the rows name before they tell whose they are.
const IDS: [(&str, &str); 4] = [
    ("recBa51d1a", "3cd90eb8-e49c-4bd1-a886-af5b60d945f0"),
    ("recBa5217a2", "fc1d150f-c992-403a-870e-3f034eaaf3ed"),
    ("recBa5217b", "3bc1420e-f140-417a-ba46-8196919f276d"),
    ("recBa5217c", "20f1cdf8-c278-478e-9058-15838e3612d9"),
];

/// The tokens of a session.
#[derive(Clone, Default)]
struct Tokens {
    access: String,
    refresh: String,
}

struct Replay {
    session: Session,
    ids: BTreeMap<String, String>,
    /// Sessions by what the rows call them.
    sessions: BTreeMap<String, Tokens>,
    current: String,
    /// The refresh token of the first session, before it was used.
    first: String,
    /// The session that has passed, in seconds, and when what rows count from happened.
    clock: u64,
    since: BTreeMap<&'static str, u64>,
}

pub(crate) async fn auth(file: &str) -> Report {
    let session = Session::start("diku", Sandbox::builder().release("quesnelia")).await;
    let rows = rows(file);
    let mut replay = Replay {
        session,
        ids: BTreeMap::new(),
        sessions: BTreeMap::new(),
        current: "1".to_owned(),
        first: String::new(),
        clock: 0,
        since: BTreeMap::new(),
    };
    replay.users(&rows).await;
    let mut report = Report::default();
    for row in &rows {
        let name = text(row, "name");
        let different = if row.get("path").is_none() {
            replay.claims(row)
        } else if row["status"].is_array() {
            replay.at_once(row).await
        } else {
            replay.row(row).await
        };
        report.add(file, name, &different);
    }
    report
}

/// The number or the letter of a session in a name.
fn label(name: &str) -> Option<&str> {
    let after = |word: &str| {
        let (_, rest) = name.split_once(word)?;
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        Some(&rest[..end])
    };
    let number =
        |word: &str| after(word).filter(|found| found.starts_with(|c: char| c.is_ascii_digit()));
    number("session ").or_else(|| after("clean: login "))
}

/// How many seconds later a row was sent than what it counts from.
fn seconds(name: &str) -> Option<u64> {
    let words: Vec<&str> = name.split([' ', ',']).collect();
    let at = words
        .windows(2)
        .position(|pair| pair[1] == "s" && pair[0].parse::<u64>().is_ok())?;
    words[at].parse().ok()
}

/// What rows count from.
fn group(name: &str) -> &'static str {
    [
        "clean: granted",
        "clean: removed",
        "inactive user",
        "poll",
        "cache",
    ]
    .into_iter()
    .find(|group| name.starts_with(group))
    .unwrap_or("")
}

impl Replay {
    /// The users were created before the recording.
    async fn users(&mut self, rows: &[Value]) {
        for row in rows {
            let body = &row["body"];
            if let (Some(name), Some(id)) = (body["username"].as_str(), body["userId"].as_str()) {
                self.ids.insert(name.to_owned(), id.to_owned());
            }
        }
        for (name, id) in IDS {
            self.ids.insert(name.to_owned(), id.to_owned());
        }
        // The id of a user in a path: the row before it tells whose it is.
        for row in rows {
            if text(row, "name").contains("k1 inactive, path of one id") {
                let id = text(row, "path").rsplit('/').next().unwrap();
                self.ids.insert("recBa535fk1".to_owned(), id.to_owned());
            }
        }
        let mut names: Vec<String> = rows
            .iter()
            .filter_map(|row| row["body"]["username"].as_str())
            .filter(|name| {
                name.starts_with("recB") && !name.contains("nobody") && !name.ends_with([' ', '*'])
            })
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        for name in &names {
            let id = self
                .ids
                .entry(name.clone())
                .or_insert_with(|| uuid_of(name))
                .clone();
            let mut user = json!({"id": id, "username": name, "active": true, "personal": {"lastName": name, "email": "b@example.org", "preferredContactTypeId": "002"}});
            if name.ends_with("17e") {
                user["expirationDate"] = "2020-01-01T00:00:00.000+00:00".into();
            }
            self.send("POST", "/users", &user).await;
            let permissions: &[&str] = match name.as_str() {
                "recBa5217a2" => &["users.collection.get"],
                _ => &PERMISSIONS,
            };
            let record = json!({"id": uuid_of(&format!("p{name}")), "userId": id, "permissions": permissions});
            if name != "recBa51d1a" && name != "recBa5217z" {
                self.send("POST", "/perms/users", &record).await;
            }
            if name != "recBa51d1a" && name != "recBa5217z" && name != "recBa5217a2" {
                let body = json!({"userId": id, "password": "Recb1234!"});
                self.send("POST", "/authn/credentials", &body).await;
            }
        }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Option<Reply> {
        let body = body.to_string();
        self.session.send(method, path, Some(body.as_bytes())).await
    }

    /// What was done between the recorded requests.
    async fn between(&mut self, name: &str) {
        let of = |user: &str| self.ids.get(user).cloned().unwrap_or_default();
        for (word, user, active) in [
            ("made active again", "recBa5217b", Some(true)),
            ("inactive user: login", "recBa5217d", Some(false)),
            (
                "cache: k1 inactive, path not used before",
                "recBa535fk1",
                Some(false),
            ),
            (
                "cache: k1 inactive, path not used before",
                "recBa535fk2",
                None,
            ),
            ("deleted user: token", "recBa5217f", None),
        ] {
            if !name.contains(word) {
                continue;
            }
            let path = format!("/users/{}", of(user));
            let Some(active) = active else {
                self.session.send("DELETE", &path, None).await;
                continue;
            };
            let reply = self.session.send("GET", &path, None).await.unwrap();
            let mut record: Value = serde_json::from_str(&reply.text()).unwrap();
            record["active"] = active.into();
            self.send("PUT", &path, &record).await;
        }
        if name.starts_with("poll: permission removed 0 s") {
            let path = format!(
                "/perms/users/{}/permissions/usergroups.collection.get?indexField=userId",
                of("recBa52f9a2")
            );
            self.session.send("DELETE", &path, None).await;
        }
    }

    /// Waits until the time of a row.
    async fn until(&mut self, name: &str) {
        let group = group(name);
        // What a group counts from happens with its first row, or with the grant before it.
        let from = match name {
            "clean: grant by POST, used at once" => "clean: granted",
            "clean: remove it" => "clean: removed",
            _ => group,
        };
        let since = *self.since.entry(from).or_insert(self.clock);
        if name == "inactive user: login" || name.starts_with("poll: permission removed 0 s") {
            self.since.insert(from, self.clock);
            return;
        }
        if name.starts_with("cache: k1 inactive, path not used") {
            self.since.insert("cache", self.clock);
        }
        let Some(seconds) = seconds(name).filter(|_| !group.is_empty()) else {
            return;
        };
        let then = since + seconds;
        if then > self.clock {
            self.session
                .advance(Duration::from_secs(then - self.clock))
                .await;
            self.clock = then;
        }
    }

    /// Which session a row is about.
    fn label_of(&self, name: &str) -> String {
        let of_group = |word: &str, label: &str| name.starts_with(word).then(|| label.to_owned());
        let known = |label: &String| self.sessions.contains_key(label);
        of_group("cache: k1", "cache: login of user k1")
            .or_else(|| of_group("cache: k2", "cache: login of user k2"))
            .or_else(|| of_group("poll", "poll: login"))
            .or_else(|| of_group("inactive user", "user d login"))
            .or_else(|| of_group("deleted user", "user f login"))
            .or_else(|| {
                name.contains("the session before the update")
                    .then(|| "session before the password update".to_owned())
            })
            .or_else(|| label(name).map(str::to_owned))
            .or_else(|| {
                let first = ["logout: both", "refresh after logout", "logout twice"];
                let of_first = first
                    .iter()
                    .any(|word| name == *word || name.starts_with("logout: both"));
                (of_first || name == "refresh").then(|| "1".to_owned())
            })
            .filter(known)
            .unwrap_or_else(|| self.current.clone())
    }

    /// What the session that a row begins is called.
    fn begun(name: &str) -> String {
        if let Some(label) = label(name).filter(|_| !name.contains("before")) {
            return label.to_owned();
        }
        let first = [
            "login",
            "login after the replay",
            "login for logout",
            "login for logout-all",
        ];
        match first.contains(&name) {
            true => "1".to_owned(),
            false => name.to_owned(),
        }
    }

    /// The headers of a row: tenant, token, cookies.
    fn headers(&self, row: &Value, tokens: &Tokens) -> Vec<(String, String)> {
        let (name, path) = (text(row, "name"), text(row, "path"));
        let is_login = path.contains("/login") && !path.contains("Attempts");
        let by_admin = name.contains("grant by POST") || name.contains("remove it");
        let of_user = [
            "permissions",
            "own x-okapi",
            "logout",
            "clean:",
            "inactive user: token",
            "poll:",
            "cache:",
            "deleted user: token",
            "user d",
        ]
        .iter()
        .any(|start| name.starts_with(start))
            || name.contains("access token")
            || name.contains("with a good token")
            || name == "bl self";
        let mut headers: BTreeMap<String, String> = BTreeMap::from([
            ("x-okapi-tenant".to_owned(), self.session.tenant.clone()),
            (
                "accept".to_owned(),
                "application/json, text/plain".to_owned(),
            ),
        ]);
        if row.get("body").is_some() && !name.contains("no content type") {
            headers.insert("content-type".to_owned(), "application/json".to_owned());
        }
        let cookies = row["sent"].get("cookie").is_some();
        let token = (!is_login || name.contains("with a good token"))
            && !path.starts_with("/authn/refresh")
            && (!cookies || name.contains("token header"))
            && !["no token", "without any token", "no cookie"]
                .iter()
                .any(|word| name.contains(word));
        if token {
            let value = match of_user && !by_admin {
                true => &tokens.access,
                false => &self.session.token,
            };
            headers.insert("x-okapi-token".to_owned(), value.clone());
        }
        if name.contains("refresh token as x-okapi-token") {
            headers.insert("x-okapi-token".to_owned(), tokens.refresh.clone());
        }
        if name.contains("with a garbled token") {
            headers.insert("x-okapi-token".to_owned(), "abc".to_owned());
        }
        if name == "login: no tenant" || name.contains("without tenant in the header") {
            headers.remove("x-okapi-tenant");
        }
        if name == "login: unknown tenant" {
            headers.insert("x-okapi-tenant".to_owned(), "nosuch".to_owned());
        }
        if name.contains("another tenant in the header") {
            headers.insert("x-okapi-tenant".to_owned(), "wipe".to_owned());
        }
        let mut refresh = tokens.refresh.clone();
        if name.contains("replay of the first") {
            refresh.clone_from(&self.first);
        }
        if uses_access(name) {
            refresh.clone_from(&tokens.access);
        }
        if name.contains("jwt-like") {
            refresh = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA".to_owned();
        }
        for (key, value) in row["sent"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            headers.insert(
                key.to_lowercase(),
                tokens_of(value, &tokens.access, &refresh),
            );
        }
        headers.into_iter().collect()
    }

    async fn row(&mut self, row: &Value) -> Vec<String> {
        let name = text(row, "name");
        if name.contains("another tenant in the header") {
            // A tenant without mod-login.
            let body = json!({"id": "wipe", "name": "wipe"});
            self.send("POST", "/_/proxy/tenants", &body).await;
        }
        self.until(name).await;
        self.between(name).await;
        expect(row);
        let label = self.label_of(name);
        let tokens = self.sessions.get(&label).cloned().unwrap_or_default();
        if name == "refresh" {
            self.first.clone_from(&tokens.refresh);
        }
        let body = bytes(row.get("body"));
        let reply = exchange(
            &self.session.address,
            text(row, "method"),
            &self.session.renamed(text(row, "path")),
            &self.headers(row, &tokens),
            body.as_deref(),
        )
        .await;
        if let Some(reply) = &reply {
            self.learn(row, reply, &label);
        }
        let mut different = differences(row, reply.as_ref());
        if let Some(reply) = &reply
            && different.is_empty()
        {
            different.extend(cookies_differ(row, reply));
        }
        different
    }

    fn learn(&mut self, row: &Value, reply: &Reply, label: &str) {
        let name = text(row, "name");
        let refreshed = text(row, "path").starts_with("/authn/refresh");
        let tokens = match (
            reply.cookie("folioAccessToken"),
            reply.cookie("folioRefreshToken"),
        ) {
            (Some(access), Some(refresh)) if !access.is_empty() => Tokens { access, refresh },
            _ => match reply.header("x-okapi-token") {
                Some(access) => Tokens {
                    access: access.to_owned(),
                    refresh: String::new(),
                },
                None => return,
            },
        };
        if refreshed && uses_access(name) {
            return;
        }
        let label = match refreshed {
            true => label.to_owned(),
            false => Self::begun(name),
        };
        self.sessions.insert(label.clone(), tokens);
        self.current = label;
    }

    /// Three requests with one refresh token.
    async fn at_once(&mut self, row: &Value) -> Vec<String> {
        let mut statuses = Vec::new();
        let tokens = self
            .sessions
            .get(&self.current)
            .cloned()
            .unwrap_or_default();
        let headers = [
            ("x-okapi-tenant".to_owned(), self.session.tenant.clone()),
            (
                "cookie".to_owned(),
                format!("folioRefreshToken={}", tokens.refresh),
            ),
        ];
        let path = text(row, "path");
        let address = self.session.address.clone();
        let send = || exchange(&address, "POST", path, &headers, None);
        let (a, b, c) = tokio::join!(send(), send(), send());
        for reply in [a, b, c].into_iter().flatten() {
            statuses.push(reply.status);
            if reply.status == 201 {
                let label = self.current.clone();
                self.learn(row, &reply, &label);
            }
        }
        statuses.sort_unstable();
        let recorded: Vec<u64> = row["status"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        match statuses
            .iter()
            .map(|status| u64::from(*status))
            .eq(recorded.iter().copied())
        {
            true => Vec::new(),
            false => vec![format!("status: {statuses:?}, recorded {recorded:?}")],
        }
    }

    /// Rows that describe a token.
    fn claims(&self, row: &Value) -> Vec<String> {
        let recorded: Value = serde_json::from_str(text(row, "text")).unwrap();
        let tokens = self
            .sessions
            .get(&self.current)
            .cloned()
            .unwrap_or_default();
        if recorded.get("parts").is_some() {
            let own =
                json!({"length": tokens.refresh.len(), "parts": tokens.refresh.split('.').count()});
            let length = |value: &Value| value["length"].as_i64().unwrap_or_default();
            let near = (length(&own) - length(&recorded)).abs() < 40;
            return match near && own["parts"] == recorded["parts"] {
                true => Vec::new(),
                false => vec![format!("claims: {own}, recorded {recorded}")],
            };
        }
        let payload = tokens.access.split('.').nth(1).unwrap_or_default();
        let claims: Value = serde_json::from_slice(&decoded(payload)).unwrap_or_default();
        let sorted = |names: Vec<&str>| {
            let mut names = names;
            names.sort_unstable();
            names.join(" ")
        };
        let own = sorted(
            claims
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect(),
        );
        let names = recorded["claims"].as_array().unwrap();
        let theirs = sorted(names.iter().filter_map(Value::as_str).collect());
        let life = claims["exp"]
            .as_i64()
            .map(|exp| exp - claims["iat"].as_i64().unwrap_or_default());
        let same = own == theirs
            && claims["type"] == recorded["type"]
            && recorded
                .get("exp-iat")
                .is_none_or(|seconds| seconds.as_i64() == life);
        match same {
            true => Vec::new(),
            false => vec![format!("claims: {claims}, recorded {recorded}")],
        }
    }
}

/// Whether a row puts an access token where a refresh token belongs.
fn uses_access(name: &str) -> bool {
    name.contains("access token in the refresh cookie") || name == "refresh: with the access token"
}

/// Base64 for URLs without padding.
fn decoded(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        _ => 63,
    };
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.bytes() {
        bits = bits << 6 | u32::from(value(byte));
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}
