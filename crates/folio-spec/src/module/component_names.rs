//! The names of components, equal components once.
//!
//! They are as earlier imports gave them, else as the sources declare them, else made of the place.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::equal::equals;
use super::generic_names;
use super::uses::{self, Uses};
use crate::base::files::clean;
use crate::canonical::identifier::{camel, is_type};
use crate::canonical::reference::{LOCAL, PENDING, each_text_mut, prune};
use crate::corrections::pins::Pins;
use crate::read::entry::Entry;

/// How many words of its place are put before the name of a record to distinguish it from others.
const MOST_WORDS: usize = 12;

/// The names under which roots declare components, by the places of these, and how often.
pub(super) type Declared = BTreeMap<String, BTreeMap<String, usize>>;

/// Names the components, and puts them into the document.
pub(super) fn write(
    document: &mut Value,
    mut components: BTreeMap<String, Value>,
    entry: &Entry,
    declared: Declared,
    pins: &Pins,
) {
    let mut naming = Naming { entry, declared };
    let compare = |components: &BTreeMap<String, Value>, paths: &Value| -> Vec<Uses> {
        let releases = pins.releases.iter();
        releases
            .map(|release| uses::compare(&entry.name, paths, components, release))
            .collect()
    };
    let mut uses = compare(&components, &document["paths"]);
    let lifted = uses::lift(&mut components, &uses, &|key| naming.own_name(key));
    if !lifted.is_empty() {
        for (key, name) in lifted {
            naming.declared.insert(key, BTreeMap::from([(name, 1)]));
        }
        uses = compare(&components, &document["paths"]);
    }
    let groups = equals(&components, |key| naming.own_name(key).to_lowercase());
    let pinned = naming.pinned(&uses, &groups, pins);
    let mut named = naming.distinct(&groups, &pinned);
    generic_names::rename(&entry.name, &mut named);

    let mut names = BTreeMap::new();
    let mut schemas = Map::new();
    for (group, name) in groups.iter().zip(&named) {
        names.extend(group.iter().map(|key| (key.clone(), name.clone())));
        let mut schema = components.get(&group[0]).cloned().unwrap_or_default();
        let sources: BTreeSet<String> = group.iter().map(|key| naming.place(key)).collect();
        let mut folio = json!({"sources": sources});
        if schema.pointer("/properties/_version").is_some() {
            folio["locking"] = true.into();
        }
        if let Value::Object(schema) = &mut schema {
            schema.insert("x-folio".into(), folio);
        }
        schemas.insert(name.clone(), schema);
    }
    document["components"]["schemas"] = schemas.into();
    each_text_mut(document, &mut |text| {
        if let Some(name) = text.strip_prefix(PENDING).and_then(|key| names.get(key)) {
            *text = format!("{LOCAL}{name}");
        }
    });
    prune(document);
}

/// A name that equal components would have, the strongest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    votes: Reverse<usize>,
    /// Whether their own descriptions name them otherwise.
    is_other: bool,
    group: usize,
    name: String,
}

struct Naming<'a> {
    entry: &'a Entry,
    declared: Declared,
}

