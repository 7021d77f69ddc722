//! The fields of instances and of what belongs to them, once: `records!` makes the structs, each
//! with the field that is given.

macro_rules! records {
    ($($extra:tt)*) => {
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Instances {
            #[serde(rename = "instances")]
            pub(crate) instances: Vec<Instance>,
            #[serde(rename = "resultInfo", skip_serializing_if = "Option::is_none")]
            pub(crate) result_info: Option<serde_json::Value>,
            #[serde(rename = "totalRecords", skip_serializing_if = "Option::is_none")]
            pub(crate) total_records: Option<i64>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Instance {
            #[serde(
                rename = "administrativeNotes",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) administrative_notes: Option<Vec<String>>,
            #[serde(rename = "alternativeTitles", skip_serializing_if = "Option::is_none")]
            pub(crate) alternative_titles: Option<Vec<InstanceAlternativeTitlesItem>>,
            #[serde(rename = "catalogedDate", skip_serializing_if = "Option::is_none")]
            pub(crate) cataloged_date: Option<String>,
            #[serde(rename = "classifications", skip_serializing_if = "Option::is_none")]
            pub(crate) classifications: Option<Vec<InstanceClassificationsItem>>,
            #[serde(rename = "contributors", skip_serializing_if = "Option::is_none")]
            pub(crate) contributors: Option<Vec<InstanceContributorsItem>>,
            #[serde(rename = "dates", skip_serializing_if = "Option::is_none")]
            pub(crate) dates: Option<InstanceDates>,
            #[serde(rename = "deleted", skip_serializing_if = "Option::is_none")]
            pub(crate) deleted: Option<bool>,
            #[serde(rename = "discoverySuppress", skip_serializing_if = "Option::is_none")]
            pub(crate) discovery_suppress: Option<bool>,
            #[serde(rename = "editions", skip_serializing_if = "Option::is_none")]
            pub(crate) editions: Option<Vec<String>>,
            #[serde(rename = "electronicAccess", skip_serializing_if = "Option::is_none")]
            pub(crate) electronic_access: Option<Vec<ElectronicAccessItem>>,
            #[serde(rename = "holdingsRecords2", skip_serializing_if = "Option::is_none")]
            pub(crate) holdings_records2: Option<Vec<HoldingsRecord>>,
            #[serde(rename = "hrid", skip_serializing_if = "Option::is_none")]
            pub(crate) hrid: Option<String>,
            #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
            pub(crate) id: Option<uuid::Uuid>,
            #[serde(rename = "identifiers", skip_serializing_if = "Option::is_none")]
            pub(crate) identifiers: Option<Vec<Identifier>>,
            #[serde(rename = "indexTitle", skip_serializing_if = "Option::is_none")]
            pub(crate) index_title: Option<String>,
            #[serde(rename = "instanceFormatIds", skip_serializing_if = "Option::is_none")]
            pub(crate) instance_format_ids: Option<Vec<uuid::Uuid>>,
            #[serde(rename = "instanceFormats", skip_serializing_if = "Option::is_none")]
            pub(crate) instance_formats: Option<Vec<InstanceFormat>>,
            #[serde(rename = "instanceTypeId")]
            pub(crate) instance_type_id: uuid::Uuid,
            #[serde(rename = "languages", skip_serializing_if = "Option::is_none")]
            pub(crate) languages: Option<Vec<String>>,
            #[serde(rename = "matchKey", skip_serializing_if = "Option::is_none")]
            pub(crate) match_key: Option<String>,
            #[serde(rename = "metadata", skip_serializing_if = "Option::is_none")]
            pub(crate) metadata: Option<Metadata>,
            #[serde(rename = "modeOfIssuanceId", skip_serializing_if = "Option::is_none")]
            pub(crate) mode_of_issuance_id: Option<uuid::Uuid>,
            #[serde(
                rename = "natureOfContentTermIds",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) nature_of_content_term_ids: Option<Vec<uuid::Uuid>>,
            #[serde(rename = "notes", skip_serializing_if = "Option::is_none")]
            pub(crate) notes: Option<Vec<InstanceNotesItem>>,
            #[serde(
                rename = "physicalDescriptions",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) physical_descriptions: Option<Vec<String>>,
            #[serde(rename = "previouslyHeld", skip_serializing_if = "Option::is_none")]
            pub(crate) previously_held: Option<bool>,
            #[serde(rename = "publication", skip_serializing_if = "Option::is_none")]
            pub(crate) publication: Option<Vec<InstancePublicationItem>>,
            #[serde(
                rename = "publicationFrequency",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) publication_frequency: Option<Vec<String>>,
            #[serde(rename = "publicationRange", skip_serializing_if = "Option::is_none")]
            pub(crate) publication_range: Option<Vec<String>>,
            #[serde(rename = "series", skip_serializing_if = "Option::is_none")]
            pub(crate) series: Option<Vec<InstanceSeriesItem>>,
            #[serde(rename = "source")]
            pub(crate) source: String,
            #[serde(rename = "sourceRecordFormat", skip_serializing_if = "Option::is_none")]
            pub(crate) source_record_format: Option<String>,
            #[serde(rename = "sourceUri", skip_serializing_if = "Option::is_none")]
            pub(crate) source_uri: Option<String>,
            #[serde(rename = "staffSuppress", skip_serializing_if = "Option::is_none")]
            pub(crate) staff_suppress: Option<bool>,
            #[serde(rename = "statisticalCodeIds", skip_serializing_if = "Option::is_none")]
            pub(crate) statistical_code_ids: Option<Vec<String>>,
            #[serde(rename = "statusId", skip_serializing_if = "Option::is_none")]
            pub(crate) status_id: Option<uuid::Uuid>,
            #[serde(rename = "statusUpdatedDate", skip_serializing_if = "Option::is_none")]
            pub(crate) status_updated_date: Option<String>,
            #[serde(rename = "subjects", skip_serializing_if = "Option::is_none")]
            pub(crate) subjects: Option<Vec<InstanceSubjectsItem>>,
            #[serde(rename = "tags", skip_serializing_if = "Option::is_none")]
            pub(crate) tags: Option<serde_json::Value>,
            #[serde(rename = "title")]
            pub(crate) title: String,
            #[serde(rename = "_version", skip_serializing_if = "Option::is_none")]
            pub(crate) version: Option<i64>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstanceAlternativeTitlesItem {
            #[serde(rename = "alternativeTitle", skip_serializing_if = "Option::is_none")]
            pub(crate) alternative_title: Option<String>,
            #[serde(
                rename = "alternativeTitleTypeId",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) alternative_title_type_id: Option<uuid::Uuid>,
            #[serde(rename = "authorityId", skip_serializing_if = "Option::is_none")]
            pub(crate) authority_id: Option<uuid::Uuid>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstanceClassificationsItem {
            #[serde(rename = "classificationNumber")]
            pub(crate) classification_number: String,
            #[serde(rename = "classificationType", skip_serializing_if = "Option::is_none")]
            pub(crate) classification_type: Option<serde_json::Map<String, serde_json::Value>>,
            #[serde(rename = "classificationTypeId")]
            pub(crate) classification_type_id: uuid::Uuid,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstanceContributorsItem {
            #[serde(rename = "authorityId", skip_serializing_if = "Option::is_none")]
            pub(crate) authority_id: Option<uuid::Uuid>,
            #[serde(
                rename = "contributorNameType",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) contributor_name_type: Option<serde_json::Map<String, serde_json::Value>>,
            #[serde(rename = "contributorNameTypeId")]
            pub(crate) contributor_name_type_id: uuid::Uuid,
            #[serde(rename = "contributorTypeId", skip_serializing_if = "Option::is_none")]
            pub(crate) contributor_type_id: Option<uuid::Uuid>,
            #[serde(
                rename = "contributorTypeText",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) contributor_type_text: Option<String>,
            #[serde(rename = "name")]
            pub(crate) name: String,
            #[serde(rename = "primary", skip_serializing_if = "Option::is_none")]
            pub(crate) primary: Option<bool>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstanceDates {
            #[serde(rename = "date1", skip_serializing_if = "Option::is_none")]
            pub(crate) date1: Option<String>,
            #[serde(rename = "date2", skip_serializing_if = "Option::is_none")]
            pub(crate) date2: Option<String>,
            #[serde(rename = "dateTypeId", skip_serializing_if = "Option::is_none")]
            pub(crate) date_type_id: Option<uuid::Uuid>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct ElectronicAccessItem {
            #[serde(rename = "linkText", skip_serializing_if = "Option::is_none")]
            pub(crate) link_text: Option<String>,
            #[serde(
                rename = "materialsSpecification",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) materials_specification: Option<String>,
            #[serde(rename = "publicNote", skip_serializing_if = "Option::is_none")]
            pub(crate) public_note: Option<String>,
            #[serde(rename = "relationshipId", skip_serializing_if = "Option::is_none")]
            pub(crate) relationship_id: Option<String>,
            #[serde(rename = "uri")]
            pub(crate) uri: String,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct HoldingsRecord {
            #[serde(rename = "acquisitionFormat", skip_serializing_if = "Option::is_none")]
            pub(crate) acquisition_format: Option<String>,
            #[serde(rename = "acquisitionMethod", skip_serializing_if = "Option::is_none")]
            pub(crate) acquisition_method: Option<String>,
            #[serde(
                rename = "additionalCallNumbers",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) additional_call_numbers: Option<Vec<CallNumberComponents>>,
            #[serde(
                rename = "administrativeNotes",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) administrative_notes: Option<Vec<String>>,
            #[serde(rename = "callNumber", skip_serializing_if = "Option::is_none")]
            pub(crate) call_number: Option<String>,
            #[serde(rename = "callNumberPrefix", skip_serializing_if = "Option::is_none")]
            pub(crate) call_number_prefix: Option<String>,
            #[serde(rename = "callNumberSuffix", skip_serializing_if = "Option::is_none")]
            pub(crate) call_number_suffix: Option<String>,
            #[serde(rename = "callNumberTypeId", skip_serializing_if = "Option::is_none")]
            pub(crate) call_number_type_id: Option<uuid::Uuid>,
            #[serde(rename = "copyNumber", skip_serializing_if = "Option::is_none")]
            pub(crate) copy_number: Option<String>,
            #[serde(rename = "digitizationPolicy", skip_serializing_if = "Option::is_none")]
            pub(crate) digitization_policy: Option<String>,
            #[serde(rename = "discoverySuppress", skip_serializing_if = "Option::is_none")]
            pub(crate) discovery_suppress: Option<bool>,
            #[serde(
                rename = "effectiveLocationId",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) effective_location_id: Option<uuid::Uuid>,
            #[serde(rename = "electronicAccess", skip_serializing_if = "Option::is_none")]
            pub(crate) electronic_access: Option<Vec<ElectronicAccessItem>>,
            #[serde(rename = "formerIds", skip_serializing_if = "Option::is_none")]
            pub(crate) former_ids: Option<Vec<String>>,
            #[serde(rename = "holdingsStatements", skip_serializing_if = "Option::is_none")]
            pub(crate) holdings_statements: Option<Vec<HoldingsStatement>>,
            #[serde(
                rename = "holdingsStatementsForIndexes",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) holdings_statements_for_indexes: Option<Vec<HoldingsStatement>>,
            #[serde(
                rename = "holdingsStatementsForSupplements",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) holdings_statements_for_supplements: Option<Vec<HoldingsStatement>>,
            #[serde(rename = "holdingsTypeId", skip_serializing_if = "Option::is_none")]
            pub(crate) holdings_type_id: Option<uuid::Uuid>,
            #[serde(rename = "hrid", skip_serializing_if = "Option::is_none")]
            pub(crate) hrid: Option<String>,
            #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
            pub(crate) id: Option<uuid::Uuid>,
            #[serde(rename = "illPolicyId", skip_serializing_if = "Option::is_none")]
            pub(crate) ill_policy_id: Option<uuid::Uuid>,
            #[serde(rename = "instanceId")]
            pub(crate) instance_id: uuid::Uuid,
            #[serde(rename = "metadata", skip_serializing_if = "Option::is_none")]
            pub(crate) metadata: Option<Metadata>,
            #[serde(rename = "notes", skip_serializing_if = "Option::is_none")]
            pub(crate) notes: Option<Vec<HoldingsNote>>,
            #[serde(rename = "numberOfItems", skip_serializing_if = "Option::is_none")]
            pub(crate) number_of_items: Option<String>,
            #[serde(rename = "permanentLocationId")]
            pub(crate) permanent_location_id: uuid::Uuid,
            #[serde(rename = "receiptStatus", skip_serializing_if = "Option::is_none")]
            pub(crate) receipt_status: Option<String>,
            #[serde(rename = "receivingHistory", skip_serializing_if = "Option::is_none")]
            pub(crate) receiving_history: Option<HoldingsReceivingHistory>,
            #[serde(rename = "retentionPolicy", skip_serializing_if = "Option::is_none")]
            pub(crate) retention_policy: Option<String>,
            #[serde(rename = "shelvingTitle", skip_serializing_if = "Option::is_none")]
            pub(crate) shelving_title: Option<String>,
            #[serde(rename = "sourceId")]
            pub(crate) source_id: uuid::Uuid,
            #[serde(rename = "statisticalCodeIds", skip_serializing_if = "Option::is_none")]
            pub(crate) statistical_code_ids: Option<Vec<uuid::Uuid>>,
            #[serde(rename = "tags", skip_serializing_if = "Option::is_none")]
            pub(crate) tags: Option<serde_json::Value>,
            #[serde(
                rename = "temporaryLocationId",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) temporary_location_id: Option<uuid::Uuid>,
            #[serde(rename = "_version", skip_serializing_if = "Option::is_none")]
            pub(crate) version: Option<i64>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct CallNumberComponents {
            #[serde(rename = "callNumber")]
            pub(crate) call_number: String,
            #[serde(rename = "prefix", skip_serializing_if = "Option::is_none")]
            pub(crate) prefix: Option<String>,
            #[serde(rename = "suffix", skip_serializing_if = "Option::is_none")]
            pub(crate) suffix: Option<String>,
            #[serde(rename = "typeId", skip_serializing_if = "Option::is_none")]
            pub(crate) type_id: Option<uuid::Uuid>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct HoldingsStatement {
            #[serde(rename = "note", skip_serializing_if = "Option::is_none")]
            pub(crate) note: Option<String>,
            #[serde(rename = "staffNote", skip_serializing_if = "Option::is_none")]
            pub(crate) staff_note: Option<String>,
            #[serde(rename = "statement", skip_serializing_if = "Option::is_none")]
            pub(crate) statement: Option<String>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct HoldingsNote {
            #[serde(rename = "holdingsNoteTypeId", skip_serializing_if = "Option::is_none")]
            pub(crate) holdings_note_type_id: Option<uuid::Uuid>,
            #[serde(rename = "note", skip_serializing_if = "Option::is_none")]
            pub(crate) note: Option<String>,
            #[serde(rename = "staffOnly", skip_serializing_if = "Option::is_none")]
            pub(crate) staff_only: Option<bool>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct HoldingsReceivingHistory {
            #[serde(rename = "displayType", skip_serializing_if = "Option::is_none")]
            pub(crate) display_type: Option<String>,
            #[serde(rename = "entries", skip_serializing_if = "Option::is_none")]
            pub(crate) entries: Option<Vec<HoldingsReceivingHistoryEntry>>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct HoldingsReceivingHistoryEntry {
            #[serde(rename = "chronology", skip_serializing_if = "Option::is_none")]
            pub(crate) chronology: Option<String>,
            #[serde(rename = "enumeration", skip_serializing_if = "Option::is_none")]
            pub(crate) enumeration: Option<String>,
            #[serde(rename = "publicDisplay", skip_serializing_if = "Option::is_none")]
            pub(crate) public_display: Option<bool>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Identifier {
            #[serde(rename = "identifierTypeId")]
            pub(crate) identifier_type_id: uuid::Uuid,
            #[serde(
                rename = "identifierTypeObject",
                skip_serializing_if = "Option::is_none"
            )]
            pub(crate) identifier_type_object: Option<serde_json::Map<String, serde_json::Value>>,
            #[serde(rename = "value")]
            pub(crate) value: String,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstanceFormat {
            #[serde(rename = "code")]
            pub(crate) code: String,
            #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
            pub(crate) id: Option<String>,
            #[serde(rename = "metadata", skip_serializing_if = "Option::is_none")]
            pub(crate) metadata: Option<Metadata>,
            #[serde(rename = "name")]
            pub(crate) name: String,
            #[serde(rename = "source")]
            pub(crate) source: String,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstanceNotesItem {
            #[serde(rename = "instanceNoteTypeId", skip_serializing_if = "Option::is_none")]
            pub(crate) instance_note_type_id: Option<uuid::Uuid>,
            #[serde(rename = "note", skip_serializing_if = "Option::is_none")]
            pub(crate) note: Option<String>,
            #[serde(rename = "staffOnly", skip_serializing_if = "Option::is_none")]
            pub(crate) staff_only: Option<bool>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstancePublicationItem {
            #[serde(rename = "dateOfPublication", skip_serializing_if = "Option::is_none")]
            pub(crate) date_of_publication: Option<String>,
            #[serde(rename = "place", skip_serializing_if = "Option::is_none")]
            pub(crate) place: Option<String>,
            #[serde(rename = "publisher", skip_serializing_if = "Option::is_none")]
            pub(crate) publisher: Option<String>,
            #[serde(rename = "role", skip_serializing_if = "Option::is_none")]
            pub(crate) role: Option<String>,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstanceSeriesItem {
            #[serde(rename = "authorityId", skip_serializing_if = "Option::is_none")]
            pub(crate) authority_id: Option<uuid::Uuid>,
            #[serde(rename = "value")]
            pub(crate) value: String,
            $($extra)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct InstanceSubjectsItem {
            #[serde(rename = "authorityId", skip_serializing_if = "Option::is_none")]
            pub(crate) authority_id: Option<uuid::Uuid>,
            #[serde(rename = "sourceId", skip_serializing_if = "Option::is_none")]
            pub(crate) source_id: Option<uuid::Uuid>,
            #[serde(rename = "typeId", skip_serializing_if = "Option::is_none")]
            pub(crate) type_id: Option<uuid::Uuid>,
            #[serde(rename = "value")]
            pub(crate) value: String,
            $($extra)*
        }
    };
}

pub(crate) use records;
