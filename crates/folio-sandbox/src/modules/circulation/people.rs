//! Users in the form of mod-circulation, and its requirements for them.

use serde_json::{Map, Value, json};

use crate::facts::paths::USERS;
use crate::modules::library::{Library, exactly};
use crate::modules::reply::Step;
use crate::value::java;
use crate::value::json::text_at;

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct Person(pub(crate) Value);

/// The known activity of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Active {
    Yes,
    No,
    /// The record does not state it.
    Unknown,
}

impl Person {
    pub(crate) fn by_id(library: &Library<'_>, id: Option<&str>) -> Step<Option<Self>> {
        match id {
            Some(id) => Ok(library.get(USERS, id)?.map(Self)),
            None => Ok(None),
        }
    }

    pub(crate) fn by_barcode(library: &Library<'_>, barcode: &str) -> Step<Option<Self>> {
        Ok(library
            .first(USERS, &exactly("barcode", barcode))?
            .map(Self))
    }

    fn text(&self, path: &str) -> Option<String> {
        text_at(&self.0, path)
    }

    pub(crate) fn id(&self) -> String {
        self.text("id").unwrap_or_default()
    }

    pub(crate) fn barcode(&self) -> Option<String> {
        self.text("barcode")
    }

    pub(crate) fn group_id(&self) -> Option<String> {
        self.text("patronGroup")
    }

    pub(crate) fn group(&self, library: &Library<'_>) -> Step<Option<Value>> {
        library.referred("/groups", &self.0, "patronGroup")
    }

    pub(crate) fn expires(&self) -> Option<jiff::Timestamp> {
        self.text("expirationDate")
            .and_then(|text| java::moment(&text).ok())
    }

    pub(crate) fn active(&self) -> Active {
        let expired = self.expires().is_some_and(|end| end < java::now());
        match self.0.get("active").and_then(Value::as_bool) {
            None => Active::Unknown,
            Some(true) if !expired => Active::Yes,
            Some(_) => Active::No,
        }
    }

    /// `Last, First`, or the user name where one of them is missing.
    pub(crate) fn personal_name(&self) -> String {
        match (
            self.text("personal.lastName"),
            self.text("personal.firstName"),
        ) {
            (Some(last), Some(first)) if !last.trim().is_empty() && !first.trim().is_empty() => {
                format!("{last}, {first}")
            }
            // Java writes an absent value as `null`.
            _ => self.text("username").unwrap_or_else(|| "null".to_owned()),
        }
    }

    /// The borrower of a loan; absent fields are null.
    pub(crate) fn borrower(&self) -> Value {
        json!({
            "firstName": self.text("personal.firstName"), "lastName": self.text("personal.lastName"),
            "middleName": self.text("personal.middleName"), "barcode": self.text("barcode"),
        })
    }

    /// The requester of a stored request: absent fields are omitted.
    pub(crate) fn stored_summary(&self) -> Map<String, Value> {
        let mut summary = Map::new();
        for (name, path) in [
            ("lastName", "personal.lastName"),
            ("firstName", "personal.firstName"),
            ("middleName", "personal.middleName"),
            ("barcode", "barcode"),
        ] {
            if let Some(text) = self.text(path).filter(|text| !text.trim().is_empty()) {
                summary.insert(name.to_owned(), text.into());
            }
        }
        summary
    }

    /// The requester of a request as it is shown.
    pub(crate) fn summary(&self, group: Option<&Value>) -> Value {
        let mut summary = self.stored_summary();
        if let Some(group) = group {
            let mut shown = Map::new();
            for name in ["id", "group", "desc"] {
                if let Some(text) = text_at(group, name) {
                    shown.insert(name.to_owned(), text.into());
                }
            }
            summary.insert("patronGroup".to_owned(), Value::Object(shown));
        }
        if let Some(id) = self.group_id() {
            summary.insert("patronGroupId".to_owned(), id.into());
        }
        Value::Object(summary)
    }

    fn addresses(&self) -> &[Value] {
        let list = self.0.pointer("/personal/addresses");
        list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The address of a type.
    pub(crate) fn address(&self, kind: Option<&str>) -> Option<&Value> {
        self.addresses().iter().find(|address| {
            address.get("addressTypeId").and_then(Value::as_str) == kind && kind.is_some()
        })
    }

    /// The first of the addresses that is marked as the primary one.
    pub(crate) fn primary_address(&self) -> Option<&Value> {
        self.addresses()
            .iter()
            .find(|address| address.get("primaryAddress") == Some(&Value::Bool(true)))
    }

    /// The names of the departments.
    pub(crate) fn departments(&self, library: &Library<'_>) -> Step<String> {
        let ids = self.0.get("departments").and_then(Value::as_array);
        let mut names = Vec::new();
        for id in ids.into_iter().flatten().filter_map(Value::as_str) {
            let department = library.get("/departments", id)?;
            names.extend(department.and_then(|department| text_at(&department, "name")));
        }
        Ok(names.join("; "))
    }
}
