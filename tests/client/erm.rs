//! Agreements, licenses and the dashboards: modules of Grails, which publish no descriptions.
//! `docs/ours.md` tells how their records are known.
//!
//! The records here are invented. They have the shape that the modules' views give: with references
//! and whole records in the same place, reference data as objects, dates and times in two forms,
//! and `null` where a view writes what is not there.

#![cfg(all(
    feature = "agreements",
    feature = "licenses",
    feature = "service-interaction"
))]

use std::sync::{Arc, Mutex};

use folio_sdk::agreements::{Agreement, Entitlement, ErmResource, Job, KbObject};
use folio_sdk::licenses::License;
use folio_sdk::service_interaction::{DashboardAccess, NumberGenerator, WidgetInstance};
use futures_util::StreamExt;
use serde_json::{Value, json};

use folio_test_support::server::{Folio, Reply};

fn record<T: serde::de::DeserializeOwned + serde::Serialize>(json: &Value) -> T {
    let record: T = serde_json::from_str(&json.to_string()).unwrap();
    assert_eq!(
        without_null(&serde_json::to_value(&record).unwrap()),
        without_null(json)
    );
    record
}

/// `null` is absent in fields.
fn without_null(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_null(value)))
            .collect(),
        Value::Array(list) => list.iter().map(without_null).collect(),
        other => other.clone(),
    }
}

fn refdata(value: &str) -> Value {
    json!({"id": format!("id-{value}"), "value": value, "label": value.to_uppercase()})
}

fn title() -> Value {
    json!({
        "id": "ti-1", "name": "Annals of Shelving", "class": "org.olf.kb.TitleInstance", "longName": "Annals of Shelving. 3, 2019",
        "type": refdata("serial"), "subType": refdata("electronic"), "suppressFromDiscovery": false, "dateCreated": "2024-02-26T09:58:02Z",
        "coverage": [], "tags": [], "work": {"id": "w-1", "title": "Annals of Shelving", "sourceIdentifier": {
            "identifier": {"value": "77", "ns": {"value": "gokb_title_uuid"}}, "status": refdata("approved"),
        }},
        "identifiers": [{"identifier": {"value": "1234-5679", "ns": {"value": "issn"}}, "status": refdata("approved")}],
        "relatedTitles": [{"id": "ti-2", "name": "Annals of Shelving", "longName": "Annals of Shelving", "identifiers": []}],
    })
}

fn content_item() -> Value {
    json!({
        "id": "pci-1", "class": "org.olf.kb.PackageContentItem", "name": "'Annals' on Platform 'Rack'", "longName": "'Annals' on 'Rack'",
        "suppressFromDiscovery": false, "tags": [], "customCoverage": true, "alternateResourceNames": [],
        "coverage": [{"id": "cs-1", "startDate": "2001-01-01", "endDate": null, "startVolume": "1", "summary": "v1/i*/2001-01-01 - v*/i*/*"}],
        "_object": {
            "id": "pci-1", "class": "org.olf.kb.PackageContentItem", "addedTimestamp": 1_631_715_532_000_u64, "accessStart": "2020-07-01",
            "depth": "fulltext", "longName": "'Annals' on 'Rack'",
            "embargo": {"movingWallStart": {"length": 12, "unit": "months"}},
            "pkg": {"id": "pkg-1", "class": "org.olf.kb.Pkg", "name": "Journals", "source": "Shelf KB", "resourceCount": 1,
                "lifecycleStatus": refdata("current"), "vendor": {"id": "org-1", "name": "Shelf Ltd."}, "identifiers": [
                    {"identifier": {"value": "j-1", "ns": {"value": "local"}}, "status": refdata("approved")}]},
            "pti": {"id": "pti-1", "class": "org.olf.kb.PlatformTitleInstance", "url": "https://rack.example/annals", "titleInstance": title(),
                "platform": {"id": "pt-1", "name": "Rack", "locators": [{"id": "pl-1", "domainName": "rack.example"}]}},
        },
    })
}

