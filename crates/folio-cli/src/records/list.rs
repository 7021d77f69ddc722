//! Which part of a response is the list of records.

use folio_sdk::{FolioClient, Paging};
use serde_json::value::RawValue;

use crate::error::CliError;
use crate::output::json;

/// The path below the gateway, with its leading slash.
///
/// # Errors
/// It is a URL, or empty.
pub(crate) fn path(text: &str) -> Result<String, CliError> {
    if text.contains("://") {
        return Err(
            CliError::usage(format!("`{text}` is a URL, and a path is needed"))
                .with_help("write the part behind the URL of the gateway, such as /users"),
        );
    }
    let path = text.strip_prefix('/').unwrap_or(text);
    if path.is_empty() {
        return Err(CliError::usage("the path is empty").with_help("such as /users"));
    }
    Ok(format!("/{path}"))
}

/// The path without its query string and without a slash at its end.
pub(crate) fn plain(path: &str) -> &str {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    path.trim_end_matches('/')
}

/// The path of one record.
///
/// # Errors
/// It is that of a list.
pub(crate) fn path_of_record(text: &str) -> Result<String, CliError> {
    let path = path(text)?;
    if Paging::described(plain(&path)).is_some() {
        return Err(CliError::usage(format!(
            "`{path}` is a list, not a record; nothing was sent"
        ))
        .with_help("append the id of a record"));
    }
    Ok(path)
}

/// The records of a list in a response.
#[derive(Debug)]
pub(crate) struct Records<'a> {
    /// The key of the records; none if the response is the array.
    pub(crate) key: Option<String>,
    pub(crate) records: Vec<&'a RawValue>,
    /// The number of records of the whole list, if the response states one.
    pub(crate) total: Option<u64>,
}

/// Finds the records in a response: by the chosen key, by the descriptions of the release, or by
/// their form. None if the response is no list.
///
/// # Errors
/// The response has no list at the chosen key.
pub(crate) fn records<'a>(
    path: &str,
    chosen: Option<&str>,
    body: &'a RawValue,
) -> Result<Option<Records<'a>>, CliError> {
    if let Some(records) = json::elements(body) {
        return Ok(Some(Records {
            key: None,
            records,
            total: None,
        }));
    }
    let members = json::members(body).unwrap_or_default();
    let total = members
        .iter()
        .find(|(name, _)| name == "totalRecords")
        .and_then(|(_, total)| total.get().parse().ok());
    let at = |key: &str| {
        let found = members.iter().find(|(name, _)| name == key);
        found.and_then(|(_, value)| json::elements(value))
    };
    let found = |key: &str, records| {
        Some(Records {
            key: Some(key.to_owned()),
            records,
            total,
        })
    };
    if let Some(key) = chosen {
        let Some(records) = at(key) else {
            let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            return Err(CliError::usage(format!("the response has no list `{key}`"))
                .with_help(format!("it has: {}", names.join(", "))));
        };
        return Ok(found(key, records));
    }
    let described = Paging::described(plain(path)).and_then(|list| list.items);
    if let Some(key) = described
        && let Some(records) = at(key)
    {
        return Ok(found(key, records));
    }
    // A list that nothing describes: one array, and the number of all records. A record with an
    // array has no such number.
    let mut arrays = members
        .iter()
        .filter_map(|(name, value)| Some((name, json::elements(value)?)));
    Ok(match (arrays.next(), arrays.next(), total) {
        (Some((key, records)), None, Some(_)) => found(key, records),
        _ => None,
    })
}

/// The key of the records of a list: the chosen one, that of the descriptions of the release, or
/// that of a response to a request for one record.
///
/// # Errors
/// The server's error, or the response is no list.
pub(crate) async fn key(
    folio: &FolioClient,
    path: &str,
    chosen: Option<&str>,
    query: Option<&str>,
) -> Result<Option<String>, CliError> {
    if let Some(chosen) = chosen {
        return Ok(Some(chosen.to_owned()));
    }
    if let Some(list) = Paging::described(plain(path)) {
        return Ok(list.items.map(str::to_owned));
    }
    let mut request = folio
        .request(folio_sdk::Method::GET, path)
        .param("limit", 1);
    if let Some(query) = query {
        request = request.query(query);
    }
    let response = request.send().await?;
    let body: Box<RawValue> = response.json()?;
    match records(path, None, &body)? {
        Some(records) => Ok(records.key),
        None => Err(
            CliError::usage(format!("the response of `{path}` is no list of records"))
                .with_help("name the member of the response that has the records with --key"),
        ),
    }
}
