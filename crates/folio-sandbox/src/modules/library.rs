//! The records that business modules read and write, as their storage modules do it.

use serde_json::{Map, Value};

use crate::collections::lists::compiled;
use crate::collections::write;
use crate::facts::constraints::Verb;
use crate::facts::documents::{Collection, routes};
use crate::modules::reply::{Block, Step};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::store::{Failure, Page};
use crate::value::json::text_at;
use crate::wire::message::HttpResponse;

const CONFIGURATIONS: &str = "/configurations/entries";

/// The records of a tenant, and the current user.
pub(crate) struct Library<'a> {
    pub(crate) state: &'a State,
    pub(crate) caller: &'a Caller,
}

/// A value in CQL's quotes.
pub(crate) fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '*' | '?' | '^') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// `field=="value"`.
pub(crate) fn exactly(field: &str, value: &str) -> String {
    format!("{field}=={}", quoted(value))
}

fn collection(path: &str) -> Step<&'static Collection> {
    routes().collection(path).ok_or_else(|| {
        HttpResponse::text(
            http::StatusCode::NOT_IMPLEMENTED,
            format!("The sandbox was built from documents without {path}."),
        )
        .into()
    })
}

impl Library<'_> {
    pub(crate) fn get(&self, path: &str, id: &str) -> Step<Option<Value>> {
        Ok(self.state.store.get(&self.caller.tenant, path, id)?)
    }

    /// The record that a field of another one refers to.
    pub(crate) fn referred(&self, path: &str, record: &Value, field: &str) -> Step<Option<Value>> {
        match text_at(record, field) {
            Some(id) => self.get(path, &id),
            None => Ok(None),
        }
    }

    pub(crate) fn all(&self, path: &str) -> Step<Vec<Value>> {
        Ok(self.state.store.all(&self.caller.tenant, path)?)
    }

    /// The records that a query finds.
    pub(crate) fn find(&self, path: &str, query: &str) -> Step<Vec<Value>> {
        let collection = collection(path)?;
        let query = compiled(self.state, self.caller, collection, query)?
            .map_err(|error| HttpResponse::bad_request(error.to_string()))?;
        let page = Page {
            query: Some(&query),
            offset: 0,
            limit: usize::MAX,
        };
        match self.state.store.list(&self.caller.tenant, path, &page) {
            Ok((records, _)) => Ok(records),
            Err(Failure::Store(error)) => Err(error.into()),
            Err(Failure::Query(error)) => Err(HttpResponse::bad_request(error.to_string()).into()),
        }
    }

    pub(crate) fn first(&self, path: &str, query: &str) -> Step<Option<Value>> {
        Ok(self.find(path, query)?.into_iter().next())
    }

    /// Stores a new record as its storage module does, with its checks and added fields.
    pub(crate) fn create(&self, path: &str, record: Value) -> Step<Value> {
        let collection = collection(path)?;
        let kind = self.state.kind(path);
        let read = write::read_value(collection, kind, &record, None)?;
        match write::insert(self.state, self.caller, collection, Verb::Post, read)? {
            Ok((_, record)) => Ok(record),
            Err(response) => Err(response.into()),
        }
    }

    /// Stores a record in place of another, as its storage module does.
    pub(crate) fn replace(&self, path: &str, id: &str, record: Value) -> Step<Value> {
        let collection = collection(path)?;
        let kind = self.state.kind(path);
        let Some(stored) = self.get(path, id)? else {
            return Err(crate::collections::lists::not_found().into());
        };
        let read = write::read_value(collection, kind, &record, Some(&stored))?;
        match write::replace(
            self.state,
            self.caller,
            collection,
            Verb::Put,
            id,
            read,
            &stored,
        )? {
            Ok(record) => Ok(record),
            Err(response) => Err(response.into()),
        }
    }

    /// The fields of a record before they are stored in place of it.
    pub(crate) fn fields(record: &Value) -> Map<String, Value> {
        record.as_object().cloned().unwrap_or_default()
    }

    /// The value of an entry of mod-configuration, which is JSON in a text.
    fn configured(&self, module: &str, name: &str) -> Step<Option<Value>> {
        let query = format!(
            "{} and {}",
            exactly("module", module),
            exactly("configName", name)
        );
        let entry = self.first(CONFIGURATIONS, &query)?;
        Ok(entry
            .and_then(|entry| text_at(&entry, "value"))
            .and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether the tenant has calendars of service points.
    pub(crate) fn has_calendars(&self) -> Step<bool> {
        Ok(self
            .state
            .store
            .count(&self.caller.tenant, "/calendar/calendars")?
            > 0)
    }

    /// Whether requests may be for titles, and whether holds of titles follow the rules.
    pub(crate) fn title_level(&self) -> Step<(bool, bool)> {
        let settings = self.configured("SETTINGS", "TLR")?.unwrap_or_default();
        let on = |name: &str| settings.get(name).and_then(Value::as_bool).unwrap_or(false);
        Ok((
            on("titleLevelRequestsFeatureEnabled"),
            on("tlrHoldShouldFollowCirculationRules"),
        ))
    }

    /// The time zone of the tenant: UTC unless mod-configuration has another.
    pub(crate) fn zone(&self) -> Step<jiff::tz::TimeZone> {
        let name = self
            .configured("ORG", "localeSettings")?
            .and_then(|settings| text_at(&settings, "timezone"))
            .unwrap_or_else(|| "UTC".to_owned());
        if matches!(name.as_str(), "UTC" | "Etc/UTC" | "Z" | "GMT") {
            return Ok(jiff::tz::TimeZone::UTC);
        }
        jiff::tz::TimeZone::get(&name).map_err(|_| {
            crate::modules::reply::not_emulated(&format!("circulation in the time zone {name}"))
                .into()
        })
    }

    /// The permission that the caller lacks to override a block. As recorded of an administrator, it
    /// must be granted by name: having all permissions is not sufficient.
    pub(crate) fn lacks_override(&self, block: Block) -> Step<Option<&'static str>> {
        let permission = block.permission(self.state.release);
        let accounts = self.state.auth.tenants.get(&self.caller.home);
        let granted = accounts.is_some_and(|accounts| {
            accounts.iter().any(|account| {
                account.id == self.caller.user
                    && account
                        .permissions
                        .as_ref()
                        .is_some_and(|own| own.contains(permission))
            })
        });
        if granted {
            return Ok(None);
        }
        let records = self.state.store.all(&self.caller.home, "/perms/users")?;
        let granted = records.iter().any(|record| {
            text_at(record, "userId").as_ref() == Some(&self.caller.user)
                && record
                    .get("permissions")
                    .and_then(Value::as_array)
                    .is_some_and(|list| list.iter().any(|own| own == permission))
        });
        Ok((!granted).then_some(permission))
    }
}
