//! Instances that differ as those of a library do: so that the size of a file says something.

use serde_json::{Value, json};

use crate::sample;
use crate::server::NUMBER;

const WORDS: [&str; 48] = [
    "history",
    "of",
    "the",
    "modern",
    "theory",
    "and",
    "practice",
    "in",
    "introduction",
    "to",
    "a",
    "study",
    "selected",
    "works",
    "letters",
    "from",
    "economy",
    "music",
    "language",
    "society",
    "art",
    "nature",
    "science",
    "politics",
    "review",
    "report",
    "annual",
    "proceedings",
    "méthodes",
    "Geschichte",
    "der",
    "Wissenschaft",
    "poésie",
    "guía",
    "новая",
    "книга",
    "women",
    "war",
    "city",
    "water",
    "light",
    "time",
    "analysis",
    "systems",
    "health",
    "education",
    "religion",
    "law",
];

const PLACES: [&str; 8] = [
    "London",
    "New York",
    "Berlin",
    "Paris",
    "München",
    "Cambridge, Mass.",
    "Tokyo",
    "[S.l.]",
];

const LANGUAGES: [&str; 8] = ["eng", "eng", "eng", "ger", "fre", "spa", "rus", "lat"];

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ (number >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or_default()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.below(of.len());
        of.get(at).copied().unwrap_or_default()
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.one(&WORDS)).collect();
        words.join(" ")
    }

    /// One of a few UUIDs, as the ids of types are: random, and the same in every run.
    fn type_id(&mut self, kind: u64, count: usize) -> String {
        let n = self.below(count) as u64;
        Self(!(kind << 32 | n)).uuid()
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
        let (d, e) = (0x8000 | (low >> 48) & 0x3fff, low & 0xffff_ffff_ffff);
        format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
    }

    fn list(&mut self, most: usize, mut element: impl FnMut(&mut Self) -> Value) -> Value {
        let count = self.below(most + 1);
        (0..count).map(|_| element(self)).collect()
    }
}

/// The templates of so many records: each is different, so that no text recurs after some thousand
/// records, as that of a real library does not.
pub(crate) fn instances(count: u64) -> impl Iterator<Item = Value> {
    (0..count).map(|n| {
        let mut numbers = Numbers(n);
        let n = usize::try_from(n).unwrap_or_default();
        let mut instance = sample::instance(n);
        if let Value::Object(fields) = &mut instance {
            // The server writes the number of the record here.
            fields.insert("hrid".to_owned(), "in00000000000".into());
            let count = 2 + numbers.below(10);
            let title = numbers.words(count);
            fields.insert(
                "title".to_owned(),
                format!("{title} {NUMBER}00000000000").into(),
            );
            fields.insert("indexTitle".to_owned(), title.into());
            for (name, value) in varied(&mut numbers) {
                fields.insert(name.to_owned(), value);
            }
        }
        instance
    })
}

fn varied(numbers: &mut Numbers) -> [(&'static str, Value); 16] {
    let date = format!(
        "20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+00:00",
        10 + numbers.below(15),
        1 + numbers.below(12),
        1 + numbers.below(28),
        numbers.below(24),
        numbers.below(60),
        numbers.below(60),
        numbers.below(1000)
    );
    let metadata = json!({
        "createdDate": date, "createdByUserId": numbers.type_id(1, 30), "updatedDate": date, "updatedByUserId": numbers.type_id(1, 30),
    });
    let year = (1850 + numbers.below(175)).to_string();
    [
        ("source", numbers.one(&["MARC", "MARC", "MARC", "FOLIO"]).into()),
        ("alternativeTitles", numbers.list(2, |numbers| {
            json!({"alternativeTitleTypeId": numbers.type_id(2, 10), "alternativeTitle": numbers.words(5)})
        })),
        ("series", numbers.list(1, |numbers| json!({"value": numbers.words(4)}))),
        ("identifiers", numbers.list(6, |numbers| {
            json!({"identifierTypeId": numbers.type_id(3, 15), "value": numbers.below(1 << 40).to_string()})
        })),
        ("contributors", numbers.list(4, |numbers| {
            json!({"name": numbers.words(3), "contributorNameTypeId": numbers.type_id(4, 3), "primary": numbers.below(2) == 0,
                "contributorTypeId": numbers.type_id(5, 200)})
        })),
        ("subjects", numbers.list(6, |numbers| json!({"value": numbers.words(4)}))),
        ("classifications", numbers.list(2, |numbers| {
            json!({"classificationNumber": format!("QA{}.{}", numbers.below(1000), numbers.below(100)), "classificationTypeId": numbers.type_id(6, 8)})
        })),
        ("publication", json!([{"publisher": numbers.words(2), "place": numbers.one(&PLACES), "dateOfPublication": year, "role": "Publication"}])),
        ("electronicAccess", numbers.list(1, |numbers| {
            json!({"uri": format!("https://example.edu/{}", numbers.uuid()), "linkText": "Full text", "relationshipId": numbers.type_id(7, 5)})
        })),
        ("instanceTypeId", numbers.type_id(8, 30).into()),
        ("physicalDescriptions", json!([format!("{} pages ; {} cm", 20 + numbers.below(900), 15 + numbers.below(20))])),
        ("languages", json!([numbers.one(&LANGUAGES)])),
        ("notes", numbers.list(4, |numbers| {
            json!({"instanceNoteTypeId": numbers.type_id(9, 40), "note": numbers.words(15), "staffOnly": false})
        })),
        ("catalogedDate", date.get(..10).into()),
        ("discoverySuppress", (numbers.below(20) == 0).into()),
        ("metadata", metadata),
    ]
}
