//! What the baselines share with each other.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Unknown fields.
pub(crate) type Extra = Map<String, Value>;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Metadata {
    #[serde(rename = "createdDate")]
    created_date: String,
    #[serde(rename = "createdByUserId", skip_serializing_if = "Option::is_none")]
    created_by_user_id: Option<uuid::Uuid>,
    #[serde(rename = "updatedDate", skip_serializing_if = "Option::is_none")]
    updated_date: Option<String>,
    #[serde(rename = "updatedByUserId", skip_serializing_if = "Option::is_none")]
    updated_by_user_id: Option<uuid::Uuid>,
    #[serde(flatten)]
    extra: Extra,
}
