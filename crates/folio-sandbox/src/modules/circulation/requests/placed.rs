//! A request before it is stored.

use serde_json::{Map, Value};

use crate::modules::circulation::items::Item;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::queue::Queue;
use crate::modules::reply::{ValidationError, text};

/// A request that is placed or replaced, and its referenced records.
pub(crate) struct Placed {
    pub(crate) fields: Map<String, Value>,
    pub(crate) rejections: Vec<ValidationError>,
    pub(crate) requester: Option<Person>,
    pub(crate) item: Option<Item>,
    pub(crate) queue: Queue,
    /// The errors found so far, as far as they affect further checks.
    pub(crate) no_instance: bool,
    pub(crate) no_item: bool,
    pub(crate) no_recallable_item: bool,
}

impl Placed {
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        text(&self.fields, name)
    }

    pub(crate) fn is_title_level(&self) -> bool {
        self.text("requestLevel").as_deref() == Some("Title")
    }

    /// The type, one of the known ones; any other value counts as absent.
    pub(crate) fn kind(&self) -> &'static str {
        match self.text("requestType").as_deref() {
            Some(kind) if kind.eq_ignore_ascii_case("Hold") => "Hold",
            Some(kind) if kind.eq_ignore_ascii_case("Page") => "Page",
            Some(kind) if kind.eq_ignore_ascii_case("Recall") => "Recall",
            _ => "",
        }
    }

    pub(crate) fn record(&self) -> Value {
        Value::Object(self.fields.clone())
    }
}
