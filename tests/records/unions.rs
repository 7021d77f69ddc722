//! Values that are one of several things: each variant that the descriptions of a release have is
//! read as what it is, and written as it came.
//!
//! Here are those that are hard to tell apart; and a value of every variant of every union of the
//! modules that are built, made from their canonical documents. (The tests of the workspace build
//! all modules; `--features sunflower` and `ramsons` try the other releases.)

#[allow(
    clippy::match_single_binding,
    dead_code,
    unreachable_code,
    unused_variables,
    reason = "the modules that are built may have no unions"
)]
mod described {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    use serde_json::{Map, Value, json};

    // `VARIANTS` and `variant(module, union, json)`, with each union of the build.
    folio_codegen_tests::unions!();

    struct Documents(BTreeMap<String, Value>);

    impl Documents {
        fn read() -> Self {
            let release = match () {
                () if cfg!(feature = "sunflower") => "sunflower",
                () if cfg!(feature = "ramsons") => "ramsons",
                () => "trillium",
            };
            let own = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("specs")
                .join(release);
            let folder = option_env!("FOLIO_SPECS_DIR").map_or(own, PathBuf::from);
            Self(folio_test_support::files::documents(folder))
        }

        /// What a reference names, and the document that it is in.
        fn find<'a>(&'a self, document: &'a str, reference: &str) -> (&'a str, &'a Value) {
            let (file, name) = reference.split_once("#/components/schemas/").unwrap();
            let document = file.strip_suffix(".json").unwrap_or(document);
            let document = self.0.get_key_value(document).unwrap();
            (document.0, &document.1["components"]["schemas"][name])
        }

        /// A value that has all that is described, down to a depth; below that what is required.
        fn value(&self, document: &str, schema: &Value, depth: usize) -> Value {
            let mut required = BTreeSet::new();
            self.required(document, schema, &mut required);
            self.valued(document, schema, depth, &required)
        }

        /// What a schema and its parts require: a part may require what another one has.
        fn required(&self, document: &str, schema: &Value, names: &mut BTreeSet<String>) {
            if let Some(reference) = schema["$ref"].as_str() {
                let (document, schema) = self.find(document, reference);
                return self.required(document, schema, names);
            }
            let texts = |word: &str| schema[word].as_array().cloned().unwrap_or_default();
            names.extend(
                texts("required")
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
            for part in texts("allOf") {
                self.required(document, &part, names);
            }
        }

        fn valued(
            &self,
            document: &str,
            schema: &Value,
            depth: usize,
            needed: &BTreeSet<String>,
        ) -> Value {
            if let Some(reference) = schema["$ref"].as_str() {
                let (document, schema) = self.find(document, reference);
                return self.valued(document, schema, depth, needed);
            }
            let parts = |word: &str| schema[word].as_array().cloned().unwrap_or_default();
            if let Some(first) = parts("oneOf").iter().chain(&parts("anyOf")).next() {
                let mut value = self.value(document, first, depth);
                self.mark(schema, first, &mut value);
                return value;
            }
            let mut fields = Map::new();
            for part in parts("allOf") {
                if let Value::Object(more) = self.valued(document, &part, depth, needed) {
                    fields.extend(more);
                }
            }
            let properties = schema["properties"].as_object();
            for (name, property) in properties.into_iter().flatten() {
                let required = needed.contains(name);
                if required && depth < 12 || depth < 3 {
                    fields.insert(name.clone(), self.value(document, property, depth + 1));
                }
            }
            if !fields.is_empty() || properties.is_some() || schema["allOf"].is_array() {
                return fields.into();
            }
            match (schema["type"].as_str(), schema["format"].as_str()) {
                _ if schema["enum"].is_array() => schema["enum"][0].clone(),
                (Some("string"), Some("uuid")) => "7212ba6a-8dcf-45a1-be9a-ffaa847c4423".into(),
                (Some("string"), Some("date-time")) => "2026-11-25T12:00:00Z".into(),
                (Some("string"), _) => "text".into(),
                (Some("integer"), _) => 7.into(),
                (Some("number"), _) => json!(7.5),
                (Some("boolean"), _) => true.into(),
                (Some("array"), _) if depth < 12 => {
                    json!([self.value(document, &schema["items"], depth + 1)])
                }
                (Some("array"), _) => json!([]),
                _ => json!({}),
            }
        }

        /// Sets the tag of the first variant of a union.
        fn mark(&self, union: &Value, part: &Value, value: &mut Value) {
            let (Some(tag), Some(reference)) = (
                union["discriminator"]["propertyName"].as_str(),
                part["$ref"].as_str(),
            ) else {
                return;
            };
            let mapping = union["discriminator"]["mapping"].as_object();
            let mapped = mapping.and_then(|mapping| {
                let found = mapping
                    .iter()
                    .find(|(_, target)| target.as_str() == Some(reference));
                found.map(|(value, _)| value.as_str())
            });
            let name = reference.rsplit('/').next().unwrap_or_default();
            value[tag] = mapped.unwrap_or(name).into();
        }
    }

