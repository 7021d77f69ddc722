//! Every field of every record may be absent, `null` or of another type, and nothing else changes
//! by it.
//!
//! For each record of the enabled modules, JSON is made by its description; then one of its values,
//! on any level, is taken away or replaced.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use folio_sdk::Record;
use folio_test_support::files::documents;
use folio_test_support::threads::each;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

// `RECORDS` and `reread(module, record, json)`, with each record of the build.
folio_codegen_tests::rereads!();

type Reread = Result<(String, Vec<String>, Vec<folio_sdk::Mistyped>), String>;

/// A record of any type: what is checked is compiled once, not for each of them.
trait AnyRecord {
    fn missing(&self) -> Vec<String>;
    fn mistyped(&self) -> Vec<folio_sdk::Mistyped>;
    fn text(&self) -> serde_json::Result<String>;
    fn is_same(&self, other: &dyn Any) -> bool;
    fn copy(&self) -> Box<dyn AnyRecord>;
    fn any(&self) -> &dyn Any;
}

impl<T: Record + Serialize> AnyRecord for T {
    fn missing(&self) -> Vec<String> {
        Record::missing(self)
    }

    fn mistyped(&self) -> Vec<folio_sdk::Mistyped> {
        Record::mistyped(self)
    }

    fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    fn is_same(&self, other: &dyn Any) -> bool {
        match other.downcast_ref::<T>() {
            Some(other) => self == other,
            None => false,
        }
    }

    fn copy(&self) -> Box<dyn AnyRecord> {
        Box::new(self.clone())
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

type Read = fn(&[u8], Reader) -> serde_json::Result<Box<dyn AnyRecord>>;

#[derive(Clone, Copy)]
enum Reader {
    Sdk,
    // Of bytes as well: each source of JSON is another copy of all code that reads.
    Serde,
}

fn read<T: Record + DeserializeOwned + Serialize>(
    json: &[u8],
    reader: Reader,
) -> serde_json::Result<Box<dyn AnyRecord>> {
    let record: T = match reader {
        Reader::Sdk => folio_sdk::read_json(json)?,
        Reader::Serde => serde_json::from_slice(json)?,
    };
    Ok(Box::new(record))
}

fn of<T: Record + DeserializeOwned + Serialize>(json: &str) -> Reread {
    reread_by(read::<T>, json).map_err(|error| error.to_string())
}

fn reread_by(
    read: Read,
    json: &str,
) -> serde_json::Result<(String, Vec<String>, Vec<folio_sdk::Mistyped>)> {
    let record = read(json.as_bytes(), Reader::Sdk)?;
    let by_serde = read(json.as_bytes(), Reader::Serde)?;
    assert_eq!(record.missing(), by_serde.missing());
    let paths = |record: &dyn AnyRecord| -> Vec<String> {
        let mistyped = record.mistyped().into_iter();
        mistyped.map(|mistyped| mistyped.path).collect()
    };
    assert_eq!(paths(&*record), paths(&*by_serde));
    let text = record.text()?;
    // What was written reads as the same record.
    let again = read(text.as_bytes(), Reader::Sdk)?;
    assert!(
        again.is_same(record.any()),
        "{json} and {text} are not the same"
    );
    // So does a clone, with what did not fit; and no other record is the same.
    let clone = record.copy();
    assert!(
        clone.is_same(record.any()),
        "{json} and its clone are not the same"
    );
    assert_eq!(clone.text()?, text);
    assert_eq!(clone.missing(), record.missing());
    assert_eq!(paths(&*clone), paths(&*record));
    let empty = read(b"{}", Reader::Sdk)?;
    let is_empty = empty.text()? == text;
    assert_eq!(record.is_same(empty.any()), is_empty, "{json} and {{}}");
    Ok((text, record.missing(), record.mistyped()))
}

/// JSON with the text of its scalars.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Scalar(String),
    List(Vec<Node>),
    Object(BTreeMap<String, Node>),
}

impl Node {
    fn read(json: &RawValue) -> Self {
        let text = json.get();
        match text.as_bytes().first() {
            Some(b'[') => {
                let list: Vec<Box<RawValue>> = serde_json::from_str(text).unwrap();
                Self::List(list.iter().map(|it| Self::read(it)).collect())
            }
            Some(b'{') => {
                let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
                let member = |(key, it): (String, Box<RawValue>)| (key, Self::read(&it));
                Self::Object(members.into_iter().map(member).collect())
            }
            _ => Self::Scalar(text.to_owned()),
        }
    }

