//! Compiles a query for a table: each term becomes a test, by the index of its field.

use crate::cql::error::CqlError;
use crate::cql::fulltext::{RejectedTerm, TextQuery, WordJoin, wanted};
use crate::cql::parser::{Clause, Join, Modifier, Parsed, SortClause, Term};
use crate::cql::plan::numeric;
pub(crate) use crate::cql::plan::{Compiled, Order, SortKey, SortKind, Test, Texts};
use crate::cql::uuid;
use crate::facts::tables::{Entry, JoinStep, Searched, Table, tables};
use crate::value::fold::{Fold, Pattern, literal};

const ISBN: &str = "8261054f-be78-422d-bd51-4ed9f33c3422";
const INVALID_ISBN: &str = "fcca2643-406a-482a-b760-7a7f8aec640e";

/// Modifiers that are understood; most of them change nothing in a condition.
const MODIFIERS: [&str; 9] = [
    "ignorecase",
    "respectcase",
    "ignoreaccents",
    "respectaccents",
    "string",
    "number",
    "masked",
    "sort.ascending",
    "sort.descending",
];

/// Makes tests of a query for a table; without one, all fields are searched for as those without an
/// index.
pub(crate) fn compile(parsed: &Parsed, table: Option<&Table>) -> Result<Compiled, CqlError> {
    Ok(Compiled {
        test: clause(&parsed.clause, table)?,
        sort: parsed
            .sort
            .iter()
            .map(|key| sort_key(key, table))
            .collect::<Result<_, _>>()?,
    })
}

fn clause(of: &Clause, table: Option<&Table>) -> Result<Test, CqlError> {
    match of {
        Clause::Prefix => Err(CqlError::unsupported(
            "Not implemented yet: org.z3950.zing.cql.CQLPrefixNode",
        )),
        Clause::Join(Join::Prox, ..) => Err(CqlError::unsupported(
            "Not implemented yet: org.z3950.zing.cql.CQLProxNode",
        )),
        Clause::Join(join, a, b) => {
            // RMB drops `or x=*` before it looks at it.
            if *join == Join::Or
                && let Clause::Term(term) = &**b
                && term.relation == "="
                && term.text == "*"
            {
                return clause(a, table);
            }
            let (a, b) = (Box::new(clause(a, table)?), Box::new(clause(b, table)?));
            Ok(match join {
                Join::And => Test::And(a, b),
                Join::Or => Test::Or(a, b),
                _ => Test::Not(a, b),
            })
        }
        Clause::Term(of) => term(of, table),
    }
}

fn is_uuid_field(field: &str, table: Option<&Table>) -> bool {
    field == "id"
        || table
            .and_then(|table| table.fields.get(field))
            .is_some_and(|searched| searched.uuid)
}

fn term(of: &Term, table: Option<&Table>) -> Result<Test, CqlError> {
    if of.index.eq_ignore_ascii_case("cql.allRecords") {
        return Ok(Test::All);
    }
    if let Some(table) = table {
        let (first, rest) = match of.index.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (of.index.as_str(), None),
        };
        if let Some(steps) = table.aliases.get(first) {
            let Some(rest) = rest else {
                return Err(CqlError::bare("Index 1 out of bounds for length 1"));
            };
            let there = steps.last().and_then(|step| match step {
                JoinStep::Parent { path, .. } | JoinStep::Children { path, .. } => {
                    tables().of(path)
                }
            });
            let of = Term {
                index: rest.to_owned(),
                ..of.clone()
            };
            return Ok(Test::Foreign(steps.clone(), Box::new(term(&of, there)?)));
        }
    }
    if of.index.eq_ignore_ascii_case("cql.serverChoice") {
        return Err(CqlError::validation(
            "cql.serverChoice requested, but no serverChoiceIndexes defined.",
        ));
    }
    if is_uuid_field(&of.index, table) {
        if let Some(modifier) = of.modifiers.first() {
            return Err(CqlError::validation(format!(
                "CQL: Unsupported modifier {}",
                modifier.name
            )));
        }
        return uuid::test(of);
    }
    let default = Searched::default();
    let searched = table
        .and_then(|table| table.fields.get(&of.index))
        .unwrap_or(&default);
    let mut number = false;
    for modifier in &of.modifiers {
        match modifier.name.as_str() {
            "number" => number = true,
            "string" => number = false,
            name if name.starts_with('@') || MODIFIERS.contains(&name) => {}
            name => {
                return Err(CqlError::unsupported(format!(
                    "CQL: Unsupported modifier {name}"
                )));
            }
        }
    }
    match of.relation.as_str() {
        "=" if !number => words(of, WordJoin::Phrase, &searched.words),
        "adj" => words(of, WordJoin::Phrase, &searched.words),
        "all" => words(of, WordJoin::All, &searched.words),
        "any" => words(of, WordJoin::Any, &searched.words),
        "==" | "<>" if !number => {
            array_modifiers(of, &searched.equals)?;
            let entry = &searched.equals;
            let field = if entry.multi.is_empty() {
                Texts::Field(of.index.clone())
            } else {
                Texts::Joined(entry.multi.clone())
            };
            Ok(Test::Like {
                field,
                fold: entry.fold,
                pattern: Pattern::new(&of.text, entry.fold),
                differs: of.relation == "<>",
                truncates: entry.truncates,
            })
        }
        relation => {
            let Some(relation) = Order::of(relation) else {
                return Err(CqlError::unsupported(format!(
                    "Relation {relation} not implemented yet: {} {relation} {}",
                    of.index, of.text
                )));
            };
            let term = literal(&of.text);
            if number {
                return Ok(Test::Number {
                    field: of.index.clone(),
                    relation,
                    term: numeric(&term)?,
                });
            }
            let fold = searched.compare.filter(|_| {
                searched.equals.multi.is_empty() && searched.equals.expression.is_none()
            });
            Ok(Test::Compare {
                field: of.index.clone(),
                fold,
                relation,
                term: fold.map_or_else(|| term.clone(), |fold| fold.apply(&term)),
            })
        }
    }
}

