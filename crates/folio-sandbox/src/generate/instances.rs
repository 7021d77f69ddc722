//! Invented instances.

use crate::generate::random::Random;
use crate::generate::references::References;
use crate::generate::titles::{Language, PUBLISHERS, SUBJECTS, note};
use crate::generate::write::{ListWriter, Object};

const KIND: u64 = 1;
/// The series of identifiers, of titles and of the rest, so that each can be made alone.
const ID: u64 = 11;
const TITLE: u64 = 12;

pub(super) fn id(seed: u64, number: u32) -> uuid::Uuid {
    Random::of(seed, ID, number).uuid()
}

pub(super) fn hrid(number: u32) -> String {
    format!("in{:011}", u64::from(number) + 1)
}

pub(super) fn title(seed: u64, number: u32) -> (&'static Language, String) {
    let mut random = Random::of(seed, TITLE, number);
    let language = Language::any(&mut random);
    let title = language.title(&mut random, number);
    (language, title)
}

/// Whether it is an electronic resource, which has a link and often no holdings of its own.
pub(super) fn is_electronic(number: u32) -> bool {
    number % 20 == 19
}

pub(super) fn one<'a>(random: &mut Random, list: &'a [String]) -> &'a str {
    list.get(random.below(list.len()))
        .map_or("", String::as_str)
}

/// The sort key of a title: without a leading article.
fn index_title(title: &str) -> &str {
    [
        "The ", "A ", "An ", "Die ", "Das ", "La ", "El ", "L'", "Une ", "Ο ",
    ]
    .iter()
    .find_map(|article| title.strip_prefix(article))
    .unwrap_or(title)
}

/// A number with its check digit.
fn isbn(random: &mut Random) -> String {
    let mut digits = format!("978{:09}", random.next() % 1_000_000_000);
    let sum: u32 = digits
        .chars()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| digit.to_digit(10).unwrap_or_default() * weight)
        .sum();
    digits.push(char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0'));
    if random.chance(25) {
        // With hyphens, as some catalogues have them, and a qualifier.
        digits.insert(12, '-');
        digits.insert(3, '-');
        digits.push_str(" (hardback)");
    }
    digits
}

/// A date within ten years, in the order of creation roughly.
pub(super) fn date(random: &mut Random, number: u32) -> String {
    let day = (u64::from(number) / 97 + random.next() % 40) % 3_600;
    let (year, day) = (2014 + day / 360, day % 360);
    let (hour, minute, second) = (random.next() % 24, random.next() % 60, random.next() % 60);
    format!(
        "{year}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{:03}+00:00",
        day / 30 + 1,
        day % 28 + 1,
        random.next() % 1_000
    )
}

pub(super) fn metadata(object: &mut Object<'_>, date: &str, references: &References) {
    object.object("metadata", |metadata| {
        for (user, when) in [
            ("createdByUserId", "createdDate"),
            ("updatedByUserId", "updatedDate"),
        ] {
            metadata.text(user, &references.user);
            metadata.text(when, date);
        }
    });
}

fn contributors(
    list: &mut ListWriter<'_>,
    language: &Language,
    random: &mut Random,
    references: &References,
) {
    let count = [1, 1, 1, 1, 2, 2, 3, 5, 0, 1]
        .get(random.below(10))
        .copied()
        .unwrap_or(1);
    for index in 0..count {
        let corporate = random.chance(8);
        list.object(|contributor| {
            let types = &references.name_types;
            let kind = types.get(usize::from(corporate)).map_or("", String::as_str);
            contributor.text("contributorNameTypeId", kind);
            if random.chance(60) {
                contributor.text(
                    "contributorTypeId",
                    one(random, &references.contributor_types),
                );
            }
            if index == 0 && corporate {
                contributor.text("contributorTypeText", "issuing body");
            }
            let name = if corporate {
                format!("Society for {}", random.of_list(&SUBJECTS))
            } else {
                let mut name = language.name(random);
                if random.chance(40) {
                    let born = 1850 + random.next() % 140;
                    name.push_str(&match random.chance(50) {
                        true => format!(", {born}-"),
                        false => format!(", {born}-{}", born + 60),
                    });
                }
                name
            };
            contributor.text("name", &name);
            contributor.raw("primary", index == 0);
        });
    }
}

fn identifiers(
    list: &mut ListWriter<'_>,
    number: u32,
    random: &mut Random,
    references: &References,
) {
    let kind = |index: usize| {
        references
            .identifier_types
            .get(index)
            .map_or("", String::as_str)
    };
    let mut add = |kind: &str, value: &str| {
        list.object(|identifier| {
            identifier.text("identifierTypeId", kind);
            identifier.text("value", value);
        });
    };
    if random.chance(70) {
        add(kind(0), &isbn(random));
        if random.chance(20) {
            add(kind(0), &isbn(random));
        }
    }
    if random.chance(4) {
        add(kind(1), &format!("{:010}", random.next() % 10_000_000_000));
    }
    if random.chance(8) {
        add(
            kind(2),
            &format!(
                "{:04}-{:03}X",
                random.next() % 10_000,
                random.next() % 1_000
            ),
        );
    }
    add(kind(3), &format!("{:09}", u64::from(number) * 7 + 13));
    if random.chance(55) {
        add(
            kind(4),
            &format!("(OCoLC){}", random.next() % 1_300_000_000),
        );
    }
    if random.chance(6) {
        add(
            kind(6),
            &format!("10.5555/harbour.{}", random.next() % 1_000_000),
        );
    }
}

