//! Overrides: named, explained fix-ups of what a module's published description gets wrong. They are data, in
//! `specs/overrides/<module>.toml`, never a case in the importer.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::descriptor::{route_key, shape, unstarred};
use crate::error::{Error, Result};
use crate::facts::{Absent, Creates, Deletes, Facts};
use crate::files;
use crate::module::Entry;
use crate::source::{Content, Operation, Request, Schemas};

/// The overrides of all modules.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    modules: BTreeMap<String, File>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    paging: Option<Paging>,
    #[serde(rename = "read-only")]
    read_only: Option<ReadOnly>,
    #[serde(default)]
    fix: Vec<Fix>,
    #[serde(default)]
    describe: Vec<Describe>,
    #[serde(default)]
    fact: Vec<Fact>,
    #[serde(default)]
    list: Vec<List>,
}

/// How a list may be read, as recordings or the module's source show it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// Method and path as in the canonical document, `GET /things`.
    operation: String,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
    /// `false`: the server rejects `sortBy`.
    pub(crate) sort: Option<bool>,
    /// `false`: the server knows no `cql.allRecords`.
    pub(crate) all: Option<bool>,
    /// `false`: the list has no query.
    pub(crate) query: Option<bool>,
    /// The largest page that the server gives.
    pub(crate) max: Option<u64>,
    /// The style of its pages, where its parameters do not tell: `whole` for one that takes no `limit`, `browse` for one of one page.
    pub(crate) style: Option<String>,
    /// The kind of record that a resource job of mod-search lists the ids of, where a list shows only some of its records.
    pub(crate) job: Option<String>,
    /// `false`: it cannot be read to its end, whatever its parameters are.
    pub(crate) paged: Option<bool>,
}

/// What a server does, as recordings or the module's source show it: it corrects what is derived from the description.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    /// Method and path as in the canonical document, `DELETE /things`.
    operation: Option<String>,
    /// Several of them.
    #[serde(default)]
    operations: Vec<String>,
    reason: String,
    deletes: Option<Deletes>,
    creates: Option<Creates>,
    absent: Option<Absent>,
    effect: Option<bool>,
    sensitive: Option<bool>,
    versioned: Option<bool>,
    /// Replaces what is derived; an empty list where the server takes all of it.
    omits: Option<Vec<String>>,
}

impl Fact {
    fn operations(&self) -> impl Iterator<Item = &String> {
        self.operation.iter().chain(&self.operations)
    }

    fn facts(&self) -> Facts {
        Facts {
            deletes: self.deletes.clone(),
            creates: self.creates,
            absent: self.absent,
            effect: self.effect,
            sensitive: self.sensitive,
            versioned: self.versioned,
            omits: self.omits.clone(),
        }
    }
}

/// A schema that a module publishes for an operation that its description leaves out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Describe {
    name: String,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
    /// Method and path as the descriptor has them, `POST /things/check`.
    operation: String,
    /// The file of the schema of what is sent.
    request: Option<String>,
    /// The file of the schema of what comes back.
    response: Option<String>,
    /// The media type of both, where it is not JSON.
    #[serde(rename = "media-type")]
    media_type: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    style: String,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
}

/// What becomes of the read-only properties of the module's bodies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadOnly {
    /// `false`: the module does not read what is sent of them, and they are not sent.
    sent: bool,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
}

/// One fix-up of a canonical document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fix {
    name: String,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
    /// A JSON pointer into the canonical document; several, where releases name the same thing differently.
    at: Pointers,
    /// What is to stand there.
    set: Option<toml::Value>,
    /// The key that it is to have instead.
    rename: Option<String>,
    /// Whether what stands there goes.
    #[serde(default)]
    remove: bool,
    /// An element of the list there that goes.
    without: Option<String>,
    /// Where in the document a copy of that is, which is to stand there.
    copy: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Pointers {
    One(String),
    Several(Vec<String>),
}

