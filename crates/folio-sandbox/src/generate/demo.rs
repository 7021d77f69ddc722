//! A small invented library for examples and tests.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::value::fold::Fold;

const CODE_TYPES: &str = "/statistical-code-types";
const CODES: &str = "/statistical-codes";

const GROUPS: [(&str, &str); 5] = [
    ("faculty", "Teachers and researchers"),
    ("graduate", "Students after their first degree"),
    ("staff", "Who works in the library"),
    ("undergrad", "Students before their first degree"),
    ("visitor", "Readers from the town"),
];

const FIRST: [&str; 12] = [
    "Ada", "Bruno", "Chiara", "Dagny", "Emeka", "Farida", "Goran", "Hanako", "Ilse", "Joaquín",
    "Khadija", "Lubomír",
];

const LAST: [&str; 10] = [
    "Åkesson",
    "Barros",
    "Castellano",
    "Dvořák",
    "Eze",
    "Fontaine",
    "Grünwald",
    "Haddad",
    "Ito",
    "Jónsdóttir",
];

const CAMPUSES: [&str; 2] = ["Harbour campus", "Hill campus"];

const LIBRARIES: [(&str, usize); 3] = [
    ("Main library", 0),
    ("Science library", 0),
    ("Music library", 1),
];

const LOCATIONS: [(&str, &str, usize); 6] = [
    ("Main stacks", "MAIN/STACKS", 0),
    ("Main reading room", "MAIN/READING", 0),
    ("Main closed stacks", "MAIN/CLOSED", 0),
    ("Science open shelves", "SCI/OPEN", 1),
    ("Science reserves", "SCI/RESERVE", 1),
    ("Music scores", "MUS/SCORES", 2),
];

const BOOKS: [(&str, &str, &str, &str); 24] = [
    (
        "A cartographer's winter",
        "Åkesson, Dagny",
        "Northlight Press",
        "2011",
    ),
    (
        "An atlas of quiet rivers",
        "Barros, Joaquín",
        "Delta Editions",
        "1998",
    ),
    (
        "Bees of the upper valley",
        "Ito, Hanako",
        "Meadow House",
        "2019",
    ),
    (
        "Clay, fire, glaze",
        "Castellano, Chiara",
        "Kiln & Co.",
        "2004",
    ),
    ("Counting with stones", "Eze, Emeka", "Abacus Books", "1987"),
    (
        "Dialogues on weather",
        "Fontaine, Ilse",
        "Delta Editions",
        "1974",
    ),
    (
        "Dictionary of forgotten tools",
        "Grünwald, Bruno",
        "Workbench",
        "1962",
    ),
    (
        "Early maps of the archipelago",
        "Jónsdóttir, Ada",
        "Northlight Press",
        "2016",
    ),
    (
        "Five hundred knots",
        "Haddad, Farida",
        "Harbour Books",
        "1951",
    ),
    (
        "Gardens under glass",
        "Dvořák, Lubomír",
        "Meadow House",
        "1938",
    ),
    (
        "Harmony for small choirs",
        "Castellano, Bruno",
        "Edition Cantus",
        "2001",
    ),
    ("Ice roads", "Åkesson, Ilse", "Northlight Press", "2022"),
    (
        "Letters from a lighthouse",
        "Jónsdóttir, Dagny",
        "Harbour Books",
        "1979",
    ),
    (
        "Light and shadow in stone",
        "Fontaine, Goran",
        "Kiln & Co.",
        "1993",
    ),
    ("Measuring the moon", "Ito, Khadija", "Abacus Books", "2009"),
    ("Moss", "Grünwald, Hanako", "Meadow House", "2020"),
    (
        "On the making of paper",
        "Barros, Chiara",
        "Workbench",
        "1969",
    ),
    (
        "Proofs without pictures",
        "Eze, Ada",
        "Abacus Books",
        "1990",
    ),
    (
        "Sea songs: a collection",
        "Haddad, Lubomír",
        "Edition Cantus",
        "1958",
    ),
    (
        "Slow trains of the plateau",
        "Dvořák, Farida",
        "Delta Editions",
        "2013",
    ),
    (
        "The librarian's almanac",
        "Castellano, Emeka",
        "Northlight Press",
        "2024",
    ),
    ("The salt road", "Haddad, Joaquín", "Harbour Books", "1985"),
    (
        "Tides: tables and tales",
        "Jónsdóttir, Goran",
        "Harbour Books",
        "2007",
    ),
    (
        "Weaving in three colours",
        "Fontaine, Khadija",
        "Workbench",
        "1996",
    ),
];