fn notes(list: &mut ListWriter<'_>, random: &mut Random, references: &References) {
    let count = [0, 0, 1, 1, 2, 3]
        .get(random.below(6))
        .copied()
        .unwrap_or(0);
    for _ in 0..count {
        // A few are long, as contents notes are.
        let sentences = match random.below(50) {
            0 => 60,
            1..6 => 10,
            _ => 1 + random.below(3),
        };
        list.object(|own| {
            own.text(
                "instanceNoteTypeId",
                one(random, &references.instance_notes),
            );
            own.text("note", &note(random, sentences));
            own.raw("staffOnly", random.chance(10));
        });
    }
}

/// Writes an instance.
pub(super) fn write(seed: u64, number: u32, references: &References, out: &mut String) {
    let (language, title) = title(seed, number);
    let mut random = Random::of(seed, KIND, number);
    let random = &mut random;
    let electronic = is_electronic(number);
    let date = date(random, number);
    let mut object = Object::new(out);
    object.raw("_version", 1);
    object.list("administrativeNotes", |list| {
        if random.chance(10) {
            list.text("Checked against the shelf list");
        }
    });
    object.list("alternativeTitles", |list| {
        if random.chance(20) {
            list.object(|own| {
                own.text(
                    "alternativeTitle",
                    &format!("{} (variant)", index_title(&title)),
                );
                own.text(
                    "alternativeTitleTypeId",
                    one(random, &references.title_types),
                );
            });
        }
        if language.romanized {
            list.object(|own| {
                own.text(
                    "alternativeTitle",
                    &format!("Romanized title no. {}", number + 1),
                );
                own.text(
                    "alternativeTitleTypeId",
                    one(random, &references.title_types),
                );
            });
        }
    });
    if random.chance(60) {
        object.text("catalogedDate", date.get(..10).unwrap_or_default());
    }
    object.list("classifications", |list| {
        if random.chance(65) {
            list.object(|own| {
                own.text(
                    "classificationNumber",
                    &format!("{:03}.{}", random.next() % 1_000, random.next() % 1_000),
                );
                own.text(
                    "classificationTypeId",
                    one(random, &references.classification_types),
                );
            });
        }
    });
    object.list("contributors", |list| {
        contributors(list, language, random, references)
    });
    object.raw("deleted", false);
    object.raw("discoverySuppress", random.chance(3));
    object.list("editions", |list| {
        if random.chance(30) {
            list.text(random.of_list(&[
                "First edition",
                "2nd ed., rev.",
                "Nachdruck",
                "3e édition",
                "Large print edition",
            ]));
        }
    });
    object.list("electronicAccess", |list| {
        if electronic {
            list.object(|own| {
                own.text("linkText", "Full text");
                own.text("relationshipId", one(random, &references.relationships));
                own.text("uri", &format!("https://books.example.org/{}", number + 1));
            });
        }
    });
    object.text("hrid", &hrid(number));
    object.id("id", id(seed, number));
    object.list("identifiers", |list| {
        identifiers(list, number, random, references)
    });
    if random.chance(80) {
        object.text("indexTitle", index_title(&title));
    }
    object.list("instanceFormatIds", |list| {
        let format = match electronic {
            true => references.formats.get(1).map_or("", String::as_str),
            false => one(random, &references.formats),
        };
        if electronic || random.chance(50) {
            list.text(format);
        }
    });
    let kind = match random.chance(80) {
        true => references.instance_types.first().map_or("", String::as_str),
        false => one(random, &references.instance_types),
    };
    object.text("instanceTypeId", kind);
    object.list("languages", |list| {
        list.text(language.code);
        if random.chance(8) {
            list.text("mul");
        }
    });
    metadata(&mut object, &date, references);
    if random.chance(70) {
        object.text("modeOfIssuanceId", one(random, &references.modes));
    }
    object.list("natureOfContentTermIds", |list| {
        if random.chance(10) {
            list.text(one(random, &references.terms));
        }
    });
    object.list("notes", |list| notes(list, random, references));
    object.list("physicalDescriptions", |list| {
        if !electronic {
            list.text(&format!(
                "{} pages ; {} cm",
                40 + random.next() % 700,
                18 + random.next() % 14
            ));
        }
    });
    object.raw("previouslyHeld", false);
    object.list("publication", |list| {
        if random.chance(92) {
            let (publisher, place) = PUBLISHERS
                .get(random.below(PUBLISHERS.len()))
                .copied()
                .unwrap_or_default();
            list.object(|own| {
                let year = 1900 + random.next() % 126;
                let form = random.below(10);
                own.text(
                    "dateOfPublication",
                    &match form {
                        0 => format!("[{year}?]"),
                        1 => format!("c{year}"),
                        2 => format!("{year}-"),
                        _ => year.to_string(),
                    },
                );
                own.text("place", place);
                own.text("publisher", publisher);
            });
        }
    });
    object.list("publicationFrequency", |_| {});
    object.list("publicationRange", |_| {});
    object.list("series", |list| {
        if random.chance(15) {
            list.object(|own| {
                own.text(
                    "value",
                    &format!("Harbour studies ; {}", 1 + random.next() % 300),
                );
            });
        }
    });
    object.text("source", if random.chance(70) { "MARC" } else { "FOLIO" });
    object.raw("staffSuppress", false);
    object.list("statisticalCodeIds", |list| {
        if random.chance(20) {
            list.text(one(random, &references.statistical_codes));
        }
    });
    if random.chance(75) {
        object.text("statusId", one(random, &references.statuses));
        object.text("statusUpdatedDate", &date.replace("+00:00", "+0000"));
    }
    object.list("subjects", |list| {
        for _ in 0..random.below(4) {
            list.object(|own| own.text("value", random.of_list(&SUBJECTS)));
        }
    });
    object.object("tags", |tags| {
        tags.list("tagList", |list| {
            if random.chance(5) {
                list.text(random.of_list(&["urgent", "to-check", "gift"]));
            }
        });
    });
    object.text("title", &title);
    object.end();
}
