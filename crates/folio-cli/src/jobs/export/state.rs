//! What an export has to know to continue after an interruption: its settings, and the checkpoint.

use std::fs;
use std::io;
use std::path::Path;

use folio_sdk::Checkpoint;
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::jobs::durable;

/// The settings that decide what the file contains. An export is continued only with the same ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) tenant: String,
    pub(crate) list: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) ordered: bool,
}

/// The state of an export. The position of the checkpoint is the length of the file of records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    version: Version,
    pub(crate) settings: Settings,
    /// The number of records that the server sent, but that could not be read.
    #[serde(default)]
    pub(crate) unreadable: u64,
    pub(crate) checkpoint: Checkpoint,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Version {
    #[serde(rename = "1")]
    One,
}

impl State {
    pub(crate) fn new(settings: Settings, checkpoint: Checkpoint) -> Self {
        Self {
            version: Version::One,
            settings,
            unreadable: 0,
            checkpoint,
        }
    }

    /// Reads it; none if the file does not exist.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, CliError> {
        match fs::read(path) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| {
                CliError::other(format!(
                    "`{}` is not the state of an export: {error}",
                    path.display()
                ))
                .with_help("begin again with --restart, or export to another file")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CliError::io(
                format_args!("cannot read `{}`", path.display()),
                &error,
            )),
        }
    }

    /// Replaces it, atomically and durably.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        durable::replace(path, &serde_json::to_vec(self)?)
    }
}

impl Settings {
    /// The differences from those of an interrupted export, for an error.
    pub(crate) fn differences(&self, before: &Self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        let fields = |fields: &Option<Vec<String>>| match fields {
            Some(fields) => fields.join(","),
            None => "all".to_owned(),
        };
        let values = [
            ("server", before.url.clone(), self.url.clone()),
            ("tenant", before.tenant.clone(), self.tenant.clone()),
            ("list", before.list.clone(), self.list.clone()),
            ("key", text(&before.key), text(&self.key)),
            ("query", text(&before.query), text(&self.query)),
            ("fields", fields(&before.fields), fields(&self.fields)),
            (
                "ordered",
                before.ordered.to_string(),
                self.ordered.to_string(),
            ),
        ];
        values
            .into_iter()
            .filter(|(_, before, now)| before != now)
            .map(|(name, before, now)| format!("{name}: then {before}, now {now}"))
            .collect()
    }
}