    fn of(text: &str) -> Self {
        Self::read(serde_json::from_str(text).unwrap())
    }

    fn text(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::List(list) => {
                let list: Vec<String> = list.iter().map(Self::text).collect();
                format!("[{}]", list.join(","))
            }
            Self::Object(members) => {
                let member =
                    |(key, it): (&String, &Self)| format!("{}:{}", Value::from(&**key), it.text());
                format!(
                    "{{{}}}",
                    members.iter().map(member).collect::<Vec<_>>().join(",")
                )
            }
        }
    }

    /// Replaces the value at a place, or takes it away.
    fn put(&mut self, path: &[Step], new: Option<Self>) {
        match (self, path) {
            (Self::Object(members), [Step::Key(key)]) => {
                match new {
                    Some(new) => members.insert(key.clone(), new),
                    None => members.remove(key),
                };
            }
            (Self::List(list), [Step::At(index)]) => match new {
                Some(new) => list[*index] = new,
                None => _ = list.remove(*index),
            },
            (Self::Object(members), [Step::Key(key), rest @ ..]) => {
                members.get_mut(key).unwrap().put(rest, new);
            }
            (Self::List(list), [Step::At(index), rest @ ..]) => list[*index].put(rest, new),
            (node, path) => panic!("no {path:?} in {node:?}"),
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    At(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    Record,
    Map,
    List,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Required,
    Optional,
    Element,
    Entry,
}

/// A value that a field, an element or an entry of a map has, as it is described.
#[derive(Clone, Debug)]
struct Site {
    path: Vec<Step>,
    kind: Kind,
    role: Role,
}

impl Site {
    fn shown(&self) -> String {
        let mut shown = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if shown.is_empty() => shown.push_str(key),
                Step::Key(key) => shown.push_str(&format!(".{key}")),
                Step::At(index) => shown.push_str(&format!("[{index}]")),
            }
        }
        shown
    }
}

/// Makes JSON by descriptions.
struct Maker<'a> {
    documents: &'a BTreeMap<String, Value>,
    random: fastrand::Rng,
    sites: Vec<Site>,
    path: Vec<Step>,
}

impl<'a> Maker<'a> {
    fn resolve(&self, document: &'a str, schema: &'a Value) -> (&'a str, &'a Value) {
        let Some(reference) = schema["$ref"].as_str() else {
            return (document, schema);
        };
        let (file, pointer) = reference.split_once('#').unwrap();
        let (document, _) = match file.strip_suffix(".json") {
            Some(name) => self.documents.get_key_value(name).unwrap(),
            None => self.documents.get_key_value(document).unwrap(),
        };
        let schema = self.documents[document].pointer(pointer).unwrap();
        self.resolve(document, schema)
    }

    /// What a schema has with those that it is made of: its properties, each with its document, and
    /// the required ones.
    fn parts(
        &self,
        document: &'a str,
        schema: &'a Value,
        properties: &mut BTreeMap<String, (&'a str, &'a Value)>,
        required: &mut Vec<String>,
    ) {
        let (document, schema) = self.resolve(document, schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.parts(document, part, properties, required);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            properties.insert(name.clone(), (document, property));
        }
        let names = schema["required"].as_array().into_iter().flatten();
        required.extend(names.filter_map(Value::as_str).map(str::to_owned));
    }

    fn site(&mut self, role: Option<Role>, kind: Kind) {
        if let Some(role) = role {
            self.sites.push(Site {
                path: self.path.clone(),
                kind,
                role,
            });
        }
    }

    fn make(&mut self, document: &'a str, schema: &'a Value, role: Option<Role>) -> Node {
        let count = self.sites.len();
        let node = self.make_all(document, schema, role);
        let (_, schema) = self.resolve(document, schema);
        let parts = schema["allOf"].as_array();
        let mut all = parts.into_iter().flatten().chain([schema]);
        if all.any(|part| part.get("discriminator").is_some()) {
            // A base of several records: which one it is depends on all that it has.
            self.sites.truncate(count);
        }
        node
    }

