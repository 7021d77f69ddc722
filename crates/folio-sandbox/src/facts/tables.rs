//! Facts of the storage modules' schemas about their tables: how each field is searched, which
//! values are unique, and which records reference which. The facts are in `data/cql-indexes.jsonl`
//! and `data/schemas.jsonl`; no table is known here by name.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::value::fold::Fold;

const FACTS: [&str; 2] = [
    include_str!("../../data/cql-indexes.jsonl"),
    include_str!("../../data/schemas.jsonl"),
];

/// A table and the collection that shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) fields: HashMap<String, Searched>,
    pub(crate) unique: Vec<Unique>,
    pub(crate) foreign: Vec<Foreign>,
    /// The first segment of a field of another table, and the way there.
    pub(crate) aliases: HashMap<String, Vec<JoinStep>>,
}

/// How a field is searched for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Searched {
    /// `id` and foreign keys are compared as UUIDs.
    pub(crate) uuid: bool,
    pub(crate) equals: Entry,
    /// The folding of comparisons; none where the raw value is compared.
    pub(crate) compare: Option<Fold>,
    pub(crate) words: Entry,
}

/// An entry of an index.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) fold: Fold,
    pub(crate) multi: Vec<String>,
    pub(crate) expression: Option<String>,
    pub(crate) subfield: Option<String>,
    pub(crate) modifiers: Vec<String>,
    /// Only the first 600 characters are in the index.
    pub(crate) truncates: bool,
}

/// Values that no two records share.
#[derive(Clone, Debug)]
pub(crate) struct Unique {
    pub(crate) fields: Vec<String>,
    pub(crate) fold: Fold,
    pub(crate) condition: Option<String>,
    pub(crate) constraint: String,
    /// The expression of the index, as errors show it.
    pub(crate) key: String,
    pub(crate) message: String,
}

/// A field whose value is the id of another record.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    pub(crate) field: String,
    pub(crate) column: String,
    pub(crate) target: String,
    pub(crate) constraint: String,
    module: String,
    /// Its position among all: PostgreSQL checks them in the order of their creation.
    pub(crate) rank: usize,
}

/// A step from a record to others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JoinStep {
    /// To the record whose id this field has.
    Parent { field: String, path: String },
    /// To the records of a collection whose field has the id.
    Children { path: String, field: String },
}

/// All tables.
pub(crate) struct Tables {
    by_path: HashMap<String, Table>,
    /// By module and name.
    paths: HashMap<(String, String), String>,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            fold: Fold::BOTH,
            multi: Vec::new(),
            expression: None,
            subfield: None,
            modifiers: Vec::new(),
            truncates: false,
        }
    }
}

fn text(row: &Value, key: &str) -> Option<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn texts(row: &Value, key: &str) -> Vec<String> {
    let list = row.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

fn fold(row: &Value) -> Fold {
    let flag = |key: &str| row.get(key).and_then(Value::as_bool);
    Fold {
        lower: !flag("caseSensitive").unwrap_or(false),
        unaccent: flag("removeAccents").unwrap_or(true),
    }
}

fn entry(row: Option<&Value>) -> Entry {
    let Some(row) = row else {
        return Entry::default();
    };
    Entry {
        fold: fold(row),
        multi: texts(row, "multi"),
        expression: text(row, "sqlExpression"),
        subfield: text(row, "arraySubfield"),
        modifiers: texts(row, "arrayModifiers"),
        truncates: row.get("truncate600").and_then(Value::as_bool) == Some(true),
    }
}

/// The tables of the modules.
pub(crate) fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let rows: Vec<Value> = FACTS
            .iter()
            .flat_map(|facts| facts.lines())
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        Tables::new(&rows)
    })
}

