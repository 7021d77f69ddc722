//! The config file: profiles without their passwords.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use crate::error::CliError;
use crate::file::{Access, WholeFile};
use crate::profile::keyring::Keyring;

/// A FOLIO system, a tenant and a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) tenant: String,
    pub(crate) username: String,
    /// Where the password is stored, if it is.
    pub(crate) keyring: Option<Keyring>,
}

impl Profile {
    /// The name of the password in a keyring. It contains the URL: a changed config file cannot send
    /// the password to another server.
    pub(crate) fn secret(&self) -> String {
        let Self {
            name,
            url,
            tenant,
            username,
            ..
        } = self;
        format!("{name}: {username} of {tenant} at {url}")
    }
}

/// The config file.
#[derive(Debug)]
pub(crate) struct Config {
    path: PathBuf,
    document: DocumentMut,
}

/// Its path.
fn path() -> Result<PathBuf, CliError> {
    let base = etcetera::choose_base_strategy().map_err(|_| {
        CliError::other("there is no home directory for the config file")
            .with_help("set HOME or XDG_CONFIG_HOME, or pass FOLIO_URL, FOLIO_TENANT, FOLIO_USERNAME and FOLIO_PASSWORD in the environment")
    })?;
    Ok(base.config_dir().join("folio").join("config.toml"))
}

impl Config {
    /// Reads the file. Without a file there are no profiles.
    pub(crate) fn load() -> Result<Self, CliError> {
        Self::load_from(path()?)
    }

    fn load_from(path: PathBuf) -> Result<Self, CliError> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(CliError::io(
                    format_args!("cannot read `{}`", path.display()),
                    &error,
                ));
            }
        };
        let invalid = |problem: String| {
            CliError::other(format!("`{}` {problem}", path.display()))
                .with_help("correct the file, or delete it and run `folio login` again")
        };
        let document: DocumentMut = text
            .parse()
            .map_err(|error| invalid(format!("is not valid TOML: {error}")))?;
        let profiles = document.get("profiles");
        if profiles.is_some_and(|profiles| !profiles.is_table_like()) {
            return Err(invalid("has `profiles`, which is not a table".to_owned()));
        }
        Ok(Self { path, document })
    }

    /// Reads the file, changes it, and writes it. Other runs of the program wait meanwhile.
    pub(crate) fn change<T>(change: impl FnOnce(&mut Self) -> T) -> Result<T, CliError> {
        let path = path()?;
        let failed = |error: &io::Error| {
            CliError::io(format_args!("cannot write `{}`", path.display()), error)
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        create_private(folder).map_err(|error| failed(&error))?;
        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("config.lock"))
            .map_err(|error| failed(&error))?;
        lock.lock().map_err(|error| failed(&error))?;
        let mut config = Self::load_from(path.clone())?;
        let result = change(&mut config);
        let mut file = WholeFile::create(&path, Access::Private).map_err(|error| failed(&error))?;
        file.write_all(config.document.to_string().as_bytes())
            .map_err(|error| failed(&error))?;
        file.commit().map_err(|error| failed(&error))?;
        Ok(result)
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the profile that is used without `--profile`.
    pub(crate) fn default_name(&self) -> Option<&str> {
        self.document.get("default")?.as_str()
    }

    /// The names of all profiles.
    pub(crate) fn names(&self) -> Vec<&str> {
        let profiles = self.document.get("profiles").and_then(Item::as_table_like);
        profiles
            .map(|profiles| profiles.iter().map(|(name, _)| name).collect())
            .unwrap_or_default()
    }

    /// A profile; none if there is no such profile.
    pub(crate) fn profile(&self, name: &str) -> Result<Option<Profile>, CliError> {
        let Some(table) = self
            .document
            .get("profiles")
            .and_then(|profiles| profiles.get(name))
        else {
            return Ok(None);
        };
        let text = |key: &str| -> Result<String, CliError> {
            let value = table.get(key).and_then(Item::as_str);
            value.map(str::to_owned).ok_or_else(|| {
                let path = self.path.display();
                CliError::other(format!("the profile `{name}` in `{path}` has no `{key}`"))
                    .with_help(format!(
                        "add it, or run `folio login --profile {name}` again"
                    ))
            })
        };
        let keyring = match table.get("keyring").and_then(Item::as_str) {
            None => None,
            Some(keyring) => Some(Keyring::named(keyring)?),
        };
        Ok(Some(Profile {
            name: name.to_owned(),
            url: text("url")?,
            tenant: text("tenant")?,
            username: text("username")?,
            keyring,
        }))
    }

    /// Adds or replaces a profile. The first one becomes the default.
    pub(crate) fn set(&mut self, profile: &Profile, is_default: bool) {
        let profiles = self
            .document
            .entry("profiles")
            .or_insert_with(|| Item::Table(Table::new()));
        if let Some(profiles) = profiles.as_table_mut() {
            // `[profiles.name]` without an empty `[profiles]` before it.
            profiles.set_implicit(true);
        }
        if let Some(profiles) = profiles.as_table_like_mut() {
            let table = profiles
                .entry(&profile.name)
                .or_insert_with(|| Item::Table(Table::new()));
            if !table.is_table_like() {
                *table = Item::Table(Table::new());
            }
            if let Some(table) = table.as_table_like_mut() {
                put(table, "url", &profile.url);
                put(table, "tenant", &profile.tenant);
                put(table, "username", &profile.username);
                match profile.keyring {
                    Some(keyring) => put(table, "keyring", keyring.name()),
                    None => drop(table.remove("keyring")),
                }
            }
        }
        if is_default || self.default_name().is_none() {
            put(self.document.as_table_mut(), "default", &profile.name);
        }
    }

    /// Removes a profile.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(profiles) = self
            .document
            .get_mut("profiles")
            .and_then(Item::as_table_like_mut)
        {
            profiles.remove(name);
        }
        if self.default_name() == Some(name) {
            self.document.remove("default");
        }
    }
}

/// Sets a value and leaves the comments before its key.
fn put(table: &mut dyn TableLike, key: &str, text: &str) {
    match table.get_mut(key) {
        Some(item) => *item = value(text),
        None => drop(table.insert(key, value(text))),
    }
}

fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}