/// The same name gives the same identifier.
pub(super) fn id(kind: &str, name: impl std::fmt::Display) -> String {
    Uuid::new_v5(
        &Uuid::NAMESPACE_URL,
        format!("folio-sandbox/{kind}/{name}").as_bytes(),
    )
    .to_string()
}

pub(super) fn metadata() -> Value {
    json!({
        "createdDate": "2025-03-03T09:00:00.000+00:00", "createdByUserId": id("user", 0),
        "updatedDate": "2025-03-03T09:00:00.000+00:00", "updatedByUserId": id("user", 0),
    })
}

/// Simple records: an identifier and a name, under the field of that name.
fn named(kind: &str, field: &str, names: &[&str]) -> Vec<Value> {
    names
        .iter()
        .map(|name| json!({"id": id(kind, name), field: name, "source": "local"}))
        .collect()
}

/// The reference data of a new tenant, besides the demo data: by path the kind, the field that
/// names a record, and the records, whose references to others are written `kind/name`.
const REFERENCE: &str = include_str!("../../data/reference.json");

/// The lists of [`REFERENCE`], by the paths of their collections.
fn lists() -> Vec<(&'static str, Vec<Value>)> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    static PATHS: OnceLock<Map<String, Value>> = OnceLock::new();
    let paths = PATHS.get_or_init(|| serde_json::from_str(REFERENCE).unwrap_or_default());
    let lists = paths.iter().map(|(path, own)| {
        let (kind, key) = (text(own.get("kind")), text(own.get("key")));
        let rows = own.get("rows").and_then(Value::as_array);
        let list = rows.into_iter().flatten().cloned().map(|mut row| {
            let name = text(row.get("id").or(row.get(&key)));
            row["id"] = id(&kind, name).into();
            if own.get("local").is_some() {
                row["source"] = "local".into();
            }
            for (field, value) in row.as_object_mut().into_iter().flatten() {
                if field != "id"
                    && field.ends_with("Id")
                    && let Some((kind, name)) = value.as_str().and_then(|text| text.split_once('/'))
                {
                    *value = id(kind, name).into();
                }
            }
            row
        });
        (path.as_str(), list.collect())
    });
    lists.collect()
}

/// The records that others refer to: groups, places, types.
pub(crate) fn reference() -> Vec<(&'static str, Vec<Value>)> {
    let mut records = records();
    records.retain(|(path, _)| *path != "/users" && !path.contains("-storage/"));
    for (path, list) in lists() {
        match records.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) => *known = list,
            None => records.push((path, list)),
        }
    }
    // Types precede the records that reference them.
    records.sort_by_key(|(path, _)| *path == CODES);
    // No user makes reference data.
    let all = records.iter_mut().flat_map(|(_, records)| records);
    for metadata in all.filter_map(|record| record.get_mut("metadata")?.as_object_mut()) {
        metadata.remove("createdByUserId");
        metadata.remove("updatedByUserId");
    }
    records
}

/// The library and its statistical codes.
pub(crate) fn demo() -> Vec<(&'static str, Vec<Value>)> {
    let mut records = records();
    let mut codes = lists();
    codes.retain(|(path, _)| [CODE_TYPES, CODES].contains(path));
    codes.sort_by_key(|(path, _)| *path == CODES);
    for record in codes.iter_mut().flat_map(|(_, codes)| codes) {
        record["metadata"] = metadata();
    }
    records.extend(codes);
    records
}

/// The cataloguer of the generated records.
pub(crate) fn cataloguer() -> String {
    id("user", 0)
}