impl Tables {
    fn new(rows: &[Value]) -> Self {
        let mut by_path: HashMap<String, Table> = HashMap::new();
        let mut paths = HashMap::new();
        let mut conditions: HashMap<(String, String), String> = HashMap::new();
        for (rank, row) in rows.iter().enumerate() {
            let (Some(name), Some(path)) = (text(row, "table"), text(row, "path")) else {
                continue;
            };
            let module = text(row, "module").unwrap_or_default();
            paths.insert((module.clone(), name.clone()), path.clone());
            let table = by_path.entry(path).or_default();
            table.name.clone_from(&name);
            let field = text(row, "field").unwrap_or_default();
            match row.get("kind").and_then(Value::as_str) {
                Some("evaluation") => {
                    let searched = Searched {
                        uuid: row.get("all").is_some(),
                        equals: entry(row.get("equals_string")),
                        compare: row
                            .get("compare")
                            .filter(|compare| text(compare, "source").as_deref() == Some("index"))
                            .map(fold),
                        words: entry(row.get("fullText")),
                    };
                    table.fields.insert(field, searched);
                }
                Some("uniqueIndex") => {
                    if let Some(condition) = text(row, "onlyWhere") {
                        conditions.insert((name, field), condition);
                    }
                }
                Some("unique") => {
                    let fields = texts(row, "fields");
                    let compare = text(row, "compare").unwrap_or_default();
                    let condition = conditions.get(&(name, fields.join(", "))).cloned();
                    table.unique.push(Unique {
                        fold: Fold {
                            lower: compare.contains("lower"),
                            unaccent: compare.contains("unaccent"),
                        },
                        condition,
                        constraint: text(row, "constraint").unwrap_or_default(),
                        key: text(row, "keyInErrors").unwrap_or_default(),
                        message: text(row, "rmbMessage").unwrap_or_default(),
                        fields,
                    });
                }
                Some("foreignKey") => table.foreign.push(Foreign {
                    field,
                    column: text(row, "column").unwrap_or_default(),
                    target: text(row, "target").unwrap_or_default(),
                    constraint: text(row, "constraint").unwrap_or_default(),
                    module,
                    rank,
                }),
                _ => {}
            }
        }
        let mut tables = Self { by_path, paths };
        for row in rows {
            tables.alias(row);
        }
        tables
    }

    /// Adds the aliases of a foreign key, or of a path of several.
    fn alias(&mut self, row: &Value) {
        let (Some(own), Some(target)) = (text(row, "path"), text(row, "target")) else {
            return;
        };
        let fields = match row.get("kind").and_then(Value::as_str) {
            Some("foreignKey") => text(row, "field").into_iter().collect(),
            Some("foreignPath") => texts(row, "via"),
            _ => return,
        };
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let mut here = own.clone();
        for field in fields {
            let next = self
                .by_path
                .get(&here)
                .and_then(|table| table.foreign.iter().find(|foreign| foreign.field == field))
                .and_then(|foreign| self.path(foreign))
                .map(str::to_owned);
            let Some(next) = next else { return };
            down.insert(
                0,
                JoinStep::Children {
                    path: here,
                    field: field.clone(),
                },
            );
            up.push(JoinStep::Parent {
                field,
                path: next.clone(),
            });
            here = next;
        }
        if let (Some(alias), Some(table)) = (text(row, "parentAlias"), self.by_path.get_mut(&own)) {
            table.aliases.insert(alias, up);
        }
        if let Some(alias) = text(row, "childAlias")
            && let module = text(row, "module").unwrap_or_default()
            && let Some(path) = self.paths.get(&(module, target))
            && let Some(table) = self.by_path.get_mut(path)
        {
            table.aliases.insert(alias, down);
        }
    }

    /// The table that a collection shows.
    pub(crate) fn of(&self, path: &str) -> Option<&Table> {
        self.by_path.get(path)
    }

    /// The collection that shows the table to which a foreign key refers.
    pub(crate) fn path(&self, foreign: &Foreign) -> Option<&str> {
        let key = (foreign.module.clone(), foreign.target.clone());
        self.paths.get(&key).map(String::as_str)
    }
}