#[test]
fn an_agreement_has_what_the_view_renders() {
    let agreement: Agreement = record(&json!({
        "id": "a-1", "name": "Journals 2024", "version": 7, "dateCreated": "2024-02-26T09:58:02Z", "lastUpdated": "2024-03-01T10:00:00Z",
        "agreementStatus": refdata("active"), "isPerpetual": refdata("yes"), "startDate": "2024-01-01", "endDate": null,
        "cancellationDeadline": null, "alternateNames": [{"id": "an-1", "name": "J24", "owner": {"id": "a-1"}}],
        "periods": [{"id": "p-1", "startDate": "2024-01-01", "owner": {"id": "a-1"}, "periodStatus": "current"}],
        "orgs": [{"id": "ao-1", "primaryOrg": true, "owner": {"id": "a-1"}, "roles": [{"id": "r-1", "role": refdata("content_provider")}],
            "org": {"id": "org-1", "name": "Shelf Ltd.", "orgsUuid": "11111111-1111-4111-8111-111111111111", "orgsUuid_object": {"code": "SHELF"}}}],
        "items": [{"id": "e-1"}],
        "customProperties": {"copies": [{"id": 41, "internal": true, "value": 3, "type": {
            "id": "cp-1", "name": "copies", "label": "Copies", "primary": true, "weight": 0, "type": "com.k_int.web.toolkit.custprops.types.CustomPropertyInteger",
        }}], "languages": [{"id": 42, "note": "both", "value": [refdata("en"), refdata("sv")], "type": {"id": "cp-2", "category": {"id": "c-1", "desc": "Languages"}}}]},
        "linkedLicenses": [{"id": "ll-1", "remoteId": "l-1", "status": refdata("controlling"), "owner": {"id": "a-1"},
            "amendments": [{"id": "la-1", "amendmentId": "am-1", "status": refdata("current")}], "remoteId_object": {"name": "Terms"}}],
        "supplementaryDocs": [{"id": "d-1", "name": "Scan", "atType": refdata("misc"), "fileUpload": {
            "id": "f-1", "contentType": "application/pdf", "size": 1024, "modified": "2024-02-26T09:58:02Z", "name": "scan.pdf"}}],
        "outwardRelationships": [{"id": "ar-1", "type": refdata("supersedes"), "outward": {"id": "a-0", "name": "Journals 2023",
            "agreementStatus": refdata("closed"), "startDate": "2023-01-01", "endDate": "2023-12-31"}, "inward": {"id": "a-1"}}],
        "contacts": [{"id": "c-1", "user": "22222222-2222-4222-8222-222222222222", "role": refdata("subject_specialist")}],
        "tags": [{"id": 1, "normValue": "urgent", "value": "Urgent"}], "usageDataProviders": [],
    }));
    assert_eq!(
        agreement.agreement_status.unwrap().value.as_deref(),
        Some("active")
    );
    assert_eq!(agreement.items[0].id.as_ref().unwrap().as_str(), "e-1");
    assert_eq!(
        agreement.custom_properties.unwrap()["copies"][0].id,
        Some(41)
    );
    assert_eq!(agreement.version, Some(7));
}

#[test]
fn a_line_has_a_resource_or_a_reference_elsewhere() {
    let internal: Entitlement = record(&json!({
        "id": "e-1", "suppressFromDiscovery": false, "customCoverage": false, "haveAccess": true, "explanation": "by package",
        "startDate": null, "activeFrom": "2024-01-01", "activeTo": null, "contentUpdated": null, "owner": {"id": "a-1", "name": "Journals 2024"},
        "poLines": [{"id": "o-1", "poLineId": "33333333-3333-4333-8333-333333333333", "owner": {"id": "e-1"}}],
        "resource": content_item(), "coverage": [{"startDate": "2001-01-01", "summary": "v*"}], "docs": [], "tags": [],
    }));
    let Some(KbObject::PackageContentItem(item)) = internal.resource.unwrap().object else {
        panic!("a content item");
    };
    assert_eq!(
        item.embargo
            .unwrap()
            .moving_wall_start
            .unwrap()
            .unit
            .as_deref(),
        Some("months")
    );
    let external: Entitlement = record(&json!({
        "id": "e-2", "type": "external", "authority": "EKB-TITLE", "reference": "1-2-3", "description": null, "haveAccess": true,
        "reference_object": {"label": "Annals", "type": "Journal", "provider": "Shelf", "publicationType": "Journal", "url": "https://rack.example",
            "identifiers": [{"identifier": {"value": "1234-5679", "ns": {"value": "pissn"}}}], "isSelected": true,
            "packageData": {"authority": "EKB-PACKAGE", "reference": 12, "titleCount": 40}},
    }));
    assert_eq!(
        external
            .reference_object
            .unwrap()
            .package_data
            .unwrap()
            .title_count,
        Some(40)
    );
    let gone: Entitlement = record(
        &json!({"id": "e-3", "type": "external", "reference_object": {"error": 404, "message": "Not Found"}}),
    );
    assert_eq!(
        gone.reference_object.unwrap().message.as_deref(),
        Some("Not Found")
    );
}

