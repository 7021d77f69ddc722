//! The facts that are read from the sources of a module: its classes and views.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::checkout::Describe;
use super::domain::{self, Class, Field};
use super::recipe::Recipe;
use super::view;
use crate::base::error::{Error, Result};
use crate::base::version::comparable;

/// A description that is being made.
pub(super) struct Making<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) what: &'a Describe,
    pub(super) classes: BTreeMap<String, Class>,
    pub(super) enums: BTreeMap<String, Vec<String>>,
    /// The views that were read, with the keys that they write.
    pub(super) views: Vec<(String, BTreeSet<String>)>,
    /// The files that were read, as the recipe writes them.
    pub(super) files: BTreeSet<String>,
    pub(super) schemas: BTreeMap<String, Value>,
}

/// How deep a folder of sources may be.
const DEPTH: usize = 12;

impl<'a> Making<'a> {
    /// Nothing is read yet.
    pub(super) fn new(recipe: &'a Recipe, what: &'a Describe) -> Self {
        Self {
            recipe,
            what,
            classes: BTreeMap::new(),
            enums: BTreeMap::new(),
            views: Vec::new(),
            files: BTreeSet::new(),
            schemas: BTreeMap::new(),
        }
    }

    /// Reads the domain classes, and notes the files that the recipe names.
    pub(super) fn read(&mut self) -> Result<()> {
        for place in &self.recipe.domain {
            self.domain(place)?;
        }
        for file in &self.recipe.read {
            let (folder, path, _) = self.locate(file)?;
            if folder.join(path).exists() {
                self.files.insert(file.clone());
            }
        }
        Ok(())
    }

