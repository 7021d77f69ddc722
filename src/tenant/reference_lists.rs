//! The table of the reference data lists, from which the asynchronous and the blocking functions
//! are generated.

/// Passes the table to the macro `$emit`.
macro_rules! reference_lists {
    ($emit:ident) => {
        $emit! {
            #[doc(alias = "alt_title_types")]
            ALTERNATIVE_TITLE_TYPES alternative_title_types "/alternative-title-types" "alternativeTitleTypes" by_id;
            AUTHORITY_SOURCE_FILES authority_source_files "/authority-source-files" "authoritySourceFiles";
            CALL_NUMBER_TYPES call_number_types "/call-number-types" "callNumberTypes" by_id;
            CAMPUSES campuses "/location-units/campuses" "loccamps" by_id;
            #[doc(alias = "class_types")]
            CLASSIFICATION_TYPES classification_types "/classification-types" "classificationTypes" by_id;
            #[doc(alias = "contrib_name_types")]
            CONTRIBUTOR_NAME_TYPES contributor_name_types "/contributor-name-types" "contributorNameTypes" by_id;
            CONTRIBUTOR_TYPES contributor_types "/contributor-types" "contributorTypes" by_id;
            DEPARTMENTS departments "/departments" "departments" by_id;
            ELECTRONIC_ACCESS_RELATIONSHIPS electronic_access_relationships "/electronic-access-relationships" "electronicAccessRelationships" by_id;
            #[doc(alias = "holding_note_types")]
            HOLDINGS_NOTE_TYPES holdings_note_types "/holdings-note-types" "holdingsNoteTypes" by_id;
            HOLDINGS_SOURCES holdings_sources "/holdings-sources" "holdingsRecordsSources" by_id;
            HOLDINGS_TYPES holdings_types "/holdings-types" "holdingsTypes" by_id;
            IDENTIFIER_TYPES identifier_types "/identifier-types" "identifierTypes" by_id;
            INSTANCE_FORMATS instance_formats "/instance-formats" "instanceFormats" by_id;
            INSTANCE_NOTE_TYPES instance_note_types "/instance-note-types" "instanceNoteTypes" by_id;
            INSTANCE_STATUSES instance_statuses "/instance-statuses" "instanceStatuses" by_id;
            INSTANCE_TYPES instance_types "/instance-types" "instanceTypes" by_id;
            INSTITUTIONS institutions "/location-units/institutions" "locinsts" by_id;
            ITEM_NOTE_TYPES item_note_types "/item-note-types" "itemNoteTypes" by_id;
            LIBRARIES libraries "/location-units/libraries" "loclibs" by_id;
            LOAN_TYPES loan_types "/loan-types" "loantypes" by_id;
            LOCATIONS locations "/locations" "locations" by_id;
            MATERIAL_TYPES material_types "/material-types" "mtypes" by_id;
            MODES_OF_ISSUANCE modes_of_issuance "/modes-of-issuance" "issuanceModes" by_id;
            NATURE_OF_CONTENT_TERMS nature_of_content_terms "/nature-of-content-terms" "natureOfContentTerms" by_id;
            ORGANIZATIONS organizations "/organizations/organizations" "organizations" by_id;
            PATRON_GROUPS patron_groups "/groups" "usergroups" by_id;
            SERVICE_POINTS service_points "/service-points" "servicepoints" by_id;
            STATISTICAL_CODES statistical_codes "/statistical-codes" "statisticalCodes" by_id;
            STATISTICAL_CODE_TYPES statistical_code_types "/statistical-code-types" "statisticalCodeTypes" by_id;
            SUBJECT_SOURCES subject_sources "/subject-sources" "subjectSources" by_id;
            SUBJECT_TYPES subject_types "/subject-types" "subjectTypes" by_id;
        }
    };
}
pub(crate) use reference_lists;
