//! The one place that decides which condition becomes which query, and whether the query is exact.
//!
//! Facts: [C] `cql-facts` (recorded from RMB 35 with PostgreSQL 15), [R] `real-facts` (recorded from
//! running systems), [D] FOLIO's descriptions, [A] the code of arrow and DataFusion.
//!
//! | SQL | field | CQL | exact | because |
//! |---|---|---|---|---|
//! | `=`, `in` | key in 16 bytes | `f=="uuid"` | yes | the server compares UUIDs [C 3] |
//! | `<>`, `not in` | `id` | `f<>"uuid"` | yes | each record has an id |
//! | `<>`, `not in` | foreign key in 16 bytes | `f<>"uuid"` | no | absent values are excluded by both [C 3]; a UUID without hyphens is null in the table |
//! | `<` `<=` `>` `>=` | `id` | the same | yes | the order of lower-case text [C 3] is that of the bytes |
//! | `<` `<=` `>` `>=` | foreign key in 16 bytes | the same | no | a UUID without hyphens is null in the table |
//! | `=`, `in`, `<` … | `id` as text, with a UUID in lower case | the same | yes | `id` is stored in lower case [R 5] |
//! | `=`, `in` | foreign key as text | `f=="uuid"` | no | it may be stored in upper case; SQL distinguishes that |
//! | `like 'x%'` | key as text | `f=="x*"` | no | the same |
//! | all others | foreign key with a dot in its name | – | | the server names a column that does not exist [C 3] |
//! | `=`, `in` | text | `f=="x"` | only without folding | the server folds case and accents, character by character [C 3] |
//! | `like` | text | `f=="x*y"` | no | the same; `_` becomes `*`, because a character may be folded to several |
//! | `like` | text with the 600-character prefix | `f=="x*"` | no | what is behind the first wildcard may be beyond the prefix [C 3] |
//! | `=`, `like` beyond 100 characters | text | `f=="beginning*"` | no | the server cuts terms of more than 600 characters [C 3] |
//! | `ilike`, `lower(f) =`, `lower(f) like` | text that ignores case | as above | no | only for ASCII: folding differs beyond |
//! | `array_has` | list of texts or UUIDs, without the 600-character prefix | `f=="*\"x\"*"` | no | the JSON text of the list contains that of the element [C 5] |
//! | `<>`, `not like`, `not in` | text | – | | CQL would exclude texts that differ in case or accents only |
//! | `<` `<=` `>` `>=` | text | – | | the server compares by the rules of a language [C 11], SQL by bytes |
//! | `=`, `in` | UUID in 16 bytes that is no key | `f=="uuid"` | no | stored as text of any case |
//! | `f`, `not f`, `= true` | boolean | `f=="true"`, `f=="false"` | yes | the text of a JSON boolean [C 2]; RMB stores no other value in it [R 5] |
//! | `=`, `<` … | number | `f==/number "5"` | no | exact decimals [C 3]; floats are widened |
//! | `<>` | number | – | | floats: a neighbouring decimal is the same float |
//! | `=`, `<` …, `between` | point in time | `f>="date" and f<"date"`, a day beyond | no | the server compares texts in several forms [C 3, 11] |
//! | `is not null` | foreign key as text, `id` | `f=""` | yes | the field is present [C 5] |
//! | `is not null` | others | `f=""` | no | a present value that does not fit the column is null in the table |
//! | `is null` | foreign key as text, `id` | `cql.allRecords=1 not f=""` | yes | CQL's `not` keeps absent fields [C 1]; the database holds UUIDs only |
//! | `is null` | text | `cql.allRecords=1 not f="" or f=="0*" or …` | no | the same; a value that is no text is null in the table: numbers, booleans, lists and objects, by the beginning of their text [C 2] |
//! | `is null` | others | – | | a value that does not fit the column is null in the table, but present at the server |
//! | `p is not true`, `is distinct from` | keys, exact | `cql.allRecords=1 not p` | yes | CQL's `not` is `is not true` [C 1]; of booleans, a stored text `true` would be lost |
//! | any | field that another table's alias hides | – | | the first name selects the other table [C 2] |
//! | any | computed field (`fullCallNumber`) | – | | the server reads other fields [C 2] |
//! | `in` with more values than a request has room for | key; text, of ASCII values that differ in more than case | as above, in several disjoint queries | as above | no record has two of them |
//! | `=`, `in` | `id` of a list of another module that is read by `id` | `id=="uuid"` | no | [D]; nothing more is known of its CQL |
//! | any | other field of another module | – | | nothing is known of its CQL |
//! | any | text with NUL, or with `patronGroup.` | – | | PostgreSQL has no NUL; mod-users rewrites such queries [C 2] |
//!
//! Negation: SQL's `not p` is true where `p` is false, so that it is the condition with the opposite
//! operator, and never CQL's `not`, which also selects records of which `p` is unknown [C 1].

use folio_sdk::Cql;
use folio_sdk::cql::{Relation, all};
use uuid::Uuid;

use super::condition::{Condition, Field, Kind, Literal, Piece, Pushed};
use super::number;
use super::text;
use super::time;
use crate::facts::{Evaluation, Folding};

