//! Which numbers of records are amounts of money (`specs/money.toml`).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::corrections::field_rules::{FieldPath, FieldRule, FieldRules};

/// Marks amounts of money, and collects what the rules do not explain.
pub(super) struct Money<'a> {
    rules: &'a FieldRules,
    unexplained: BTreeSet<String>,
    /// The fields of the records so far, with their modules.
    fields: Vec<(String, FieldPath)>,
}

impl<'a> Money<'a> {
    pub(super) fn new(rules: &'a FieldRules) -> Self {
        Self {
            rules,
            unexplained: BTreeSet::new(),
            fields: Vec::new(),
        }
    }

    /// Writes `money` for `number` where a rule says so, in the type of a record of these names.
    pub(super) fn mark(&mut self, module: &str, names: &[String], expression: &mut Value) {
        let mut field = FieldPath::of_record(names);
        self.walk(module, names, &mut field, expression);
    }

    fn walk(&mut self, module: &str, names: &[String], field: &mut FieldPath, part: &mut Value) {
        match part {
            Value::String(text) if text == "number" => {
                self.fields.push((module.to_owned(), field.clone()));
                match self.rules.find(module, field) {
                    Some(FieldRule::Typed(_)) => *part = "money".into(),
                    Some(FieldRule::Text(_)) => {}
                    None => {
                        let name = names.first().map(String::as_str).unwrap_or_default();
                        let path = field.properties.join(".");
                        self.unexplained.insert(format!("{module}: {name}.{path}"));
                    }
                }
            }
            Value::Array(parts) => {
                for part in parts {
                    self.walk(module, names, field, part);
                }
            }
            Value::Object(members) => {
                for (key, part) in members {
                    match &**key {
                        "=" => {}
                        "&" | "|" | "*" => self.walk(module, names, field, part),
                        _ => {
                            field.properties.push(key.clone());
                            self.walk(module, names, field, part);
                            field.properties.pop();
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether the rules explain every number, and each of them names one.
    ///
    /// # Errors
    /// The numbers without a rule, or the rules that name none.
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.unexplained.is_empty() {
            let fields: Vec<&str> = self.unexplained.iter().map(String::as_str).collect();
            return Err(format!(
                "says nothing about these numbers; add each to `[[money]]` or `[[number]]`: {}",
                fields.join(", ")
            ));
        }
        let is_stale = |(modules, pattern): &(&[String], &str)| {
            !self.fields.iter().any(|(module, field)| {
                (modules.is_empty() || modules.contains(module)) && field.matches(pattern)
            })
        };
        let stale: Vec<String> = self
            .rules
            .patterns()
            .filter(is_stale)
            .map(|(modules, pattern)| match modules {
                [] => pattern.to_owned(),
                modules => format!("{pattern} ({})", modules.join(", ")),
            })
            .collect();
        match stale.is_empty() {
            true => Ok(()),
            false => Err(format!("these name no number: {}", stale.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_without_a_rule_and_a_rule_without_a_number_are_errors() {
        let rules = FieldRules::of_money(
            "[[money]]\nname = 'a'\nfields = ['price', 'cost']\nevidence = 'prices'\n",
        );
        let mut money = Money::new(&rules);
        let mut record =
            json!({"price": "number", "parts": [{"rate": "number", "state": {"=": ["number"]}}]});
        money.mark("mod-shop", &["order".to_owned()], &mut record);
        assert_eq!(record["price"], "money");
        assert_eq!(record["parts"][0]["state"], json!({"=": ["number"]}));
        let problem = money.check().unwrap_err();
        assert!(problem.contains("mod-shop: order.parts.rate"), "{problem}");

        let mut money = Money::new(&rules);
        money.mark(
            "mod-shop",
            &["order".to_owned()],
            &mut json!({"price": "number"}),
        );
        assert_eq!(money.check(), Err("these name no number: cost".to_owned()));
    }
}
