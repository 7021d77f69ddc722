//! The records of a description.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::domain::Field;
use super::making::Making;
use super::recipe::{Call, Recipe, Record, Resource};
use crate::base::error::{Error, Result};
use crate::canonical::reference::local_names;

impl Making<'_> {
    /// The record of each domain class that the operations need, and records without a domain
    /// class.
    pub(super) fn records(&mut self) -> Result<()> {
        for (name, union) in &self.recipe.unions {
            self.schemas.insert(name.clone(), Recipe::union(union));
        }
        for (name, record) in &self.recipe.records {
            let exists = record
                .class
                .as_ref()
                .is_none_or(|class| self.classes.contains_key(class));
            if exists {
                self.record(name, record)?;
            }
        }
        // Classes that are referred to and have neither a view nor another name.
        let mut operations: Vec<Call> = self
            .recipe
            .resource
            .iter()
            .flat_map(Resource::calls)
            .collect();
        operations.extend(self.recipe.call.iter().cloned());
        let mut asked = BTreeSet::new();
        for of in operations
            .iter()
            .flat_map(|call| [&call.list, &call.gives, &call.takes])
            .flatten()
        {
            let schema = self
                .recipe
                .schema(of)
                .map_err(|problem| Error::file(&self.what.recipe, problem))?;
            asked.extend(local_names(&schema).into_iter().map(str::to_owned));
        }
        asked.retain(|name| self.classes.contains_key(name));
        loop {
            let mut named = asked.clone();
            let schemas = self.schemas.values();
            named.extend(schemas.flat_map(local_names).map(str::to_owned));
            named.retain(|name| !self.schemas.contains_key(name));
            if named.is_empty() {
                return Ok(());
            }
            for name in named {
                if !self.classes.contains_key(&name) {
                    let problem = format!(
                        "the record `{name}` is referred to; neither the recipe nor a domain class has it"
                    );
                    return Err(Error::file(&self.what.recipe, problem));
                }
                let record = Record {
                    class: Some(name.clone()),
                    ..Record::default()
                };
                self.record(&name, &record)?;
            }
        }
    }

    fn record(&mut self, name: &str, record: &Record) -> Result<()> {
        let mut written = BTreeSet::new();
        for view in &record.views {
            written.extend(self.view(view)?);
        }
        let mut properties = Map::new();
        let classes = record.class.iter().chain(&record.merge);
        let fields = classes.flat_map(|class| self.fields(class));
        let fields: Vec<(String, Field)> = fields.collect();
        for (field, of) in fields
            .iter()
            .filter(|(field, _)| !record.only && !record.without.contains(field))
        {
            if record.fields.contains_key(field) || record.also.contains_key(field) {
                continue;
            }
            if let Some(schema) = self.property(name, field, of)? {
                properties.insert(field.clone(), schema);
            }
        }
        if record
            .class
            .as_ref()
            .is_some_and(|class| self.is_element(class))
        {
            properties.insert(
                "_delete".into(),
                json!({"type": "boolean", "writeOnly": true}),
            );
        }
        let stated = record.class.iter().flat_map(|class| self.traits(class));
        let shown = record
            .fields
            .iter()
            .filter(|(field, _)| record.views.is_empty() || written.contains(*field));
        let stated: Vec<(String, String)> = stated
            .chain(
                shown
                    .chain(&record.also)
                    .map(|(field, of)| (field.clone(), of.clone())),
            )
            .collect();
        for (field, of) in stated {
            let Some(of) = self.valid(&of) else {
                continue;
            };
            let schema = self.recipe.schema(of);
            properties.insert(
                field.clone(),
                schema.map_err(|problem| self.at(name, &field, problem))?,
            );
        }
        let unknown: Vec<&String> = written
            .iter()
            .filter(|key| {
                !properties.contains_key(*key)
                    && !record.inner.contains(key)
                    && !record.without.contains(key)
            })
            .collect();
        if let Some(key) = unknown.first() {
            let problem = format!(
                "a view of {:?} writes `{key}`, which the recipe does not contain",
                record.views
            );
            return Err(self.at(name, key, problem));
        }
        self.schemas.insert(
            name.to_owned(),
            json!({"type": "object", "properties": properties}),
        );
        Ok(())
    }

    /// The schema of a property; none if it is not data.
    fn property(&self, record: &str, name: &str, field: &Field) -> Result<Option<Value>> {
        let of = match &*field.of {
            "String" | "UUID" | "Class" | "URL" => "string",
            "Integer" | "int" | "Long" | "long" | "BigInteger" | "Short" => "integer",
            "BigDecimal" | "Double" | "double" | "Float" | "float" => "number",
            "Boolean" | "boolean" => "boolean",
            "LocalDate" => "date",
            "Date" | "Instant" | "LocalDateTime" | "ZonedDateTime" => "date-time",
            "Map" => "{string}",
            other => other,
        };
        if self.recipe.not_data.iter().any(|other| other == of) {
            return Ok(None);
        }
        let mut schema = match self.enums.get(of) {
            Some(constants) => json!({"type": "string", "enum": constants}),
            None if of.starts_with(char::is_uppercase) && !self.classes.contains_key(of) => {
                return Err(self.at(record, name, format!("the type `{of}` is unknown")));
            }
            None if self.classes.contains_key(of) => {
                json!({"$ref": format!("#/components/schemas/{}", self.recipe.record_of(of))})
            }
            None => self
                .recipe
                .schema(of)
                .map_err(|problem| self.at(record, name, problem))?,
        };
        if field.many {
            schema = json!({"type": "array", "items": schema});
        }
        // Grails sets these two itself, and binds neither.
        if !field.bindable || matches!(name, "dateCreated" | "lastUpdated") {
            if schema.get("$ref").is_some() {
                schema = json!({"allOf": [schema]});
            }
            schema["readOnly"] = true.into();
        }
        Ok(Some(schema))
    }
}