/// The query for a condition; `None` if CQL cannot express it without losing records.
pub(crate) fn decide(field: &Field, condition: &Condition) -> Option<Pushed> {
    if !is_nameable(&field.path) {
        return None;
    }
    match field.evaluation {
        Evaluation::Key if field.path.contains('.') => equality_of_key(field, condition),
        Evaluation::Key => key(field, condition),
        Evaluation::Text(folding) => stored(field, folding, condition),
        Evaluation::UnknownKey => Some(equality_of_key(field, condition)?.inexact()),
        Evaluation::Computed | Evaluation::Unknown => None,
    }
}

/// Whether CQL can name the field: not if a name contains a dot, is empty or the name of something
/// else.
fn is_nameable(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    path.split('.')
        .all(|name| !name.is_empty() && name.chars().all(is_plain))
        && !path.to_ascii_lowercase().starts_with("cql.")
        && text::is_allowed(path)
}

/// A key whose only sound conditions are those for equality.
fn equality_of_key(field: &Field, condition: &Condition) -> Option<Pushed> {
    match condition {
        Condition::Equal(_) | Condition::OneOf(_) => key(field, condition),
        _ => None,
    }
}

/// `id`, or a foreign key: a UUID in a column of the database.
fn key(field: &Field, condition: &Condition) -> Option<Pushed> {
    let cql = field.cql();
    let pushed = match condition {
        Condition::Equal(value) => unique(field, 1, cql.eq(uuid_of(field, value)?)),
        Condition::Differs(value) => Pushed::exact(cql.ne(uuid_of(field, value)?)),
        Condition::Less { than, or_equal } => {
            let than = uuid_of(field, than)?;
            Pushed::exact(if *or_equal {
                cql.le(than)
            } else {
                cql.lt(than)
            })
        }
        Condition::Greater { than, or_equal } => {
            let than = uuid_of(field, than)?;
            Pushed::exact(if *or_equal {
                cql.ge(than)
            } else {
                cql.gt(than)
            })
        }
        Condition::OneOf(values) => {
            let ids: Option<Vec<Uuid>> = values.iter().map(|id| uuid_of(field, id)).collect();
            unique(field, values.len(), cql.any_of(ids?))
        }
        Condition::NoneOf(values) => {
            let mut query = all();
            for value in values {
                query = query.and(field.cql().ne(uuid_of(field, value)?));
            }
            Pushed::exact(query)
        }
        Condition::Like {
            pattern,
            ignores_case,
        } => {
            let prefix = uuid_prefix(pattern).filter(|_| !ignores_case && !field.is_lowered)?;
            Pushed::superset(cql.starts_with(prefix))
        }
        Condition::NotNull => Pushed::exact(cql.is_defined()),
        Condition::Null => Pushed::exact(all().not(cql.is_defined())),
        Condition::NotLike | Condition::Has(_) | Condition::HasNot => return None,
    };
    match (field.kind, condition) {
        // The server stores `id` in lower case.
        (Kind::Uuid | Kind::Text, _) if field.path == "id" => Some(pushed),
        (Kind::Uuid, Condition::Equal(_) | Condition::OneOf(_)) => Some(pushed),
        // A UUID in another form than the usual one is not in the column, but in the database.
        (Kind::Uuid, Condition::Null) => None,
        (Kind::Uuid, _) => Some(pushed.inexact()),
        (Kind::Text, Condition::Null | Condition::NotNull) => Some(pushed),
        // As text, SQL distinguishes `A` from `a`.
        (Kind::Text, Condition::Equal(_) | Condition::OneOf(_) | Condition::Like { .. }) => {
            Some(pushed.inexact())
        }
        _ => None,
    }
}

/// A query for so many values of a key: each is that of one record, if the key is unique.
fn unique(field: &Field, values: usize, query: Cql) -> Pushed {
    let pushed = Pushed::exact(query);
    match field.path == "id" && field.evaluation == Evaluation::Key {
        true => pushed.at_most(values),
        false => pushed,
    }
}

/// A UUID of a filter. As text it must be in lower case and with hyphens: other text is never equal
/// to what the table shows, and has another order.
fn uuid_of(field: &Field, value: &Literal) -> Option<Uuid> {
    match (field.kind, value) {
        (Kind::Uuid, Literal::Uuid(uuid)) => Some(Uuid::from_u128(*uuid)),
        (Kind::Text, Literal::Text(text)) if !field.is_lowered => {
            let uuid = Uuid::try_parse(text).ok()?;
            (uuid.to_string() == *text).then_some(uuid)
        }
        _ => None,
    }
}

/// The beginning of a UUID in a pattern such as `1f%`.
fn uuid_prefix(pattern: &[Piece]) -> Option<String> {
    let (last, beginning) = pattern.split_last()?;
    let prefix: Option<String> = beginning.iter().map(Piece::character).collect();
    let prefix = prefix.filter(|prefix| *last == Piece::Many && !prefix.is_empty())?;
    // Filled up, it must be a UUID; the last digit is left out, because the server fills at least
    // one.
    let model = "00000000-0000-0000-0000-00000000000";
    let fits = prefix.len() <= model.len()
        && prefix
            .chars()
            .zip(model.chars())
            .all(|(at, model)| match model {
                '-' => at == '-',
                _ => matches!(at, '0'..='9' | 'a'..='f'),
            });
    fits.then_some(prefix)
}