impl Naming<'_> {
    /// One name per group of equal components: the pinned one, else one with as many words of the
    /// place in front as it needs to be the only one.
    fn distinct(&self, groups: &[Vec<String>], pinned: &[Option<String>]) -> Vec<String> {
        let mut levels = vec![0; groups.len()];
        // Two of one file whose names differ in case only are distinguished by a number.
        let mut numbers = vec![0; groups.len()];
        loop {
            let named: Vec<String> = groups
                .iter()
                .zip(levels.iter().zip(numbers.iter().zip(pinned)))
                .map(|(group, (level, (number, pinned)))| {
                    if let Some(name) = pinned {
                        return name.clone();
                    }
                    let name = self.name(group, *level);
                    if *number > 1 {
                        format!("{name}{number}")
                    } else {
                        name
                    }
                })
                .collect();
            let mut clashes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (index, name) in named.iter().enumerate() {
                clashes.entry(name.to_lowercase()).or_default().push(index);
            }
            clashes.retain(|_, group| group.len() > 1);
            if clashes.is_empty() {
                return named;
            }
            for mut group in clashes.into_values() {
                group.retain(|&index| pinned[index].is_none());
                let is_taken = clashing_pin(pinned, &named, &group);
                if group
                    .iter()
                    .all(|&index| levels[index] < MOST_WORDS && numbers[index] == 0)
                {
                    group.into_iter().for_each(|index| levels[index] += 1);
                    continue;
                }
                // In the order of the places that they are at.
                group.sort_by_key(|&index| (numbers[index], Reverse(&groups[index][0])));
                let first = group.iter().all(|&index| numbers[index] == 0) && !is_taken;
                for (number, index) in group.into_iter().enumerate() {
                    if first {
                        (levels[index], numbers[index]) = (0, number + 1);
                    } else if number > 0 || is_taken {
                        // What is numbered clashes with a name that ends with a number.
                        numbers[index] = numbers[index].max(1) + 1;
                    }
                }
            }
        }
    }

    /// The names that components have already: by where they are used, in the newest release that
    /// uses something there, else by their files. Of several that would have one name, the one that
    /// is used most under it has it.
    fn pinned(&self, uses: &[Uses], groups: &[Vec<String>], pins: &Pins) -> Vec<Option<String>> {
        let mut pinned: Vec<Option<String>> = vec![None; groups.len()];
        let mut taken = BTreeSet::new();
        let mut settle = |pinned: &mut [Option<String>], mut wishes: Vec<Wish>| {
            wishes.sort();
            for wish in wishes {
                if pinned[wish.group].is_none() && taken.insert(wish.name.to_lowercase()) {
                    pinned[wish.group] = Some(wish.name);
                }
            }
        };
        let wish = |group: usize, name: &str, votes: usize| Wish {
            votes: Reverse(votes),
            is_other: self.name(&groups[group], 0) != name,
            group,
            name: name.to_owned(),
        };
        for Uses { votes, .. } in uses {
            let mut wishes = Vec::new();
            for (index, group) in groups.iter().enumerate() {
                let mut names: BTreeMap<&str, usize> = BTreeMap::new();
                for (name, count) in group.iter().filter_map(|key| votes.get(key)).flatten() {
                    *names.entry(name).or_default() += count;
                }
                let names = names.into_iter().filter(|(name, _)| is_type(name));
                wishes.extend(names.map(|(name, votes)| wish(index, name, votes)));
            }
            settle(&mut pinned, wishes);
        }
        let mut wishes = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let places: Vec<String> = group.iter().map(|key| self.place(key)).collect();
            if let Some((votes, name)) = pins.record(&places) {
                wishes.push(wish(index, name, votes));
            }
        }
        settle(&mut pinned, wishes);
        pinned
    }

    /// The name of a component by itself.
    fn own_name(&self, key: &String) -> String {
        self.name(std::slice::from_ref(key), 0)
    }

    /// The name of equal components: the one that most roots declare, else that of the place;
    /// `level` more words of the place in front.
    fn name(&self, group: &[String], level: usize) -> String {
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        for key in group {
            for (name, count) in self.declared.get(key).into_iter().flatten() {
                // Some roots declare types under the names of their files.
                let name = [".json", ".schema"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end))
                    .unwrap_or(name);
                *votes.entry(camel(name)).or_default() += count;
            }
        }
        let voted = votes
            .iter()
            .max_by_key(|(name, count)| (**count, Reverse(name.len()), Reverse((*name).clone())));
        let place = self.place(&group[0]);
        let words: Vec<&str> = place
            .split(['/', '#', '!'])
            .filter(|word| !word.is_empty())
            .collect();
        let stem = words.last().copied().unwrap_or_default();
        // A file has an extension behind its name; a type of a RAML library has the library before
        // it.
        let stem = if place.contains('!') {
            stem.rsplit('.').next().unwrap_or(stem)
        } else {
            stem.rsplit_once('.').map_or(stem, |(stem, _)| stem)
        };
        // Two that are declared under one name have names of their own.
        let own = voted
            .filter(|_| level == 0)
            .map_or_else(|| camel(stem), |(name, _)| name.clone());
        let before = &words[..words.len().saturating_sub(1)];
        let prefix: String = before
            .iter()
            .rev()
            .take(level)
            .rev()
            .map(|word| camel(word.rsplit_once('.').map_or(*word, |(w, _)| w)))
            .collect();
        let name = format!("{prefix}{own}");
        if is_type(&name) {
            name
        } else {
            format!("{name}Record")
        }
    }

    /// The place of a component, from the module on.
    fn place(&self, key: &str) -> String {
        let folder = format!("{}/", clean(&self.entry.folder).display());
        let inside = key.strip_prefix(&folder).unwrap_or(key);
        format!("{}/{}", self.entry.name, inside.trim_end_matches('#'))
    }
}