    fn make_all(&mut self, document: &'a str, schema: &'a Value, role: Option<Role>) -> Node {
        let (document, schema) = self.resolve(document, schema);
        // An element that may be null has a place for it; a required field that may be null is
        // optional.
        let role = match role {
            Some(Role::Required) if schema["nullable"] == true => Some(Role::Optional),
            Some(Role::Element | Role::Entry) if schema["nullable"] == true => None,
            role => role,
        };
        let scalar = |text: &str| Node::Scalar(text.to_owned());
        // Something that has a name, and a default besides.
        if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice)
            && schema.get("properties").is_none()
            && self.resolve(document, only).1["type"] != "object"
        {
            return self.make(document, only, role);
        }
        let has_union = schema.get("oneOf").is_some() || schema.get("anyOf").is_some();
        if has_union {
            // Which variant it is depends on all that it has: nothing of it is changed.
            let first = schema["oneOf"].get(0).or(schema["anyOf"].get(0)).unwrap();
            let count = self.sites.len();
            let node = self.make(document, first, None);
            self.sites.truncate(count);
            return node;
        }
        match schema["type"].as_str() {
            Some("string") if schema["format"] == "binary" => scalar("\"x\""),
            Some("string") => {
                self.site(role, Kind::Text);
                match (schema["enum"].get(0), schema["format"].as_str()) {
                    (Some(first), _) => scalar(&first.to_string()),
                    (_, Some("uuid")) => scalar("\"69640328-788e-43fc-9c3c-AF39E243F3B7\""),
                    (_, Some("date-time")) => scalar("\"2025-05-01T02:00:17.887+0000\""),
                    _ => scalar("\"text\""),
                }
            }
            Some("integer") => {
                self.site(role, Kind::Integer);
                scalar("20")
            }
            Some("number") => {
                self.site(role, Kind::Number);
                scalar("10.10")
            }
            Some("boolean") => {
                self.site(role, Kind::Boolean);
                scalar("true")
            }
            Some("array") => {
                self.site(role, Kind::List);
                let count = if self.path.len() > 6 { 1 } else { 3 };
                let items = &schema["items"];
                let element = |maker: &mut Self, index| {
                    maker.path.push(Step::At(index));
                    let node = maker.make(document, items, Some(Role::Element));
                    maker.path.pop();
                    node
                };
                Node::List((0..count).map(|index| element(self, index)).collect())
            }
            _ => {
                let (mut properties, mut required) = (BTreeMap::new(), Vec::new());
                self.parts(document, schema, &mut properties, &mut required);
                if properties.is_empty() {
                    return self.map(document, schema, role);
                }
                self.site(role, Kind::Record);
                let mut members = BTreeMap::new();
                for (name, (document, property)) in properties {
                    // The number of records is optional everywhere.
                    let is_required = required.contains(&name) && name != "totalRecords";
                    let is_deep = self.path.len() > 5;
                    if !is_required && (is_deep || self.random.u8(..4) == 0) {
                        continue;
                    }
                    self.path.push(Step::Key(name.clone()));
                    let role = if is_required {
                        Role::Required
                    } else {
                        Role::Optional
                    };
                    members.insert(name, self.make(document, property, Some(role)));
                    self.path.pop();
                }
                Node::Object(members)
            }
        }
    }

    fn map(&mut self, document: &'a str, schema: &'a Value, role: Option<Role>) -> Node {
        let values = &schema["additionalProperties"];
        if schema["type"] != "object"
            || !values.is_object()
            || values.as_object().unwrap().is_empty()
        {
            // Any JSON.
            return Node::of(r#"{"any":[1.10,null]}"#);
        }
        self.site(role, Kind::Map);
        let entry = |maker: &mut Self, key: &str| {
            maker.path.push(Step::Key(key.to_owned()));
            let node = maker.make(document, values, Some(Role::Entry));
            maker.path.pop();
            (key.to_owned(), node)
        };
        Node::Object(["a", "b"].into_iter().map(|key| entry(self, key)).collect())
    }
}