#[test]
fn a_resource_is_told_apart_by_its_class() {
    let resource: ErmResource = record(&content_item());
    assert!(matches!(
        resource.object,
        Some(KbObject::PackageContentItem(_))
    ));
    let whole: KbObject = record(&title());
    assert!(matches!(whole, KbObject::TitleInstance(_)));
    let other: KbObject = record(&json!({"class": "org.olf.kb.Shelf", "id": "s-1"}));
    assert!(!matches!(
        other,
        KbObject::TitleInstance(_) | KbObject::Package(_)
    ));
    let minimal: ErmResource = record(
        &json!({"tiName": "Annals", "platformUrl": "https://rack.example", "platformName": "Rack", "pkg": "Journals",
        "identifiers": [{"identifier": {"value": "1234-5679", "ns": {"value": "issn"}}}], "coverage": [], "customCoverage": false}),
    );
    assert_eq!(minimal.pkg.as_deref(), Some("Journals"));
}

#[test]
fn jobs_of_all_kinds_are_one_record() {
    let job: Job = record(&json!({
        "id": "j-1", "name": "Compare", "class": "org.olf.general.jobs.ComparisonJob", "dateCreated": "2024-02-26T09:58:02.117Z",
        "status": refdata("ended"), "result": refdata("success"), "started": "2024-02-26T09:58:03Z", "fullLogCount": 4, "errorLogCount": 0,
        "infoLogCount": 4, "comparisonPoints": [{"id": "cp-1", "date": "2024-01-01", "job": {"id": "j-1"}, "titleList": {
            "id": "a-1", "name": "Journals 2024", "class": "org.olf.erm.SubscriptionAgreement"}}],
    }));
    assert_eq!(job.full_log_count, Some(4));
}

#[test]
fn a_license_has_terms_and_amendments() {
    let license: License = record(&json!({
        "id": "l-1", "name": "Terms", "type": refdata("local"), "status": refdata("active"), "openEnded": true, "startDate": "2024-01-01",
        "endDateSemantics": refdata("open_ended"), "dateCreated": "2024-02-26T09:58:02Z", "alternateNames": [], "tags": [],
        "customProperties": {"walkIn": [{"id": 7, "internal": false, "publicNote": "On site", "value": refdata("yes"), "type": {
            "id": "cp-1", "name": "walkIn", "type": "com.k_int.web.toolkit.custprops.types.CustomPropertyRefdata", "category": {"id": "c-1"}}}]},
        "orgs": [{"id": "lo-1", "primaryOrg": false, "org": {"id": "org-1"}, "roles": []}],
        "amendments": [{"id": "am-1", "name": "Annex", "status": refdata("active"), "openEnded": false, "owner": {"id": "l-1", "name": "Terms"}}],
    }));
    assert_eq!(license.open_ended, Some(true));
    assert_eq!(
        license.amendments[0]
            .owner
            .as_ref()
            .unwrap()
            .name
            .as_deref(),
        Some("Terms")
    );
}

#[test]
fn dashboards_and_numbers() {
    let access: DashboardAccess = record(
        &json!({"id": "da-1", "access": {"id": "m", "value": "manage", "label": "Manage", "owner": {
        "id": "cat", "desc": "DashboardAccess.Access", "internal": true}}, "dateCreated": "2024-02-26T09:58:02Z", "defaultUserDashboard": true,
        "userDashboardWeight": 0, "user": {"id": "u-1"}, "dashboard": {"id": "d-1", "name": "My dashboard", "widgets": [{"id": "w-1", "weight": 0, "name": "Open"}]}}),
    );
    assert_eq!(
        access.dashboard.unwrap().widgets[0].name.as_deref(),
        Some("Open")
    );
    let widget: WidgetInstance = record(
        &json!({"id": "w-1", "name": "Open", "weight": 0, "configuration": "{\"numberOfRows\":5}", "owner": {"id": "d-1"},
        "definition": {"name": "Agreements", "version": "1.0"}}),
    );
    assert_eq!(widget.definition.unwrap().version.as_deref(), Some("1.0"));
    let generator: NumberGenerator = record(
        &json!({"id": "ng-1", "code": "inventory", "name": "Inventory", "sequences": [{"id": "s-1", "code": "acc",
        "name": "Accession", "nextValue": 17, "enabled": true, "format": "000000", "checkDigitAlgo": refdata("none"), "maximumNumber": 999_999}]}),
    );
    assert_eq!(generator.sequences[0].next_value, Some(17));
}