/// Whether what these components would be named is pinned to another.
fn clashing_pin(pinned: &[Option<String>], named: &[String], group: &[usize]) -> bool {
    let taken = |name: &String| {
        let mut pins = pinned.iter().flatten();
        pins.any(|pin| pin.eq_ignore_ascii_case(name))
    };
    group.first().is_some_and(|&index| taken(&named[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            name: "mod-a".to_owned(),
            folder: "/m".into(),
            manifest: json!({}),
        }
    }

    fn naming(declared: &[(&str, &str)]) -> (Entry, Declared) {
        let mut all = Declared::new();
        for (key, name) in declared {
            *all.entry((*key).to_owned())
                .or_default()
                .entry((*name).to_owned())
                .or_default() += 1;
        }
        (entry(), all)
    }

    #[test]
    fn a_component_is_named_by_its_declarations_else_by_its_place() {
        let (entry, declared) = naming(&[
            ("/m/a/user.json#", "userData"),
            ("/m/a/user.json#", "userData"),
            ("/m/a/user.json#", "person"),
            ("/m/b.json#", "group.schema"),
        ]);
        let naming = Naming {
            entry: &entry,
            declared,
        };
        for (key, level, name) in [
            ("/m/a/user.json#", 0, "UserData"),
            ("/m/a/user.json#", 1, "AUser"),
            ("/m/b.json#", 0, "Group"),
            ("/m/ramls/patron-group.json#", 0, "PatronGroup"),
            ("/m/ramls/patron-group.json#", 2, "ModARamlsPatronGroup"),
            ("/m/api.yaml#/components/schemas/Box", 0, "BoxRecord"),
            ("/m/lib.raml!lib.Note", 0, "Note"),
        ] {
            assert_eq!(naming.name(&[key.to_owned()], level), name, "{key} {level}");
        }
        assert_eq!(naming.place("/m/a/user.json#"), "mod-a/a/user.json");
    }

    #[test]
    fn clashing_names_take_words_of_their_places_and_pins_stay() {
        let (entry, declared) = naming(&[]);
        let naming = Naming {
            entry: &entry,
            declared,
        };
        let groups =
            ["/m/a/item.json#", "/m/b/item.json#", "/m/c.json#"].map(|key| vec![key.to_owned()]);
        assert_eq!(
            naming.distinct(&groups, &[None, None, None]),
            ["AItem", "BItem", "C"]
        );
        let pinned = [None, None, Some("Item".to_owned())];
        assert_eq!(
            naming.distinct(&groups, &pinned),
            ["AItem", "BItem", "Item"]
        );
        let twins = ["/m/a.yaml#/X/item", "/m/a.yaml#/X/Item"].map(|key| vec![key.to_owned()]);
        assert_eq!(naming.distinct(&twins, &[None, None]), ["Item", "Item2"]);
    }

    #[test]
    fn equal_components_are_one_and_references_lead_to_it() {
        let reference = |key: &str| json!({"$ref": format!("{PENDING}{key}")});
        let record = json!({"type": "object", "properties": {"_version": {"type": "integer"}}});
        let components = BTreeMap::from([
            ("/m/a/item.json#".to_owned(), record.clone()),
            ("/m/b/item.json#".to_owned(), record),
            ("/m/unused.json#".to_owned(), json!({"type": "object"})),
        ]);
        let mut document = json!({
            "paths": {"/a": {"get": {"a": reference("/m/a/item.json#"), "b": reference("/m/b/item.json#")}}},
            "components": {"schemas": {}},
        });
        write(
            &mut document,
            components,
            &entry(),
            Declared::new(),
            &Pins::default(),
        );
        let get = &document["paths"]["/a"]["get"];
        assert_eq!(get["a"], get["b"]);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Item"]);
        let folio = json!({"sources": ["mod-a/a/item.json", "mod-a/b/item.json"], "locking": true});
        assert_eq!(schemas["Item"]["x-folio"], folio);
    }
}
