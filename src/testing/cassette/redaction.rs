//! Redaction of a cassette: secrets, chosen fields, and the ids of users.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::engine::claims::TokenClaims;
use crate::value::redact;
use crate::value::uuid::is_uuid;

/// The replacement for a secret.
pub(super) const REDACTED: &str = "REDACTED";

/// Shorter values of chosen fields are not searched for in other places: they would match
/// everywhere.
const SHORTEST: usize = 5;

/// The data to be removed from a file.
#[derive(Clone, Default)]
pub(super) struct Redaction {
    fields: BTreeSet<String>,
    /// The texts of chosen fields.
    texts: BTreeSet<String>,
    /// Ids of users.
    users: BTreeSet<uuid::Uuid>,
}

impl Redaction {
    pub(super) fn of_fields<'a>(fields: impl Iterator<Item = &'a str>) -> Self {
        Self {
            fields: fields.map(str::to_owned).collect(),
            ..Self::default()
        }
    }

    pub(super) fn fields(&self) -> &BTreeSet<String> {
        &self.fields
    }

    pub(super) fn add_field(&mut self, field: String) {
        self.fields.insert(field);
    }

    pub(super) fn user(&mut self, id: &str) {
        self.users.extend(uuid::Uuid::try_parse(id));
    }

    /// A value without its secrets.
    pub(super) fn value(&mut self, value: &mut Value) {
        redact::Secrets::default().redact_value(value);
        self.walk(value, false, false);
    }

    fn walk(&mut self, value: &mut Value, chosen: bool, of_user: bool) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let chosen = chosen || self.fields.contains(name);
                    let of_user = name.eq_ignore_ascii_case("userId") || name.ends_with("UserId");
                    self.walk(value, chosen, of_user);
                }
            }
            Value::Array(list) => {
                for value in list {
                    self.walk(value, chosen, of_user);
                }
            }
            Value::String(text) if chosen => {
                self.texts
                    .insert(std::mem::replace(text, REDACTED.to_owned()));
            }
            Value::String(text) if of_user && is_uuid(text) => self.user(text),
            Value::Number(number) if chosen => *number = 0.into(),
            Value::Bool(own) if chosen => *own = false,
            _ => {}
        }
    }

    /// A token that contains only the parts that a client reads. It is assembled when the file is
    /// written, by [`tokens`].
    pub(super) fn token(&mut self, token: &str) -> String {
        let claims = TokenClaims::of(token);
        match claims.user_id.as_deref().filter(|id| is_uuid(id)) {
            Some(user) => {
                self.user(user);
                format!("{TOKEN}{user} {}}}", claims.tenant().unwrap_or_default())
            }
            None => REDACTED.to_owned(),
        }
    }

    /// A header without its secret.
    pub(super) fn header(&mut self, name: &str, value: &str) -> String {
        match name {
            "set-cookie" => {
                let (pair, attributes) = value
                    .split_once(';')
                    .map_or((value, ""), |(pair, rest)| (pair, rest));
                let (name, secret) = pair.split_once('=').unwrap_or((pair, ""));
                // A revoked cookie is empty.
                let secret = match secret.is_empty() {
                    true => String::new(),
                    false => self.token(secret),
                };
                let attributes: Vec<&str> = attributes
                    .split(';')
                    .filter(|part| {
                        !part.trim().to_ascii_lowercase().starts_with("expires=")
                            || !attributes.to_ascii_lowercase().contains("max-age=")
                    })
                    .collect();
                format!("{name}={secret};{}", attributes.join(";"))
            }
            "x-okapi-token" => self.token(value),
            name if redact::is_secret(name) => REDACTED.to_owned(),
            _ => value.to_owned(),
        }
    }

    /// The text of a file without the secrets that are found anywhere in it.
    pub(super) fn text(&self, mut text: String) -> String {
        for (id, new) in others(&self.users, &text) {
            let (id, new) = (id.to_string(), new.to_string());
            text = text
                .replace(&id, &new)
                .replace(&id.to_ascii_uppercase(), &new);
        }
        let mut text = tokens(&text);
        let mut texts: Vec<&String> = self
            .texts
            .iter()
            .filter(|text| text.len() >= SHORTEST && !text.contains(REDACTED))
            .collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for own in texts {
            let escaped = Value::from(own.as_str()).to_string();
            let escaped = escaped.get(1..escaped.len() - 1).unwrap_or(own);
            text = text.replace(escaped, REDACTED);
        }
        text
    }
}

/// All UUIDs of a text.
fn uuids(text: &str) -> BTreeSet<uuid::Uuid> {
    let starts = text.char_indices().map(|(start, _)| start);
    starts
        .filter_map(|start| text.get(start..start + 36))
        .filter(|part| part.as_bytes().get(8) == Some(&b'-') && is_uuid(part))
        .filter_map(|part| uuid::Uuid::try_parse(part).ok())
        .collect()
}

/// Replacement ids for those of users. Each has the same position among all ids of the text,
/// because lists are read in the order of ids; nothing else of the original is preserved.
fn others(users: &BTreeSet<uuid::Uuid>, text: &str) -> Vec<(uuid::Uuid, uuid::Uuid)> {
    let all: Vec<uuid::Uuid> = uuids(text).union(users).copied().collect();
    let mut new = Vec::new();
    let mut low = 0;
    let mut rest = &all[..];
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|id| users.contains(id)).count();
        if run == 0 {
            low = first.as_u128();
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let high = rest.get(run).map_or(u128::MAX, uuid::Uuid::as_u128);
        let step = (high - low) / (run as u128 + 1);
        for (number, id) in (1..).zip(rest.iter().take(run)) {
            let plain = low + step * number;
            // Of version 4 if there is room.
            let formal = plain & !(0xf000 << 64) & !(0b11 << 62) | 0x4000 << 64 | 0b10 << 62;
            let fits = step > 1 << 81;
            new.push((
                *id,
                uuid::Uuid::from_u128(if fits { formal } else { plain }),
            ));
        }
        rest = rest.get(run..).unwrap_or_default();
    }
    new
}

/// The position at which a token is assembled: a user and a tenant follow.
const TOKEN: &str = "{token of ";

/// A text with its tokens assembled.
fn tokens(text: &str) -> String {
    let mut parts = text.split(TOKEN);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (own, rest) = part.split_once('}').unwrap_or((part, ""));
        let (user, tenant) = own.split_once(' ').unwrap_or((own, ""));
        let payload = json!({"sub": REDACTED, "tenant": tenant, "user_id": user});
        let coded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        out.push_str(&format!(
            "{}.{}.{REDACTED}{rest}",
            coded(&json!({"alg": "none"})),
            coded(&payload)
        ));
    }
    out
}
