//! Items with their holdings, instance, location, material type and destination in transit.

use serde_json::{Map, Value, json};

use crate::facts::paths::{HOLDINGS, INSTANCES, ITEMS, LOCATIONS, SERVICE_POINTS};
use crate::modules::library::{Library, exactly};
use crate::modules::reply::Step;
use crate::value::json::text_at;

/// A location with its units.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) record: Value,
    pub(crate) library: Option<String>,
    pub(crate) campus: Option<String>,
    pub(crate) institution: Option<String>,
    pub(crate) primary: Option<Value>,
}

impl Location {
    pub(crate) fn name(&self) -> Option<String> {
        text_at(&self.record, "name")
    }

    pub(crate) fn primary_id(&self) -> Option<String> {
        text_at(&self.record, "primaryServicePoint")
    }

    /// Whether a service point serves the location: its primary one or one of the others.
    pub(crate) fn is_served_by(&self, service_point: &str) -> bool {
        let others = self.record.get("servicePointIds").and_then(Value::as_array);
        self.primary_id().as_deref() == Some(service_point)
            || others.is_some_and(|list| list.iter().any(|id| id == service_point))
    }
}

/// An item.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    record: Value,
    pub(crate) holdings: Option<Value>,
    pub(crate) instance: Option<Value>,
    pub(crate) location: Option<Location>,
    material: Option<Value>,
    loan_type: Option<Value>,
    pub(crate) destination: Option<Value>,
    changed: bool,
}

impl Item {
    pub(crate) fn by_id(library: &Library<'_>, id: Option<&str>) -> Step<Option<Self>> {
        let record = match id {
            Some(id) => library.get(ITEMS, id)?,
            None => None,
        };
        record.map(|record| Self::of(library, record)).transpose()
    }

    pub(crate) fn by_barcode(library: &Library<'_>, barcode: &str) -> Step<Option<Self>> {
        let record = library.first(ITEMS, &exactly("barcode", barcode))?;
        record.map(|record| Self::of(library, record)).transpose()
    }

    /// The items of an instance.
    pub(crate) fn of_instance(library: &Library<'_>, instance: &str) -> Step<Vec<Self>> {
        let mut items = Vec::new();
        for holdings in library.find(HOLDINGS, &exactly("instanceId", instance))? {
            let Some(id) = text_at(&holdings, "id") else {
                continue;
            };
            for record in library.find(ITEMS, &exactly("holdingsRecordId", &id))? {
                items.push(Self::of(library, record)?);
            }
        }
        Ok(items)
    }

    pub(crate) fn of(library: &Library<'_>, record: Value) -> Step<Self> {
        let holdings = library.referred(HOLDINGS, &record, "holdingsRecordId")?;
        let instance = match &holdings {
            Some(holdings) => library.referred(INSTANCES, holdings, "instanceId")?,
            None => None,
        };
        let location = match library.referred(LOCATIONS, &record, "effectiveLocationId")? {
            Some(location) => {
                let name = |path: &str, field: &str| -> Step<Option<String>> {
                    let unit = library.referred(path, &location, field)?;
                    Ok(unit.and_then(|unit| text_at(&unit, "name")))
                };
                Some(Location {
                    library: name("/location-units/libraries", "libraryId")?,
                    campus: name("/location-units/campuses", "campusId")?,
                    institution: name("/location-units/institutions", "institutionId")?,
                    primary: library.referred(SERVICE_POINTS, &location, "primaryServicePoint")?,
                    record: location,
                })
            }
            None => None,
        };
        let loan_type = ["temporaryLoanTypeId", "permanentLoanTypeId"]
            .into_iter()
            .find(|field| text_at(&record, field).is_some());
        let loan_type = match loan_type {
            Some(field) => library.referred("/loan-types", &record, field)?,
            None => None,
        };
        Ok(Self {
            material: library.referred("/material-types", &record, "materialTypeId")?,
            destination: library.referred(
                SERVICE_POINTS,
                &record,
                "inTransitDestinationServicePointId",
            )?,
            holdings,
            instance,
            location,
            loan_type,
            record,
            changed: false,
        })
    }

    pub(crate) fn text(&self, path: &str) -> Option<String> {
        text_at(&self.record, path)
    }

    /// The texts in a list.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let list = self.record.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    }

    pub(crate) fn id(&self) -> String {
        self.text("id").unwrap_or_default()
    }

    pub(crate) fn barcode(&self) -> String {
        self.text("barcode").unwrap_or_else(|| "null".to_owned())
    }

    pub(crate) fn status(&self) -> String {
        self.text("status.name").unwrap_or_default()
    }

    pub(crate) fn is(&self, status: &str) -> bool {
        self.text("status.name").as_deref() == Some(status)
    }

    /// Declared lost or aged to lost, and not settled.
    pub(crate) fn is_lost(&self) -> bool {
        self.is("Declared lost") || self.is("Aged to lost")
    }

    pub(crate) fn instance_id(&self) -> Option<String> {
        self.holdings
            .as_ref()
            .and_then(|holdings| text_at(holdings, "instanceId"))
    }

    pub(crate) fn title(&self) -> Option<String> {
        self.instance
            .as_ref()
            .and_then(|instance| text_at(instance, "title"))
    }

    pub(crate) fn material_name(&self) -> Option<String> {
        self.material
            .as_ref()
            .and_then(|material| text_at(material, "name"))
    }

    pub(crate) fn loan_type_name(&self) -> Option<String> {
        self.loan_type
            .as_ref()
            .and_then(|loan_type| text_at(loan_type, "name"))
    }

