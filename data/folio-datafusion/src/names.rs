//! The names of columns: those of SQL for the fields of FOLIO's records.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};

/// How columns are named.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Names {
    /// `call_number` for `callNumber`: SQL turns names without quotation marks into lower case, so
    /// that these need none. The fields of structs have FOLIO's names: `personal['lastName']`.
    #[default]
    Snake,
    /// `"callNumber"`, as FOLIO names it.
    Folio,
}

/// A schema with other names of its columns.
pub(crate) fn renamed(schema: &SchemaRef, names: Names) -> SchemaRef {
    if names == Names::Folio {
        return Arc::clone(schema);
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for field in schema.fields() {
        *counts.entry(snake(field.name())).or_default() += 1;
    }
    let fields = schema.fields().iter().map(|field| {
        let name = snake(field.name());
        // Two fields with one name would be none: both keep FOLIO's.
        match counts.get(&name) {
            Some(1) => Field::clone(field).with_name(name),
            _ => Field::clone(field),
        }
    });
    let fields: Vec<Field> = fields.collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// `callNumber` as `call_number`, `isbnURL` as `isbn_url`.
fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| characters.get(before));
        let is_start = match before {
            Some(before) if before.is_lowercase() || before.is_ascii_digit() => true,
            Some(before) if before.is_uppercase() => characters
                .get(at + 1)
                .is_some_and(|next| next.is_lowercase()),
            _ => false,
        };
        if character.is_uppercase() && is_start {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::DataType;

    #[test]
    fn names_need_no_quotation_marks() {
        for (name, expected) in [
            ("callNumber", "call_number"),
            ("id", "id"),
            ("_version", "_version"),
            ("_extra", "_extra"),
            ("holdingsRecords2", "holdings_records2"),
            ("electronicURLs", "electronic_ur_ls"),
            ("URLRelation", "url_relation"),
            ("record2Id", "record2_id"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn names_that_would_be_equal_stay_as_they_are() {
        let field = |name: &str| Field::new(name, DataType::Utf8, true);
        let schema = Arc::new(Schema::new(vec![
            field("callNumber"),
            field("call_number"),
            field("aB"),
        ]));
        let names = |names| -> Vec<String> {
            let schema = renamed(&schema, names);
            schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect()
        };
        assert_eq!(names(Names::Snake), ["callNumber", "call_number", "a_b"]);
        assert_eq!(names(Names::Folio), ["callNumber", "call_number", "aB"]);
    }
}
