//! The record that the calls read.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The requested record: a user, with few fields.
pub(crate) const USER: &str = r#"{
  "id": "0a246f61-d85f-42b6-8dcc-48d25a46690b",
  "username": "ann",
  "active": true,
  "patronGroup": "3684a786-6671-4268-8ed0-9db82ebca60b"
}"#;

/// The record, as the programs read it by path.
#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    /// Its identifier.
    id: String,
    /// Its name.
    username: String,
    /// Whether it may log in.
    active: bool,
    /// Its group.
    patron_group: String,
}

/// The record with all fields of a user, and unknown ones: the record of the typed call.
#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WholeUser {
    active: Option<bool>,
    barcode: Option<String>,
    created_date: Option<String>,
    custom_fields: Option<Map<String, Value>>,
    departments: Option<Vec<String>>,
    enrollment_date: Option<String>,
    expiration_date: Option<String>,
    external_system_id: Option<String>,
    id: Option<String>,
    meta: Option<Map<String, Value>>,
    metadata: Option<Metadata>,
    patron_group: Option<String>,
    personal: Option<Personal>,
    preferred_email_communication: Option<Vec<String>>,
    proxy_for: Option<Vec<String>>,
    tags: Option<Tags>,
    r#type: Option<String>,
    updated_date: Option<String>,
    /// Its name.
    username: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Personal {
    addresses: Option<Vec<Value>>,
    date_of_birth: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    middle_name: Option<String>,
    mobile_phone: Option<String>,
    phone: Option<String>,
    preferred_contact_type_id: Option<String>,
    preferred_first_name: Option<String>,
    profile_picture_link: Option<String>,
    pronouns: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    created_by_user_id: Option<String>,
    created_by_username: Option<String>,
    created_date: Option<String>,
    updated_by_user_id: Option<String>,
    updated_by_username: Option<String>,
    updated_date: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
struct Tags {
    #[serde(rename = "tagList")]
    tag_list: Option<Vec<String>>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// Its identifier.
pub(crate) const ID: &str = "0a246f61-d85f-42b6-8dcc-48d25a46690b";

/// Its path.
pub(crate) const PATH: &str = "/users/0a246f61-d85f-42b6-8dcc-48d25a46690b";

/// A record that names its user, so that a call can be checked.
pub(crate) trait Named {
    /// The name.
    fn name(&self) -> Option<&str>;
}

impl Named for User {
    fn name(&self) -> Option<&str> {
        Some(&self.username)
    }
}

impl Named for WholeUser {
    fn name(&self) -> Option<&str> {
        self.username.as_deref()
    }
}

impl Named for folio_sdk::users::User {
    fn name(&self) -> Option<&str> {
        self.username.as_deref()
    }
}

impl Named for Value {
    fn name(&self) -> Option<&str> {
        self.get("username")?.as_str()
    }
}