type ArrayModifiers = (Vec<String>, Vec<(String, String)>);

/// The modifiers of elements of a list that an entry knows: those without a value, and those with
/// one.
fn array_modifiers(of: &Term, entry: &Entry) -> Result<ArrayModifiers, CqlError> {
    let (mut plain, mut valued) = (Vec::new(), Vec::new());
    for Modifier { name, value } in &of.modifiers {
        let Some(wanted) = name.strip_prefix('@') else {
            continue;
        };
        let known = entry
            .modifiers
            .iter()
            .chain(&entry.subfield)
            .find(|known| known.eq_ignore_ascii_case(wanted))
            .ok_or_else(|| {
                CqlError::validation(format!("CQL: Unsupported relation modifier {name}"))
            })?;
        match value {
            None => plain.push(known.clone()),
            Some(("=", text)) => valued.push((known.clone(), text.clone())),
            Some(_) => {
                return Err(CqlError::validation(format!(
                    "CQL: Unsupported comparison for relation modifier {name}"
                )));
            }
        }
    }
    Ok((plain, valued))
}

fn rejected(why: RejectedTerm) -> CqlError {
    match why {
        RejectedTerm::Question => {
            CqlError::validation("? wildcard not allowed in full text query string")
        }
        RejectedTerm::Star(found) => CqlError::validation(format!(
            "* right truncation wildcard must be followed by space or end of string, but found {found}"
        )),
        RejectedTerm::Syntax(query) => {
            CqlError::database(format!("syntax error in tsquery: \"{query}\""), "42601")
        }
    }
}

fn words(of: &Term, join: WordJoin, entry: &Entry) -> Result<Test, CqlError> {
    let (plain, valued) = array_modifiers(of, entry)?;
    let isbn = match entry.expression.as_deref() {
        Some(expression) if expression.contains("invalid_isbns") => Some(INVALID_ISBN),
        Some(expression) if expression.contains("isbns") => Some(ISBN),
        _ => None,
    };
    let unaccent = entry.fold.unaccent;
    let text = match isbn {
        Some(_) => crate::cql::eval::digits_first(&of.text),
        None => of.text.clone(),
    };
    let wanted_words = wanted(&text, join, unaccent && isbn.is_none()).map_err(rejected)?;
    let field = match isbn {
        Some(kind) => {
            let list = if of.index.starts_with("item") {
                "instance.identifiers"
            } else {
                "identifiers"
            };
            Texts::Isbn(list.to_owned(), kind)
        }
        None if entry.multi.is_empty() => Texts::Field(of.index.clone()),
        None => Texts::Joined(entry.multi.clone()),
    };
    let whole = match &wanted_words {
        TextQuery::Everything => Test::All,
        TextQuery::Present => match field {
            Texts::Field(field) => Test::Present(field),
            _ => Test::All,
        },
        TextQuery::Words(query) => Test::Words {
            field,
            query: query.clone(),
            unaccent,
        },
    };
    if plain.is_empty() && valued.is_empty() {
        return Ok(whole);
    }
    let any = if plain.is_empty() {
        match &entry.subfield {
            Some(subfield) => vec![subfield.clone()],
            None => {
                return Err(CqlError::validation(format!(
                    "CQL: No arraySubfield defined for index {}",
                    of.index
                )));
            }
        }
    } else {
        plain
    };
    let mut also = Vec::new();
    for (name, text) in valued {
        if let TextQuery::Words(query) =
            wanted(&text, WordJoin::Phrase, unaccent).map_err(rejected)?
        {
            also.push((name, query));
        }
    }
    Ok(Test::And(
        Box::new(whole),
        Box::new(Test::Element {
            field: of.index.clone(),
            any,
            wanted: wanted_words,
            also,
        }),
    ))
}

fn sort_key(key: &SortClause, table: Option<&Table>) -> Result<SortKey, CqlError> {
    let mut fold = Fold::BOTH;
    let (mut descending, mut number) = (false, false);
    for Modifier { name, .. } in &key.modifiers {
        match name.as_str() {
            "sort.ascending" => descending = false,
            "sort.descending" => descending = true,
            "number" => number = true,
            "string" => number = false,
            "respectcase" => fold.lower = false,
            "ignorecase" => fold.lower = true,
            "respectaccents" => fold.unaccent = false,
            "ignoreaccents" => fold.unaccent = true,
            "masked" => {}
            name => {
                return Err(CqlError::unsupported(format!(
                    "CQL: Unsupported modifier {name}"
                )));
            }
        }
    }
    let kind = if is_uuid_field(&key.index, table) {
        SortKind::Uuid
    } else if number {
        SortKind::Json
    } else {
        SortKind::Text(fold)
    };
    Ok(SortKey {
        field: key.index.clone(),
        descending,
        kind,
        beyond: key
            .modifiers
            .iter()
            .map(|modifier| modifier.name.clone())
            .find(|name| !name.starts_with("sort.")),
    })
}