/// A list of agreements as web-toolkit serves it: an offset is a page's number times its size, and
/// what is between is cut off (`RestfulController.doTheLookup`). `delete` tells how many of the
/// first ones are gone when a request comes.
async fn agreements(
    count: usize,
    delete: impl Fn(usize) -> usize + Send + Sync + 'static,
) -> Folio {
    let asked_for = Arc::new(Mutex::new(0));
    Folio::start(move |asked, _| {
        (asked.path() == "/erm/sas").then(|| {
            let request = std::mem::replace(&mut *asked_for.lock().unwrap(), 0);
            *asked_for.lock().unwrap() = request + 1;
            let size = asked.number("perPage").clamp(1, 100);
            let page = match asked.number("page") {
                0 => asked.number("offset") / size + 1,
                page => page,
            };
            let left = delete(request)..count;
            let records = left.skip((page - 1) * size).take(size);
            Reply::json(
                records
                    .map(|number| json!({"id": format!("{number:05}"), "name": "n"}))
                    .collect(),
            )
        })
    })
    .await
}

async fn ids(folio: &folio_sdk::FolioClient) -> Vec<String> {
    let stream = folio.agreements().list_sas().stream();
    stream
        .map(|agreement| agreement.unwrap().id.unwrap().as_str().to_owned())
        .collect()
        .await
}

#[tokio::test]
async fn a_list_is_read_whole_though_its_offsets_are_those_of_whole_pages() {
    let server = agreements(1_230, |_| 0).await;
    let read = ids(&server.connect().await).await;
    assert_eq!(
        read,
        (0..1_230)
            .map(|number| format!("{number:05}"))
            .collect::<Vec<_>>()
    );
    // About a page for each hundred.
    assert!(
        server.asked("/erm/sas").len() <= 16,
        "{:?}",
        server.asked("/erm/sas").len()
    );
}

#[tokio::test]
async fn what_is_deleted_while_a_list_is_read_hides_no_other_record() {
    let server = agreements(630, |request| match request {
        0..=2 => 0,
        3..=4 => 5,
        _ => 40,
    })
    .await;
    let read = ids(&server.connect().await).await;
    assert_eq!(
        read,
        (0..630)
            .map(|number| format!("{number:05}"))
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn pages_of_any_size_are_read_to_the_end() {
    for limit in [1, 2, 3, 5, 7, 64, 99] {
        let server = agreements(203, |_| 0).await;
        let folio = server.connect().await;
        let read: Vec<String> = folio
            .agreements()
            .list_sas()
            .per_page(limit)
            .stream()
            .map(|agreement| agreement.unwrap().id.unwrap().as_str().to_owned())
            .collect()
            .await;
        assert_eq!(
            read,
            (0..203)
                .map(|number| format!("{number:05}"))
                .collect::<Vec<_>>(),
            "{limit}"
        );
        assert!(server.asked("/erm/sas").iter().all(|asked| {
            let (offset, size) = (asked.number("offset"), asked.number("perPage"));
            size <= usize::try_from(limit).unwrap() && offset % size == 0
        }));
    }
}

#[tokio::test]
async fn files_and_exports_are_bytes() {
    let server = Folio::start(|asked, _| match asked.path() {
        "/erm/files/f-1/raw" | "/licenses/files/f-1/raw" => Some(Reply::text(200, "%PDF")),
        "/export/current/kbart" => Some(Reply::text(200, "publication_title\tprint_identifier\n")),
        "/erm/sas/a-1/resources/export/all/kbart" => Some(Reply::text(200, "publication_title\n")),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let raw = folio.agreements().get_file_raw("f-1").send().await.unwrap();
    assert_eq!(&raw[..], b"%PDF");
    let raw = folio.licenses().get_file_raw("f-1").send().await.unwrap();
    assert_eq!(&raw[..], b"%PDF");
    let all = folio
        .agreements()
        .export_rest("current/kbart")
        .send()
        .await
        .unwrap();
    assert!(all.starts_with(b"publication_title\t"));
    let download = folio
        .agreements()
        .export_resources_rest("a-1", "all/kbart")
        .download()
        .await
        .unwrap();
    assert_eq!(download.text().await.unwrap(), "publication_title\n");
}