    pub(crate) fn loan_type_id(&self) -> Option<String> {
        self.text("temporaryLoanTypeId")
            .or_else(|| self.text("permanentLoanTypeId"))
    }

    /// The home location of the item, which determines the owner of its fees.
    pub(crate) fn permanent_location_id(&self) -> Option<String> {
        self.text("permanentLocationId").or_else(|| {
            self.holdings
                .as_ref()
                .and_then(|holdings| text_at(holdings, "permanentLocationId"))
        })
    }

    pub(crate) fn contributors(&self) -> Vec<String> {
        contributors(self.instance.as_ref())
    }

    pub(crate) fn copy_number(&self) -> Option<String> {
        self.text("copyNumber").or_else(|| {
            self.holdings
                .as_ref()
                .and_then(|holdings| text_at(holdings, "copyNumber"))
        })
    }

    /// The call number, its prefix and its suffix, as far as there are any.
    pub(crate) fn call_number(&self) -> Map<String, Value> {
        let mut shown = Map::new();
        for name in ["callNumber", "prefix", "suffix"] {
            if let Some(text) = self.text(&format!("effectiveCallNumberComponents.{name}")) {
                shown.insert(name.to_owned(), text.into());
            }
        }
        shown
    }

    fn with(&mut self, name: &str, value: Value) {
        if let Some(fields) = self.record.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    }

    fn without(&mut self, name: &str) {
        if let Some(fields) = self.record.as_object_mut() {
            fields.remove(name);
        }
    }

    /// Gives the item a status. Its date is known only when the storage has set it.
    pub(crate) fn set_status(&mut self, status: &str) {
        self.changed |= !self.is(status);
        self.with("status", json!({"name": status}));
        if status != "In transit" {
            self.without("inTransitDestinationServicePointId");
            self.destination = None;
        }
    }

    /// Sends the item to a service point; none where its location has no primary one.
    pub(crate) fn send_to(&mut self, service_point: Option<&str>) {
        self.set_status("In transit");
        match service_point {
            Some(id) => self.with("inTransitDestinationServicePointId", id.into()),
            None => self.without("inTransitDestinationServicePointId"),
        }
    }

    pub(crate) fn check_in(&mut self, at: &str, service_point: &str, user: &str) {
        self.changed = true;
        self.with(
            "lastCheckIn",
            json!({"dateTime": at, "servicePointId": service_point, "staffMemberId": user}),
        );
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.changed
    }

    /// Stores the status and its related fields.
    pub(crate) fn store(&self, library: &Library<'_>) -> Step<()> {
        library.replace(ITEMS, &self.id(), self.record.clone())?;
        Ok(())
    }

    /// The item in a loan and in the response of a check-in.
    pub(crate) fn summary(&self) -> Value {
        let mut shown = Map::new();
        let put = |shown: &mut Map<String, Value>, name: &str, value: Option<String>| {
            if let Some(text) = value.filter(|text| !text.trim().is_empty()) {
                shown.insert(name.to_owned(), text.into());
            }
        };
        put(&mut shown, "id", self.text("id"));
        put(
            &mut shown,
            "holdingsRecordId",
            self.text("holdingsRecordId"),
        );
        put(&mut shown, "instanceId", self.instance_id());
        put(&mut shown, "title", self.title());
        put(&mut shown, "barcode", self.text("barcode"));
        let contributors = self.contributors();
        if !contributors.is_empty() {
            let names: Value = contributors
                .iter()
                .map(|name| json!({"name": name}))
                .collect();
            shown.insert("contributors".to_owned(), names);
        }
        put(
            &mut shown,
            "callNumber",
            self.text("effectiveCallNumberComponents.callNumber"),
        );
        for name in ["enumeration", "chronology", "displaySummary", "volume"] {
            put(&mut shown, name, self.text(name));
        }
        put(&mut shown, "copyNumber", self.copy_number());
        shown.insert(
            "callNumberComponents".to_owned(),
            Value::Object(self.call_number()),
        );
        let mut status = json!({"name": self.status()});
        if let Some(date) = self.text("status.date") {
            status["date"] = date.into();
        }
        shown.insert("status".to_owned(), status);
        put(
            &mut shown,
            "inTransitDestinationServicePointId",
            self.text("inTransitDestinationServicePointId"),
        );
        if let Some(destination) = &self.destination {
            shown.insert(
                "inTransitDestinationServicePoint".to_owned(),
                json!({"id": text_at(destination, "id"), "name": text_at(destination, "name")}),
            );
        }
        if let Some(location) = &self.location {
            shown.insert("location".to_owned(), json!({"name": location.name()}));
        }
        if let Some(name) = self.material_name() {
            shown.insert("materialType".to_owned(), json!({ "name": name }));
        }
        Value::Object(shown)
    }
}

/// The names of an instance's contributors.
pub(crate) fn contributors(instance: Option<&Value>) -> Vec<String> {
    let list = instance.and_then(|instance| instance.get("contributors")?.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|contributor| text_at(contributor, "name"))
        .collect()
}

/// A service point in loans and requests; absent fields are null.
pub(crate) fn service_point(record: &Value) -> Value {
    let text = |name: &str| text_at(record, name);
    json!({
        "name": text("name"), "code": text("code"), "discoveryDisplayName": text("discoveryDisplayName"),
        "description": text("description"), "shelvingLagTime": record.get("shelvingLagTime").cloned().unwrap_or_default(),
        "pickupLocation": record.get("pickupLocation").and_then(Value::as_bool).unwrap_or(false),
    })
}