/// A field in the stored JSON, compared as text.
fn stored(field: &Field, folding: Folding, condition: &Condition) -> Option<Pushed> {
    if field.is_lowered && field.kind != Kind::Text {
        return None;
    }
    match (field.kind, condition) {
        (Kind::Text, Condition::Null) => Some(absent(field)),
        (_, Condition::NotNull) => Some(Pushed::superset(field.cql().is_defined())),
        (Kind::Boolean, _) => boolean(field, condition),
        (Kind::Text | Kind::Uuid, Condition::Equal(value)) => equal(field, folding, value),
        (Kind::Text | Kind::Uuid, Condition::OneOf(values)) => one_of(field, folding, values),
        (
            Kind::Text,
            Condition::Like {
                pattern,
                ignores_case,
            },
        ) => text::like(field, folding, pattern, *ignores_case),
        (Kind::Texts | Kind::Uuids, Condition::Has(element)) => has(field, folding, element),
        (Kind::Exact | Kind::Float, _) => numeric(field, condition),
        (Kind::Time, _) => timely(field, condition),
        _ => None,
    }
}

/// The field is absent, or has another value than text, which the column shows as null: a number, a
/// boolean, a list or an object.
fn absent(field: &Field) -> Pushed {
    let digits = ('0'..='9').map(|digit| format!("{digit}*"));
    let others = ["-*", "[*", "{*", "true", "false"].map(str::to_owned);
    let query = all().not(field.cql().is_defined());
    let query = digits.chain(others).fold(query, |query, form| {
        query.or(field.cql().matches(Relation::Eq, form))
    });
    Pushed::superset(query)
}

fn equal(field: &Field, folding: Folding, value: &Literal) -> Option<Pushed> {
    match (field.kind, value) {
        (Kind::Text, Literal::Text(value)) => text::equal(field, folding, value),
        // Text in 8-4-4-4-12 form, in any case: the column holds no other form.
        (Kind::Uuid, Literal::Uuid(uuid)) if !folding.case => {
            let pushed = text::equal(field, folding, &Uuid::from_u128(*uuid).to_string())?;
            Some(pushed.inexact())
        }
        _ => None,
    }
}

fn one_of(field: &Field, folding: Folding, values: &[Literal]) -> Option<Pushed> {
    let each: Option<Vec<Pushed>> = values
        .iter()
        .map(|value| equal(field, folding, value))
        .collect();
    each?.into_iter().map(Some).reduce(Pushed::or)?
}

/// The JSON text of the list contains that of the element.
fn has(field: &Field, folding: Folding, element: &Literal) -> Option<Pushed> {
    let element = match element {
        Literal::Text(text) if text::is_term(text) => text.clone(),
        Literal::Uuid(uuid) if !folding.case => Uuid::from_u128(*uuid).to_string(),
        _ => return None,
    };
    // The element may be behind the prefix of an index.
    let is_whole = folding.first.is_none();
    is_whole.then(|| Pushed::superset(field.cql().has_element(element)))
}

fn boolean(field: &Field, condition: &Condition) -> Option<Pushed> {
    let value = match condition {
        Condition::Equal(Literal::Boolean(value)) => *value,
        Condition::Differs(Literal::Boolean(value)) => !value,
        _ => return None,
    };
    Some(Pushed::exact_by_type(field.cql().eq(value)))
}

fn numeric(field: &Field, condition: &Condition) -> Option<Pushed> {
    match condition {
        Condition::Equal(value) => number::equal(field, value),
        Condition::OneOf(values) => {
            let each: Option<Vec<Pushed>> = values
                .iter()
                .map(|value| number::equal(field, value))
                .collect();
            each?.into_iter().map(Some).reduce(Pushed::or)?
        }
        Condition::Less { than, or_equal } => number::between(field, None, Some((than, *or_equal))),
        Condition::Greater { than, or_equal } => {
            number::between(field, Some((than, *or_equal)), None)
        }
        _ => None,
    }
}

fn timely(field: &Field, condition: &Condition) -> Option<Pushed> {
    let micros = |value: &Literal| match value {
        Literal::Micros(micros) => Some(*micros),
        _ => None,
    };
    match condition {
        Condition::Equal(value) => {
            let at = micros(value)?;
            time::between(field, Some(at), Some(at))
        }
        Condition::OneOf(values) => {
            let all: Option<Vec<i64>> = values.iter().map(micros).collect();
            let all = all?;
            time::between(field, all.iter().min().copied(), all.iter().max().copied())
        }
        Condition::Less { than, .. } => time::between(field, None, Some(micros(than)?)),
        Condition::Greater { than, .. } => time::between(field, Some(micros(than)?), None),
        _ => None,
    }
}