impl Overrides {
    /// Reads the overrides of a folder; none where there is no such folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut modules = BTreeMap::new();
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Ok(Self::default());
        };
        for entry in entries {
            let path = entry
                .map_err(|error| Error::file(folder, error.to_string()))?
                .path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Error::file(&path, error.to_string()))?;
            let file: File =
                toml::from_str(&text).map_err(|error| Error::file(&path, error.to_string()))?;
            for fix in &file.fix {
                let said = [
                    fix.set.is_some(),
                    fix.rename.is_some(),
                    fix.remove,
                    fix.without.is_some(),
                    fix.copy.is_some(),
                ];
                if said.iter().filter(|said| **said).count() != 1 {
                    return Err(Error::file(
                        &path,
                        format!(
                            "the fix `{}` needs one of `set`, `rename`, `remove`, `without`, `copy`",
                            fix.name
                        ),
                    ));
                }
            }
            modules.insert(
                path.file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                file,
            );
        }
        Ok(Self { modules })
    }

    /// How the lists of a module are paged, where its parameters do not tell.
    pub fn paging_style(&self, module: &str) -> Option<String> {
        Some(self.modules.get(module)?.paging.as_ref()?.style.clone())
    }

    /// Whether read-only properties of a module's bodies are sent: so they are, unless it is stated that the module does not read them.
    pub(crate) fn sends_read_only(&self, module: &str) -> bool {
        let stated = self
            .modules
            .get(module)
            .and_then(|file| file.read_only.as_ref());
        stated.is_none_or(|stated| stated.sent)
    }

    /// What is stated about a list.
    pub(crate) fn list(&self, module: &str, path: &str) -> Option<&List> {
        self.modules.get(module)?.list.iter().find(|list| {
            let stated = list.operation.split_once(' ');
            stated.is_some_and(|(_, other)| shape(other) == shape(path))
        })
    }

    /// The lists about which something is stated, by module.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &str)> {
        self.modules.iter().flat_map(|(module, file)| {
            let lists = file.list.iter();
            lists.map(move |list| (&**module, &*list.operation))
        })
    }

    /// What is stated about an operation, in the order in which it stands.
    pub(crate) fn facts(&self, module: &str, method: &str, path: &str) -> Facts {
        let mut facts = Facts::default();
        for fact in self.stated(module, method, path) {
            facts.correct(&fact.facts());
        }
        facts
    }

    /// Why a fact is stated about an operation: the last reason that comes with it.
    pub(crate) fn reason(
        &self,
        module: &str,
        method: &str,
        path: &str,
        states: fn(&Facts) -> bool,
    ) -> Option<&str> {
        let stated = self.stated(module, method, path);
        let fact = stated.filter(|fact| states(&fact.facts())).last()?;
        Some(&fact.reason)
    }

    fn stated(&self, module: &str, method: &str, path: &str) -> impl Iterator<Item = &Fact> {
        let stated = self.modules.get(module).into_iter();
        stated.flat_map(|file| &file.fact).filter(move |fact| {
            fact.operations().any(|operation| {
                operation.split_once(' ').is_some_and(|(verb, other)| {
                    verb.eq_ignore_ascii_case(method) && shape(other) == shape(path)
                })
            })
        })
    }

    /// The operations about which something is stated, by module: `GET /things`.
    pub fn operations_with_facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.modules.iter().flat_map(|(module, file)| {
            let operations = file.fact.iter().flat_map(Fact::operations);
            operations.map(move |operation| (&**module, &**operation))
        })
    }

    /// Adds the operations that are described here only, where the module's own descriptions lack them. What is no longer there is told as a
    /// problem of the module.
    pub(crate) fn describe(
        &self,
        entry: &Entry,
        operations: &mut Vec<Operation>,
        schemas: &mut Schemas,
    ) {
        for described in self
            .modules
            .get(&entry.name)
            .into_iter()
            .flat_map(|file| &file.describe)
        {
            let (method, path) = described
                .operation
                .split_once(' ')
                .unwrap_or(("", &described.operation));
            let method = method.to_lowercase();
            let known = operations
                .iter_mut()
                .find(|other| other.method == method && route_key(&other.path) == route_key(path));
            // A description may name a route and say nothing of what it gives.
            let lacks_answer = described.response.is_some()
                && described.request.is_none()
                && known
                    .as_ref()
                    .is_some_and(|known| !known.says_what_it_gives());
            let files = [&described.request, &described.response];
            let missing = files
                .into_iter()
                .flatten()
                .find(|file| !entry.folder.join(file).is_file());
            let stale = if known.is_some() && !lacks_answer {
                Some("the module describes the operation itself by now".to_owned())
            } else {
                missing.map(|file| format!("the module has no `{file}`"))
            };
            if let Some(why) = stale {
                schemas.stale.push(format!("{} ({why})", described.name));
                continue;
            }
            let content = |file: &Option<String>| {
                let schema = file.as_ref().map(|file| {
                    let file = files::clean(&entry.folder.join(file));
                    json!({"$ref": format!("{}#", file.display())})
                });
                let media_type = described
                    .media_type
                    .as_deref()
                    .unwrap_or("application/json");
                Content::from([(media_type.to_owned(), schema)])
            };
            if let Some(known) = known {
                known
                    .responses
                    .insert("200".to_owned(), content(&described.response));
                continue;
            }
            let takes = described.request.is_some() || matches!(&*method, "post" | "put" | "patch");
            operations.push(Operation {
                path: unstarred(path),
                root: described
                    .request
                    .as_ref()
                    .or(described.response.as_ref())
                    .cloned()
                    // What is said here only.
                    .unwrap_or_else(|| format!("overrides/{}.toml", entry.name)),
                upstream_id: None,
                parameters: Vec::new(),
                request: takes.then(|| Request {
                    required: described.request.is_some(),
                    content: content(&described.request),
                }),
                responses: [("200".to_owned(), content(&described.response))]
                    .into_iter()
                    // What is downloaded is there; of JSON that nobody describes there may be none.
                    .chain(
                        (described.response.is_some() || described.media_type.is_none())
                            .then(|| ("204".to_owned(), Content::new())),
                    )
                    .collect(),
                deprecated: false,
                collection_post: false,
                rmb: false,
                supplement: None,
                ours: None,
                method,
            });
        }
    }

    /// Applies the fixes of a module; gives the names of those that changed nothing.
    pub fn apply(&self, module: &str, document: &mut Value) -> Vec<String> {
        let mut stale = Vec::new();
        for fix in self
            .modules
            .get(module)
            .into_iter()
            .flat_map(|file| &file.fix)
        {
            if !fix.apply(document) {
                stale.push(fix.name.clone());
            }
        }
        stale
    }
}