/// What is not of a kind.
fn others(kind: Kind) -> Vec<&'static str> {
    let all = [
        ("7", &[Kind::Integer, Kind::Number][..]),
        ("1.10", &[Kind::Number]),
        ("12345678901234567890", &[Kind::Number]),
        ("true", &[Kind::Boolean]),
        (r#""x""#, &[Kind::Text]),
        (r#""20""#, &[Kind::Text]),
        (r#""Infinity""#, &[Kind::Text]),
        (r#"[1.10,{"a":null}]"#, &[Kind::List]),
        (r#"{"a":1.10}"#, &[Kind::Record, Kind::Map]),
    ];
    let others = all.into_iter().filter(|(_, kinds)| !kinds.contains(&kind));
    others.map(|(text, _)| text).collect()
}

/// The records of a module: how many there are, how many changes were tried, and what was wrong.
fn checked(documents: &BTreeMap<String, Value>, module: &str) -> (usize, usize, Vec<String>) {
    let document = &documents[module];
    let (mut records, mut changes) = (0, 0);
    let mut wrong = Vec::new();
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let Some(record) = squashed(module, name) else {
            continue;
        };
        let mut maker = Maker {
            documents,
            random: fastrand::Rng::with_seed(7),
            sites: Vec::new(),
            path: Vec::new(),
        };
        let sent = maker.make(module, schema, None);
        let Maker {
            sites, mut random, ..
        } = maker;
        let check = |sent: &Node, expected: &Node, missing: &[String], mistyped: &[String]| {
            let text = sent.text();
            let (written, found_missing, found_mistyped) =
                match reread(module, record, &text).unwrap() {
                    Ok(reread) => reread,
                    Err(error) => return Some(format!("{module} {name}: {error}: {text}")),
                };
            let found: Vec<String> = found_mistyped.iter().map(|it| it.path.clone()).collect();
            let is_right =
                Node::of(&written) == *expected && found_missing == missing && found == mistyped;
            (!is_right).then(|| format!("{module} {name}: {missing:?} {mistyped:?}, found {found_missing:?} {found:?}\n  {text}\n  {written}"))
        };
        wrong.extend(check(&sent, &sent, &[], &[]));
        records += 1;
        for _ in 0..CHANGES.min(3 * sites.len()) {
            let site = random.choice(&sites).unwrap();
            let path = vec![site.shown()];
            let mut changed = sent.clone();
            changes += 1;
            wrong.extend(match (random.u8(..6), site.role) {
                (0, Role::Required) => {
                    changed.put(&site.path, None);
                    check(&changed, &changed, &path, &[])
                }
                (0, _) => {
                    changed.put(&site.path, None);
                    check(&changed, &changed, &[], &[])
                }
                (1, role) => {
                    changed.put(&site.path, Some(Node::of("null")));
                    match role {
                        Role::Required => check(&changed, &changed, &path, &[]),
                        // A list remembers that it was null.
                        Role::Optional if site.kind == Kind::List => {
                            check(&changed, &changed, &[], &[])
                        }
                        // It is absent.
                        Role::Optional => {
                            let mut expected = sent.clone();
                            expected.put(&site.path, None);
                            check(&changed, &expected, &[], &[])
                        }
                        Role::Element | Role::Entry => check(&changed, &changed, &[], &path),
                    }
                }
                _ => {
                    let others = others(site.kind);
                    changed.put(&site.path, Some(Node::of(random.choice(&others).unwrap())));
                    check(&changed, &changed, &[], &path)
                }
            });
        }
    }
    (records, changes, wrong)
}

/// How many values of a record are changed, one at a time.
const CHANGES: usize = 12;

#[test]
fn whatever_one_value_is_the_others_stay_and_it_is_reported() {
    let documents = documents(env!("FOLIO_SPECS_READ"));
    let modules: Vec<&String> = documents.keys().collect();
    let results = each(&modules, |module| checked(&documents, module));
    let (mut records, mut changes, mut wrong) = (0, 0, Vec::new());
    for result in results {
        records += result.0;
        changes += result.1;
        wrong.extend(result.2);
    }
    println!("{records} records, {changes} changes");
    let shown = wrong.iter().take(20).cloned().collect::<Vec<_>>();
    assert!(
        wrong.is_empty(),
        "{} of {changes}:\n{}",
        wrong.len(),
        shown.join("\n")
    );
    assert!(
        records > 20 && changes > 500,
        "{records} records, {changes} changes"
    );
}

/// The name of a record as a type.
fn squashed(module: &str, name: &str) -> Option<&'static str> {
    static BY_NAME: LazyLock<BTreeMap<(&str, String), &str>> = LazyLock::new(|| {
        let records = RECORDS.iter().rev();
        records
            .map(|(module, record)| ((*module, squash(record)), *record))
            .collect()
    });
    BY_NAME.get(&(module, squash(name))).copied()
}

fn squash(name: &str) -> String {
    name.replace(['_', '-'], "").to_lowercase()
}