    /// Unions whose described values are the same for two variants: nobody could tell them apart.
    const ALIKE: &[(&str, &str)] = &[("mod-serials-management", "RecurrenceRulePattern")];

    #[test]
    fn every_variant_that_is_described_is_read_as_what_it_is_and_written_as_it_came() {
        let documents = Documents::read();
        let mut wrong = Vec::new();
        for (module, union, name, tags, described) in VARIANTS {
            let described: Value = serde_json::from_str(described).unwrap();
            let mut values = vec![documents.value(module, &described, 0)];
            if let ([_, ..], Value::Object(_)) = (tags, &values[0]) {
                let plain = values.remove(0);
                for tag in *tags {
                    let mut value = plain.clone();
                    // The name of the tag is where one of its values stands, or is to stand.
                    let property = tag_of(&documents, module, union);
                    value[&property] = (*tag).into();
                    values.push(value);
                }
            }
            for value in values {
                match variant(module, union, &value.to_string()) {
                    Some(Ok((read, written))) if read == *name && written == value => {}
                    other => wrong.push(format!("{module} {union}::{name} {value} -> {other:?}")),
                }
            }
        }
        wrong.retain(|told| {
            !ALIKE
                .iter()
                .any(|(module, union)| told.starts_with(&format!("{module} {union}")))
        });
        println!("{} variants of unions", VARIANTS.len());
        assert!(
            wrong.is_empty(),
            "{} of {}:\n{}",
            wrong.len(),
            VARIANTS.len(),
            wrong.join("\n")
        );
    }

    fn tag_of(documents: &Documents, module: &str, union: &str) -> String {
        let squashed = |name: &str| name.to_ascii_lowercase();
        let schemas =
            [module, "common"].map(|name| documents.0[name]["components"]["schemas"].clone());
        let found = schemas
            .iter()
            .filter_map(Value::as_object)
            .flatten()
            .find(|(name, _)| squashed(name) == squashed(union));
        let text = found
            .map(|(_, schema)| schema.to_string())
            .unwrap_or_default();
        let tag = text
            .split("\"propertyName\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        match tag {
            Some(tag) => tag.to_owned(),
            // A union without a name of its own.
            None => {
                let text = documents.0[module].to_string();
                let mut tags = text
                    .split("\"propertyName\":\"")
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next());
                tags.next().unwrap_or_default().to_owned()
            }
        }
    }
}

#[cfg(feature = "serials-management")]
mod serials {
    use folio_sdk::serials_management::EnumerationTemplateMetadataRuleRuleFormat as Format;
    use folio_sdk::serials_management::{
        EnumerationTemplateMetadataRule, OmissionRule, OmissionRulePattern, TextOrRefData,
    };
    use serde_json::{Value, json};

    fn pattern(value: &Value) -> OmissionRulePattern {
        let pattern: OmissionRulePattern = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&pattern).unwrap(), *value);
        pattern
    }

    #[test]
    fn what_fits_best_is_taken_and_not_what_fits_first() {
        use OmissionRulePattern as P;
        assert!(matches!(
            pattern(&json!({"day": 1})),
            P::OmissionPatternDay(_)
        ));
        assert!(matches!(
            pattern(&json!({"day": 1, "month": "may"})),
            P::OmissionPatternDayMonth(_)
        ));
        assert!(matches!(
            pattern(&json!({"week": 1, "weekday": "monday"})),
            P::OmissionPatternDayWeek(_)
        ));
        assert!(matches!(
            pattern(&json!({"week": 1, "weekday": {"value": "monday"}, "month": "may"})),
            P::OmissionPatternDayWeekMonth(_)
        ));
        assert!(matches!(
            pattern(&json!({"weekday": "monday"})),
            P::OmissionPatternDayWeekday(_)
        ));
        assert!(matches!(
            pattern(&json!({"isRange": true, "monthFrom": "may"})),
            P::OmissionPatternMonth(_)
        ));
        assert!(matches!(
            pattern(&json!({"isRange": true, "weekFrom": 7})),
            P::OmissionPatternWeek(_)
        ));
        // A field that is newer than the description does not change what it is, and is kept.
        assert!(matches!(
            pattern(&json!({"day": 1, "month": "may", "era": "CE"})),
            P::OmissionPatternDayMonth(_)
        ));
        assert!(matches!(pattern(&json!({"moon": "full"})), P::Unknown(_)));
        assert!(matches!(pattern(&json!("each second day")), P::Unknown(_)));
    }

    #[test]
    fn formats_are_told_apart_by_what_they_need() {
        let rule = |format: Value| {
            let value = json!({"ruleFormat": format});
            let rule: EnumerationTemplateMetadataRule =
                serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&rule).unwrap(), value);
            rule.rule_format
        };
        let textual = rule(json!({
            "levels": [{"index": 0, "units": 2, "staticValue": "spring"}],
            "refdataCategory": {"id": "7212ba6a-8dcf-45a1-be9a-ffaa847c4423", "desc": "Season"},
        }));
        assert!(
            matches!(textual, Format::EnumerationTextualTmrf(_)),
            "{textual:?}"
        );
        let numeric = rule(
            json!({"levels": [{"index": 0, "units": 2, "sequence": "continuous", "format": "number"}]}),
        );
        assert!(
            matches!(numeric, Format::EnumerationNumericTmrf(_)),
            "{numeric:?}"
        );
    }

    #[test]
    fn text_or_a_record_is_either() {
        let month = |value: Value| serde_json::from_value::<TextOrRefData>(value).unwrap();
        assert!(matches!(month(json!("may")), TextOrRefData::Text(text) if text == "may"));
        assert!(matches!(
            month(json!({"value": "may"})),
            TextOrRefData::RefData(_)
        ));
        assert!(matches!(month(json!(5)), TextOrRefData::Unknown(value) if value == 5));
        let rule: OmissionRule = serde_json::from_value(json!({"pattern": null})).unwrap();
        assert!(rule.pattern.is_none());
    }
}

