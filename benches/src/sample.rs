//! The records of the measurements.

use serde_json::{Value, json};

/// An instance as large as real ones, some 2 kB: the n-th of its kind.
pub(crate) fn instance(n: usize) -> Value {
    let id = |part: usize| format!("{:08x}-0000-4000-8000-{part:012x}", n + 1);
    json!({
        "id": id(1), "_version": "1".parse::<i64>().unwrap_or(1), "hrid": format!("in{n:011}"), "source": "MARC",
        "title": format!("A title of a book with number {n} and a subtitle / by an author."),
        "indexTitle": format!("title of a book with number {n}"),
        "alternativeTitles": [{"alternativeTitleTypeId": id(2), "alternativeTitle": "Another title"}],
        "editions": ["Second edition"], "series": [{"value": "Studies in something ; 12"}],
        "identifiers": [
            {"identifierTypeId": id(3), "value": "9780123456789"}, {"identifierTypeId": id(4), "value": "(OCoLC)123456789"},
            {"identifierTypeId": id(5), "value": "2019012345"},
        ],
        "contributors": [
            {"name": "Author, First", "contributorNameTypeId": id(6), "primary": true, "contributorTypeId": id(7)},
            {"name": "Editor, Second", "contributorNameTypeId": id(6), "primary": false, "contributorTypeText": "editor"},
        ],
        "subjects": [{"value": "Subject heading one"}, {"value": "Subject heading two"}],
        "classifications": [{"classificationNumber": "QA76.73.R87", "classificationTypeId": id(8)}],
        "publication": [{"publisher": "A publisher", "place": "Somewhere", "dateOfPublication": "2019", "role": "Publication"}],
        "electronicAccess": [{"uri": "https://example.edu/book", "linkText": "Full text", "relationshipId": id(9)}],
        "instanceTypeId": id(10), "instanceFormatIds": [id(11)], "physicalDescriptions": ["xii, 345 pages ; 24 cm"],
        "languages": ["eng"], "notes": [{"instanceNoteTypeId": id(12), "note": "Includes an index.", "staffOnly": false}],
        "modeOfIssuanceId": id(13), "catalogedDate": "2019-04-05", "previouslyHeld": false, "staffSuppress": false,
        "discoverySuppress": false, "statisticalCodeIds": [], "statusId": id(14),
        "statusUpdatedDate": "2025-03-03T09:00:00.000+0000",
        "metadata": {
            "createdDate": "2025-03-03T09:00:00.000+00:00", "createdByUserId": id(15),
            "updatedDate": "2025-03-03T09:00:00.000+00:00", "updatedByUserId": id(15),
        },
    })
}