    /// The folder that a place of the recipe lies in, and the place in it: `lib:src/main` is in the
    /// library `lib`.
    pub(super) fn locate<'p>(&self, place: &'p str) -> Result<(&Path, &'p str, &'p str)> {
        let Some((library, path)) = place.split_once(':') else {
            return Ok((&self.what.source.folder, place, ""));
        };
        let checkout = self.what.libraries.get(library).ok_or_else(|| {
            Error::file(&self.what.recipe, format!("the sources of the library `{library}` are required: --library {library}=DIRECTORY@TAG"))
        })?;
        Ok((&checkout.folder, path, &place[..=library.len()]))
    }

    pub(super) fn domain(&mut self, place: &str) -> Result<()> {
        let (place, start) = place.split_once(" as ").unwrap_or((place, ""));
        let (folder, path, prefix) = self.locate(place)?;
        let (folder, prefix) = (folder.to_owned(), prefix.to_owned());
        let mut files = Vec::new();
        groovy(&folder, path, DEPTH, &mut files);
        files.sort();
        let mut classes = Vec::new();
        for file in files {
            classes.extend(domain::read(
                &folder.join(&file),
                &format!("{prefix}{file}"),
            )?);
        }
        // Those of a folder that is given a prefix are other ones than those of the same name
        // elsewhere.
        let own: BTreeSet<String> = classes.iter().map(|class| class.name.clone()).collect();
        let named = |name: &str| match own.contains(name) {
            true => format!("{start}{name}"),
            false => name.to_owned(),
        };
        for mut class in classes {
            class.name = named(&class.name);
            class.extends = class.extends.as_deref().map(named);
            for field in class.fields.values_mut() {
                field.of = named(&field.of);
            }
            if class.constants.is_empty() {
                self.classes.entry(class.name.clone()).or_insert(class);
            } else {
                self.enums.insert(class.name, class.constants);
            }
        }
        Ok(())
    }

    /// The keys that a view writes; none where this version does not have it.
    pub(super) fn view(&mut self, name: &str) -> Result<BTreeSet<String>> {
        if let Some((_, keys)) = self.views.iter().find(|(known, _)| known == name) {
            return Ok(keys.clone());
        }
        let mut keys = BTreeSet::new();
        for place in &self.recipe.views {
            let (folder, path, prefix) = self.locate(place)?;
            let inside = format!("{path}/{name}.gson");
            if let Ok(text) = std::fs::read_to_string(folder.join(&inside)) {
                keys = view::keys(&text);
                let read = format!("{prefix}{inside}");
                self.files.insert(read);
                break;
            }
        }
        self.views.push((name.to_owned(), keys.clone()));
        Ok(keys)
    }

    /// A type without its first version, `[string] since 7.3.0`; none where this version is an
    /// earlier one.
    pub(super) fn valid<'t>(&self, of: &'t str) -> Option<&'t str> {
        match of.split_once(" since ") {
            Some((of, since)) => (comparable(since) <= comparable(&self.what.since)).then_some(of),
            None => Some(of),
        }
    }

    pub(super) fn at(&self, record: &str, field: &str, problem: String) -> Error {
        Error::at(
            &self.what.recipe,
            format!("records.{record}.{field}"),
            problem,
        )
    }

    /// The properties of a class and of those that it extends.
    pub(super) fn fields(&self, class: &str) -> BTreeMap<String, Field> {
        let mut fields = BTreeMap::new();
        for class in self.line(class) {
            for (name, field) in &class.fields {
                fields.entry(name.clone()).or_insert_with(|| field.clone());
            }
        }
        // A domain class that declares no `id` has one that is a number.
        let is_stored = |class: &Class| class.implements.iter().any(|name| name == "MultiTenant");
        if self.line(class).into_iter().any(is_stored) {
            fields.entry("id".to_owned()).or_insert_with(|| Field {
                of: "Long".to_owned(),
                many: false,
                bindable: true,
                replaced: false,
            });
        }
        fields
    }

    /// A class and those that it extends.
    pub(super) fn line(&self, class: &str) -> Vec<&Class> {
        let mut line: Vec<&Class> = Vec::new();
        let mut next = self.classes.get(class);
        while let Some(class) =
            next.filter(|class| !line.iter().any(|known| known.name == class.name))
        {
            line.push(class);
            next = class
                .extends
                .as_ref()
                .and_then(|name| self.classes.get(name));
        }
        line
    }

    /// Whether it is an element of collections that a request changes one by one: an element with
    /// `_delete` is removed (web-toolkit, `ExtendedWebDataBinder`).
    pub(super) fn is_element(&self, class: &str) -> bool {
        let fields = self
            .classes
            .values()
            .flat_map(|class| class.fields.values());
        fields
            .into_iter()
            .any(|field| field.many && !field.replaced && field.of == class)
    }

    pub(super) fn traits(&self, class: &str) -> Vec<(String, String)> {
        let implemented = self
            .line(class)
            .into_iter()
            .flat_map(|class| &class.implements);
        let fields = implemented
            .filter_map(|name| self.recipe.traits.get(name))
            .flatten();
        fields
            .map(|(field, of)| (field.clone(), of.clone()))
            .collect()
    }

    /// Repositories, tags and files.
    pub(super) fn sources(&self) -> Vec<Value> {
        let of = |prefix: &str| -> Vec<&str> {
            let mine = self.files.iter().filter(|file| match file.split_once(':') {
                Some((library, _)) => library == prefix,
                None => prefix.is_empty(),
            });
            mine.map(|file| file.split_once(':').map_or(&**file, |(_, file)| file))
                .collect()
        };
        let own = json!({"repository": self.recipe.repository, "tag": self.what.source.tag, "files": of("")});
        let libraries = self
            .recipe
            .libraries
            .iter()
            .filter_map(|(name, repository)| {
                let tag = &self.what.libraries.get(name)?.tag;
                Some(json!({"repository": repository, "tag": tag, "files": of(name)}))
            });
        std::iter::once(own).chain(libraries).collect()
    }
}

/// The files of Groovy in a folder, or the file.
fn groovy(folder: &Path, inside: &str, depth: usize, out: &mut Vec<String>) {
    if inside.ends_with(".groovy") {
        if folder.join(inside).is_file() {
            out.push(inside.to_owned());
        }
        return;
    }
    for entry in std::fs::read_dir(folder.join(inside))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{inside}/{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => groovy(folder, &path, depth - 1, out),
            Ok(kind) if kind.is_file() && name.ends_with(".groovy") => out.push(path),
            _ => {}
        }
    }
}