/// The library by the paths of its collections, without the lists of [`REFERENCE`].
fn records() -> Vec<(&'static str, Vec<Value>)> {
    let groups = GROUPS
        .iter()
        .map(|(group, desc)| json!({"id": id("group", group), "group": group, "desc": desc, "metadata": metadata()}))
        .collect();
    let institution = id("institution", "Harbour University");
    let campuses = CAMPUSES
        .iter()
        .enumerate()
        .map(|(n, name)| json!({"id": id("campus", n), "name": name, "code": format!("C{}", n + 1), "institutionId": institution}))
        .collect();
    let libraries = LIBRARIES
        .iter()
        .enumerate()
        .map(|(n, (name, campus))| json!({"id": id("library", n), "name": name, "code": format!("L{}", n + 1), "campusId": id("campus", campus)}))
        .collect();
    let points = LIBRARIES
        .iter()
        .enumerate()
        .map(|(n, (name, _))| {
            json!({
                "id": id("service-point", n), "name": format!("{name} desk"), "code": format!("SP{}", n + 1),
                "discoveryDisplayName": format!("{name}, desk"), "pickupLocation": true, "holdShelfExpiryPeriod": {"duration": 5, "intervalId": "Days"},
                "staffSlips": [], "metadata": metadata(),
            })
        })
        .collect();
    let locations = LOCATIONS
        .iter()
        .map(|(name, code, library)| {
            let campus = LIBRARIES.get(*library).map_or(0, |(_, campus)| *campus);
            json!({
                "id": id("location", code), "name": name, "code": code, "discoveryDisplayName": name, "isActive": true,
                "institutionId": institution, "campusId": id("campus", campus), "libraryId": id("library", library),
                "primaryServicePoint": id("service-point", library), "servicePointIds": [id("service-point", library)], "metadata": metadata(),
            })
        })
        .collect();
    let types = |kind: &str, names: &[(&str, &str)]| -> Vec<Value> {
        names.iter().map(|(name, code)| json!({"id": id(kind, name), "name": name, "code": code, "source": "local"})).collect()
    };
    vec![
        ("/groups", groups),
        (
            "/addresstypes",
            vec![
                json!({"id": id("address-type", "home"), "addressType": "Home", "desc": "Where somebody lives"}),
            ],
        ),
        ("/users", users()),
        (
            "/location-units/institutions",
            vec![json!({"id": institution, "name": "Harbour University", "code": "HU"})],
        ),
        ("/location-units/campuses", campuses),
        ("/location-units/libraries", libraries),
        ("/service-points", points),
        ("/locations", locations),
        (
            "/instance-types",
            types(
                "instance-type",
                &[
                    ("text", "txt"),
                    ("notated music", "ntm"),
                    ("cartographic image", "cri"),
                ],
            ),
        ),
        (
            "/contributor-name-types",
            vec![
                json!({"id": id("contributor-name-type", "Personal name"), "name": "Personal name", "ordering": "1"}),
            ],
        ),
        (
            "/identifier-types",
            named("identifier-type", "name", &["ISBN", "Control number"]),
        ),
        (
            "/material-types",
            named("material-type", "name", &["book", "score", "map"]),
        ),
        (
            "/loan-types",
            ["Can circulate", "Reading room"]
                .iter()
                .map(|name| json!({"id": id("loan-type", name), "name": name}))
                .collect(),
        ),
        (
            "/holdings-sources",
            vec![json!({"id": id("holdings-source", "FOLIO"), "name": "FOLIO", "source": "folio"})],
        ),
        ("/instance-storage/instances", instances()),
        ("/holdings-storage/holdings", holdings()),
        ("/item-storage/items", items()),
    ]
}

