//! The list that a job reads or writes: its path, and the key of its records in a response.

use folio_sdk::{FolioClient, Paging};
use serde_json::Value;

use crate::data;
use crate::error::CliError;

/// A list of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// Its path.
    pub(crate) path: String,
    /// The key of the records in a response; none if the response is the array of the records.
    pub(crate) key: Option<String>,
}

impl List {
    /// The list at a path. The key is the one that the user states, or that FOLIO's descriptions
    /// state; otherwise that of the array in a response of the server.
    ///
    /// # Errors
    /// There is no list at the path, or it has several arrays; or the request failed.
    pub(crate) async fn find(
        folio: &FolioClient,
        path: String,
        key: Option<String>,
    ) -> Result<Self, CliError> {
        let key = match (key, Paging::described(&path)) {
            (Some(key), _) => Some(key),
            (None, Some(described)) => described.items.map(str::to_owned),
            (None, None) => {
                let response = folio.folio_get::<Value>(&path, None).limit(1).await;
                let response = response.map_err(|error| match error.is_not_found() {
                    true => no_such_list(&path, error),
                    false => error.into(),
                })?;
                key_of(&path, &response)?
            }
        };
        Ok(Self { path, key })
    }
}

/// The path of a list as the user wrote it, with a slash before it.
///
/// # Errors
/// It is more than a path.
pub(crate) fn path_of(text: &str) -> Result<String, CliError> {
    let path = format!("/{}", text.trim().trim_matches('/'));
    if path == "/" {
        return Err(CliError::usage("the list has no path")
            .with_help("a list is a path such as /instance-storage/instances"));
    }
    if path.contains("://") {
        return Err(CliError::usage(format!("`{text}` is a URL"))
            .with_help("name the path only, and the server with --url"));
    }
    if path.contains(['?', '#']) {
        return Err(CliError::usage(format!("`{text}` is more than a path"))
            .with_help("name the path only, and the query with --query"));
    }
    Ok(path)
}

/// The key of the array in the response of a list.
fn key_of(path: &str, response: &Value) -> Result<Option<String>, CliError> {
    let fields = match response {
        Value::Array(_) => return Ok(None),
        Value::Object(fields) => fields,
        _ => return Err(no_list(path, "the response is no JSON object")),
    };
    if fields.contains_key("id") {
        return Err(no_list(path, "the response is a single record"));
    }
    let is_list = |value: &Value| {
        let elements = value.as_array();
        elements.is_some_and(|elements| elements.iter().all(Value::is_object))
    };
    let keys: Vec<&str> = fields
        .iter()
        .filter(|(_, value)| is_list(value))
        .map(|(key, _)| key.as_str())
        .collect();
    match *keys {
        [key] => Ok(Some(key.to_owned())),
        [] => Err(no_list(path, "the response contains no list of records")),
        _ => Err(CliError::usage(format!(
            "the response of {path} has several lists: `{}`",
            keys.join("`, `")
        ))
        .with_help("select one with --key")),
    }
}

/// The error of a path that the server does not know, with the lists that may be meant.
fn no_such_list(path: &str, error: folio_sdk::Error) -> CliError {
    let error = CliError::from(error);
    match data::lists_like(path) {
        Ok(lists) if !lists.is_empty() => error.with_help(format!(
            "a list is named by its path; similar ones: {}",
            lists.join(", ")
        )),
        _ => error.with_help("`folio routes WORD` shows the paths of lists"),
    }
}

fn no_list(path: &str, problem: &str) -> CliError {
    CliError::usage(format!("{path} is not a list: {problem}"))
        .with_help("`folio routes WORD` shows the paths of lists; `folio get` reads anything else")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_a_path() {
        assert_eq!(path_of("users").unwrap(), "/users");
        assert_eq!(path_of("/a/b/").unwrap(), "/a/b");
        for text in ["", "/", "https://x/users", "/users?query=a", "/users#a"] {
            path_of(text).unwrap_err();
        }
    }

    #[test]
    fn the_key_is_that_of_the_only_list_of_records() {
        let key = |response: Value| key_of("/x", &response);
        let list = json!({"things": [{"id": "1"}], "totalRecords": 1, "resultInfo": {"a": [1]}});
        assert_eq!(key(list).unwrap().as_deref(), Some("things"));
        assert_eq!(key(json!([{"id": "1"}])).unwrap(), None);
        assert_eq!(
            key(json!({"things": []})).unwrap().as_deref(),
            Some("things")
        );
        for other in [
            json!({"id": "1", "departments": []}),
            json!({"a": [], "b": []}),
            json!({"names": ["x"]}),
            json!({"a": 1}),
            json!("text"),
        ] {
            key(other).unwrap_err();
        }
    }
}