impl Fix {
    /// Whether it changed something.
    fn apply(&self, document: &mut Value) -> bool {
        let pointers = match &self.at {
            Pointers::One(at) => std::slice::from_ref(at),
            Pointers::Several(at) => at,
        };
        let mut changed = false;
        for at in pointers {
            changed |= self.apply_at(at, document);
        }
        changed
    }

    fn apply_at(&self, at: &str, document: &mut Value) -> bool {
        let Some((parent, last)) = at.rsplit_once('/') else {
            return false;
        };
        let last = last.replace("~1", "/").replace("~0", "~");
        if let Some(gone) = &self.without {
            let Some(Value::Array(list)) = document.pointer_mut(at) else {
                return false;
            };
            let before = list.len();
            list.retain(|element| element != gone.as_str());
            return list.len() < before;
        }
        let copied = match self.copy.as_deref().map(|from| document.pointer(from)) {
            None => None,
            Some(None) => return false,
            Some(Some(value)) => {
                let mut value = value.clone();
                // The copy has another name than its source gives.
                if let Some(Value::Object(folio)) = value.get_mut("x-folio") {
                    folio.remove("sources");
                }
                Some(value)
            }
        };
        let Some(Value::Object(parent)) = document.pointer_mut(parent) else {
            return false;
        };
        if let Some(value) = copied {
            return parent.insert(last, value.clone()).as_ref() != Some(&value);
        }
        if let Some(name) = &self.rename {
            let renamed = parent.remove(&last);
            // Where releases have different names, one of them has that which is wanted.
            let several = matches!(self.at, Pointers::Several(_));
            let changed = renamed.is_some() && (several || last != *name);
            if let Some(value) = renamed {
                parent.insert(name.clone(), value);
            }
            return changed;
        }
        match &self.set {
            Some(value) => {
                let value = serde_json::to_value(value).unwrap_or_default();
                parent.insert(last, value.clone()).as_ref() != Some(&value)
            }
            None => parent.remove(&last).is_some(),
        }
    }
}