fn users() -> Vec<Value> {
    let mut users = Vec::new();
    for (n, last) in LAST.iter().cycle().take(60).enumerate() {
        let first = FIRST
            .get((n * 7 + n / 10) % FIRST.len())
            .copied()
            .unwrap_or("Ada");
        let (group, _) = GROUPS
            .get((n * 3 + n / 7) % GROUPS.len())
            .copied()
            .unwrap_or(("staff", ""));
        let plain: String = Fold::BOTH
            .apply(last)
            .chars()
            .filter(char::is_ascii)
            .collect();
        users.push(json!({
            "id": id("user", n), "username": format!("{plain}{:02}", n + 1), "barcode": format!("{:08}", 20_250_000 + n),
            "active": n % 9 != 8, "type": "patron", "patronGroup": id("group", group), "departments": [],
            "personal": {
                "lastName": last, "firstName": first, "email": format!("{plain}{:02}@harbour.example.edu", n + 1),
                "preferredContactTypeId": "002", "addresses": [],
            },
            "enrollmentDate": "2024-09-01T00:00:00.000+00:00", "expirationDate": "2028-08-31T00:00:00.000+00:00", "metadata": metadata(),
        }));
    }
    users
}

fn instances() -> Vec<Value> {
    BOOKS
        .iter()
        .enumerate()
        .map(|(n, (title, author, publisher, year))| {
            let kind = match *publisher {
                "Edition Cantus" => "notated music",
                _ if title.contains("maps") => "cartographic image",
                _ => "text",
            };
            json!({
                "id": id("instance", n), "_version": 1, "hrid": format!("in{:08}", n + 1), "source": "FOLIO", "title": title,
                "indexTitle": title, "alternativeTitles": [], "editions": ["First edition"], "series": [],
                "identifiers": [{"identifierTypeId": id("identifier-type", "ISBN"), "value": format!("978{:010}", 1_000_000 + n * 7919)}],
                "contributors": [{
                    "name": author, "contributorNameTypeId": id("contributor-name-type", "Personal name"), "primary": true,
                }],
                "subjects": [], "classifications": [],
                "publication": [{"publisher": publisher, "place": "Harbour", "dateOfPublication": year}],
                "electronicAccess": [], "instanceTypeId": id("instance-type", kind), "instanceFormatIds": [],
                "physicalDescriptions": [format!("{} pages", 96 + n * 13)], "languages": ["eng"], "notes": [], "administrativeNotes": [],
                "previouslyHeld": false, "staffSuppress": false, "discoverySuppress": false, "deleted": false, "statisticalCodeIds": [],
                "statusUpdatedDate": "2025-03-03T09:00:00.000+0000", "tags": {"tagList": []}, "natureOfContentTermIds": [],
                "metadata": metadata(),
                // A server newer than the SDK has fields that the SDK does not know.
                "shelfStory": format!("Found on shelf {} when the library moved.", n + 1),
            })
        })
        .collect()
}

fn holdings() -> Vec<Value> {
    (0..BOOKS.len())
        .map(|n| {
            json!({
                "id": id("holdings", n), "_version": 1, "hrid": format!("ho{:08}", n + 1), "instanceId": id("instance", n),
                "sourceId": id("holdings-source", "FOLIO"), "permanentLocationId": location(n), "effectiveLocationId": location(n),
                "callNumber": format!("{}.{:02}", 100 + n * 29, n), "metadata": metadata(),
            })
        })
        .collect()
}

fn items() -> Vec<Value> {
    let mut items = Vec::new();
    for n in 0..BOOKS.len() {
        for copy in 0..=(n % 2) {
            let status = if (n + copy) % 5 == 4 {
                "Checked out"
            } else {
                "Available"
            };
            items.push(json!({
                "id": id("item", format!("{n}.{copy}")), "_version": 1, "hrid": format!("it{:08}", n * 2 + copy + 1),
                "holdingsRecordId": id("holdings", n), "barcode": format!("{:010}", 4_000_000 + n * 2 + copy),
                "status": {"name": status, "date": "2025-03-03T09:00:00.000+00:00"},
                "materialTypeId": id("material-type", if n % 10 == 0 { "score" } else { "book" }),
                "permanentLoanTypeId": id("loan-type", "Can circulate"), "effectiveLocationId": location(n), "metadata": metadata(),
            }));
        }
    }
    items
}

fn location(n: usize) -> String {
    id(
        "location",
        LOCATIONS
            .get(n % LOCATIONS.len())
            .map_or("MAIN/STACKS", |(_, code, _)| *code),
    )
}
