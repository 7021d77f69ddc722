//! Documentation of what an operation takes.

use serde_json::Value;

use super::route::route_key;
use super::schema_facts::facts;
use super::types::introduced;
use crate::context::Context;
use crate::document::{escaped, list};
use crate::facts::Operation;
use crate::subject::{Subject, lookup, since};
use crate::text::{code, prose};

/// The sentence about a parameter, and its facts.
pub(super) struct Described {
    pub(super) sentence: Option<String>,
    pub(super) facts: Vec<String>,
}

/// What is known of a parameter of the path or the query string.
pub(super) fn described(context: &Context<'_>, operation: &Operation, name: &str) -> Described {
    let document = context.document;
    let route = route_key(operation);
    let sentence = lookup(context.home())
        .parameter(&route, name)
        .map(|it| prose(it));
    let mut known = subject(context, operation, name)
        .map(|subject| facts(&subject))
        .unwrap_or_default();
    known.extend(since(document, &format!("{route} {name}")).map(introduced));
    Described {
        sentence,
        facts: known,
    }
}

/// The schema of a parameter.
fn subject<'a>(context: &Context<'a>, operation: &Operation, name: &str) -> Option<Subject<'a>> {
    let path = format!("/paths/{}", escaped(&operation.path));
    let own = format!("{path}/{}", operation.method);
    [own, path].into_iter().find_map(|at| {
        let value = context.document.root.pointer(&at)?;
        let is_it =
            |parameter: &&Value| parameter["name"] == name && parameter["schema"].is_object();
        let found = list(value, "parameters").iter().find(is_it)?;
        Some(Subject::inline(context.home(), &found["schema"]))
    })
}

/// The documentation of a setter of the query string.
pub(crate) fn parameter(context: &Context<'_>, operation: &Operation, name: &str) -> Vec<String> {
    let Described { sentence, facts } = described(context, operation, name);
    let facts = match facts.is_empty() {
        true => String::new(),
        false => format!(": {}", facts.join("; ")),
    };
    let known = format!("The query parameter {}{facts}.", code(name));
    match sentence {
        Some(sentence) => vec![sentence, String::new(), known],
        None => vec![known],
    }
}

/// The entry of a parameter in the list of an operation.
pub(super) fn entry(
    context: &Context<'_>,
    operation: &Operation,
    name: &str,
    function: &str,
) -> String {
    let Described { sentence, facts } = described(context, operation, name);
    let name_in_document = match function == name {
        true => Vec::new(),
        false => vec![code(name)],
    };
    let facts: Vec<String> = name_in_document.into_iter().chain(facts).collect();
    let facts = match facts.is_empty() {
        true => String::new(),
        false => format!(" ({})", facts.join("; ")),
    };
    match sentence {
        Some(sentence) => format!("- {}{facts}: {sentence}", code(function)),
        None => format!("- {}{facts}", code(function)),
    }
}
