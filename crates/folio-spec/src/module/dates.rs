//! Which texts are points in time that no description states as such (`x-folio.date`).
//!
//! A description that states `format: date-time` or `format: date` needs no rule. Of the others,
//! what `specs/dates.toml` lists as text stays text, and what it lists as a date is one; the fact is
//! the name of its rule.
//!
//! Nothing is rejected by it: a client keeps the text of a date that denotes no instant.

use serde_json::Value;

use crate::canonical::text_field::{each_text_field, is_date_sized, make_date, record_names};
use crate::corrections::field_rules::{FieldPath, FieldRule, FieldRules};

/// States which texts in the records of a module are points in time.
pub(crate) fn write(document: &mut Value, rules: &FieldRules, module: &str) {
    let schemas = document.pointer_mut("/components/schemas");
    for (name, schema) in schemas.and_then(Value::as_object_mut).into_iter().flatten() {
        let mut field = FieldPath::of_record(&record_names(name, schema));
        each_text_field(schema, &mut |path, text| {
            if !is_date_sized(text) {
                return;
            }
            path.clone_into(&mut field.properties);
            if let Some(FieldRule::Typed(rule)) = rules.find(module, &field) {
                make_date(text, rule);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULES: &str = "
        [[text]]
        fields = ['catalog.date']
        reason = 'as the title page has it'
        [[date]]
        name = 'loans'
        fields = ['*Date', 'date']
        evidence = 'recorded'
        [[date]]
        name = 'other-module'
        modules = ['mod-b']
        fields = ['started']
        evidence = 'a column'
    ";

    fn written() -> Value {
        let text = json!({"type": "string"});
        let mut document = json!({"components": {"schemas": {
            "Loan": {"properties": {
                "loanDate": text,
                "started": text,
                "dueDate": {"type": "string", "format": "date-time"},
                "plainDate": {"type": "string", "format": "date"},
                "monthDate": {"type": "string", "pattern": "^\\d{4}-\\d\\d$"},
                "shortDate": {"type": "string", "maxLength": 4},
                "notes": {"type": "array", "items": {"properties": {"date": text}}},
            }},
            "Catalog": {"properties": {"date": text}},
        }}});
        write(&mut document, &FieldRules::of_dates(RULES), "mod-a");
        document
    }

    #[test]
    fn a_text_is_a_date_if_a_rule_lists_it_and_its_description_states_no_form() {
        let document = written();
        for (at, format, rule) in [
            ("Loan/properties/loanDate", Some("date-time"), Some("loans")),
            ("Loan/properties/started", None, None),
            ("Loan/properties/dueDate", Some("date-time"), None),
            ("Loan/properties/plainDate", Some("date"), None),
            ("Loan/properties/monthDate", None, None),
            ("Loan/properties/shortDate", None, None),
            (
                "Loan/properties/notes/items/properties/date",
                Some("date-time"),
                Some("loans"),
            ),
            ("Catalog/properties/date", None, None),
        ] {
            let schema = document.pointer(&format!("/components/schemas/{at}"));
            let schema = schema.expect("a schema");
            let stated = schema.get("format").and_then(Value::as_str);
            assert_eq!(stated, format, "{at}");
            let by = schema.pointer("/x-folio/date").and_then(Value::as_str);
            assert_eq!(by, rule, "{at}");
        }
    }

    #[test]
    fn what_is_written_twice_is_the_same() {
        let mut document = written();
        let once = document.clone();
        write(&mut document, &FieldRules::of_dates(RULES), "mod-a");
        assert_eq!(document, once);
    }
}