#[cfg(feature = "data-export-spring")]
mod bursar {
    use folio_sdk::data_export_spring::{BursarExportDataToken, BursarExportFilter};
    use serde_json::{Value, json};

    fn filter(value: &Value) -> BursarExportFilter {
        let filter: BursarExportFilter = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&filter).unwrap(), *value);
        filter
    }

    #[test]
    fn a_discriminator_says_what_it_is() {
        let pass = json!({"type": "Pass"});
        assert!(matches!(filter(&pass), BursarExportFilter::Pass(_)));
        let negation = json!({"type": "Negation", "criteria": {"type": "Age", "condition": "LESS_THAN", "numDays": 3}});
        let BursarExportFilter::Negation(negation) = filter(&negation) else {
            panic!("no negation");
        };
        assert!(matches!(negation.criteria, BursarExportFilter::Age(_)));
        let token = json!({"type": "CurrentDate", "value": "DATE", "timezone": "UTC"});
        let token: BursarExportDataToken = serde_json::from_value(token).unwrap();
        assert!(matches!(
            token,
            BursarExportDataToken::BursarExportTokenCurrentDate(_)
        ));
    }

    #[test]
    fn an_unknown_discriminator_keeps_its_json() {
        let value = json!({"type": "Moon", "phase": "full", "numDays": 3});
        assert!(matches!(filter(&value), BursarExportFilter::Unknown(_)));
        // What says which variant it is, is that one, and reports what does not fit.
        let value = json!({"type": "Age", "numDays": "three"});
        let BursarExportFilter::Age(age) = filter(&value) else {
            panic!("no age");
        };
        assert_eq!(folio_sdk::Record::missing(&*age), ["condition"]);
        assert_eq!(folio_sdk::Record::mistyped(&*age)[0].path, "numDays");
        assert_eq!(serde_json::to_value(&age).unwrap(), value);
    }

    #[test]
    fn a_union_that_contains_itself_without_end_is_read_in_no_time() {
        let mut value = json!({"criteria": 1});
        for _ in 0..100 {
            value = json!({"criteria": value, "numDays": 1, "condition": "x"});
        }
        filter(&value);
        assert!(matches!(
            filter(&json!({"amount": 3, "condition": "LESS_THAN"})),
            BursarExportFilter::Unknown(_) | BursarExportFilter::Amount(_)
        ));
    }
}

#[cfg(all(
    feature = "fqm-manager",
    not(feature = "ramsons"),
    not(feature = "sunflower")
))]
mod inheritance {
    use folio_sdk::fqm_manager::{EntityTypeSource, Join};
    use serde_json::json;

    #[test]
    fn a_base_with_a_discriminator_is_one_of_those_made_of_it() {
        let value = json!({"type": "db", "alias": "u", "target": "users", "new": 1});
        let source: EntityTypeSource = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&source).unwrap(), value);
        let EntityTypeSource::Database(source) = source else {
            panic!("no database");
        };
        assert_eq!(
            (source.alias.as_str(), source.target.as_deref()),
            ("u", Some("users"))
        );

        let id = "7212ba6a-8dcf-45a1-be9a-ffaa847c4423";
        for tag in ["equality-simple", "equality-cast-uuid", "custom"] {
            let value = json!({"type": tag, "targetId": id, "targetField": "id", "sql": "a = b"});
            let join: Join = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&join).unwrap(), value);
            let read = match join {
                Join::EqualitySimple(_) => "equality-simple",
                Join::EqualityCastUuid(_) => "equality-cast-uuid",
                Join::Custom(_) => "custom",
                _ => "another",
            };
            assert_eq!(read, tag);
        }
    }
}
