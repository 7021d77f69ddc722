//! Domain classes of Grails: which properties their sources declare.
//!
//! No compiler of Groovy: the body of a class is cut into statements, and those that
//! declare a property, or associations (`hasMany`, `hasOne`, `belongsTo`), `transients` or
//! `constraints`, are read. Methods are passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::base::error::{Error, Result};

/// A class or an enum.
#[derive(Clone, Debug, Default)]
pub(super) struct Class {
    /// Its name, without the package.
    pub(super) name: String,
    /// The file that it is in.
    pub(super) file: String,
    /// The class that it extends.
    pub(super) extends: Option<String>,
    /// The implemented traits; type parameters are omitted.
    pub(super) implements: Vec<String>,
    /// Its own persistent properties.
    pub(super) fields: BTreeMap<String, Field>,
    /// The properties declared transient.
    transients: BTreeSet<String>,
    /// The constants, if it is an enum.
    pub(super) constants: Vec<String>,
}

/// A persistent property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The type, or that of the elements.
    pub(super) of: String,
    /// Whether it is a collection.
    pub(super) many: bool,
    /// Whether a request can change it (`bindable`).
    pub(super) bindable: bool,
    /// Whether a request replaces the collection (`@BindImmutably`) rather than changing elements
    /// of it.
    pub(super) replaced: bool,
}

/// Reads the classes of a file.
pub(super) fn read(path: &Path, file: &str) -> Result<Vec<Class>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::file(path, format!("cannot be read: {error}")))?;
    let text = plain(&text);
    let mut classes = Vec::new();
    collect(&statements(&text), file, &mut classes);
    Ok(classes)
}

fn collect(statements: &[String], file: &str, classes: &mut Vec<Class>) {
    for statement in statements {
        let Some((head, body)) = statement.split_once('{') else {
            continue;
        };
        let body = body.rsplit_once('}').map_or(body, |(body, _)| body);
        let words: Vec<&str> = head.split_whitespace().collect();
        let after = |keyword: &str| {
            let at = words.iter().position(|word| *word == keyword)?;
            words.get(at + 1).copied()
        };
        if let Some(name) = after("enum") {
            classes.push(Class {
                name: bare(name),
                file: file.to_owned(),
                constants: constants(body),
                ..Class::default()
            });
        } else if let Some(name) = after("class") {
            let inner = self::statements(body);
            let mut class = Class {
                name: bare(name),
                file: file.to_owned(),
                extends: after("extends").map(bare),
                implements: implemented(head),
                ..Class::default()
            };
            class.members(&inner);
            classes.push(class);
            collect(&inner, file, classes);
        }
    }
}

impl Class {
    fn members(&mut self, statements: &[String]) {
        let mut annotations = String::new();
        let mut bound = BTreeSet::new();
        for statement in statements {
            let (annotated, rest) = annotations_of(statement);
            annotations.push_str(annotated);
            let rest = rest.trim();
            if rest.is_empty() {
                continue;
            }
            let noted = std::mem::take(&mut annotations);
            if let Some(rest) = rest.strip_prefix("static ") {
                self.association(rest, &mut bound);
            } else if let Some((of, name)) = property(rest) {
                let many = ["Set<", "List<", "SortedSet<", "Collection<"]
                    .iter()
                    .find_map(|start| of.strip_prefix(start));
                let field = Field {
                    of: bare_element(many.unwrap_or(&of)),
                    many: many.is_some(),
                    bindable: true,
                    replaced: noted.contains("@BindImmutably"),
                };
                // What `hasMany` states about the elements stays.
                match self.fields.get_mut(&name) {
                    Some(known) => known.replaced |= field.replaced,
                    None => {
                        self.fields.insert(name, field);
                    }
                }
            }
        }
        self.fields
            .retain(|name, _| !self.transients.contains(name));
        for name in bound {
            if let Some(field) = self.fields.get_mut(&name) {
                field.bindable = false;
            }
        }
    }

    /// `hasMany = [items: Entitlement]` and its kin.
    fn association(&mut self, statement: &str, unbound: &mut BTreeSet<String>) {
        let Some((name, value)) = statement.split_once('=') else {
            return;
        };
        let value = value.trim();
        match name.split_whitespace().last().unwrap_or_default() {
            keyword @ ("hasMany" | "hasOne" | "belongsTo") => {
                for entry in value.trim_matches(['[', ']', '\n', ' ']).split(',') {
                    let Some((name, of)) = entry.split_once(':') else {
                        continue;
                    };
                    let name = name.trim().trim_matches(['\'', '"']).to_owned();
                    let known = self.fields.get(&name);
                    let field = Field {
                        of: bare(of.trim().trim_end_matches(".class")),
                        many: keyword == "hasMany",
                        bindable: true,
                        replaced: known.is_some_and(|known| known.replaced),
                    };
                    if keyword == "hasMany" || known.is_none() {
                        self.fields.insert(name, field);
                    }
                }
            }
            "transients" => {
                let quoted = value.split(['\'', '"']).skip(1).step_by(2);
                self.transients.extend(quoted.map(str::to_owned));
            }
            "constraints" => {
                for line in value.lines() {
                    let squeezed: String = line.split_whitespace().collect();
                    if squeezed.contains("bindable:false") {
                        let name = line.trim().split(|c: char| !c.is_alphanumeric()).next();
                        unbound.extend(name.map(str::to_owned));
                    }
                }
            }
            _ => {}
        }
    }
}

/// The type and the name of a property that a statement declares.
fn property(statement: &str) -> Option<(String, String)> {
    let declared = statement.split('=').next()?.trim();
    if declared.contains('(') || declared.contains('{') {
        return None;
    }
    // `Map <String, X> names` and `Set<Tag> tags`: the name is the last word, the type all before
    // it.
    let (of, name) = declared.rsplit_once(char::is_whitespace)?;
    let of: String = of.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let first = of.split(' ').next().unwrap_or_default();
    if !is_name
        || matches!(
            first,
            "private" | "protected" | "def" | "return" | "final" | "public" | "package" | "import"
        )
    {
        return None;
    }
    Some((of, name.to_owned()))
}

/// The annotations before a declaration, and the declaration.
fn annotations_of(statement: &str) -> (&str, &str) {
    let mut rest = statement.trim_start();
    while rest.starts_with('@') {
        let name = rest[1..]
            .find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_'))
            .map_or(rest.len(), |at| at + 1);
        let after = rest[name..].trim_start_matches([' ', '\t']);
        rest = match after.strip_prefix('(') {
            Some(inside) => {
                let mut depth = 1;
                let end = inside.find(|c| {
                    depth += match c {
                        '(' => 1,
                        ')' => -1,
                        _ => 0,
                    };
                    depth == 0
                });
                end.map_or("", |end| &inside[end + 1..])
            }
            None => &rest[name..],
        };
        rest = rest.trim_start();
    }
    statement.split_at(statement.len() - rest.len())
}

/// The names of the traits that a class implements.
fn implemented(head: &str) -> Vec<String> {
    let Some((_, list)) = head.split_once(" implements ") else {
        return Vec::new();
    };
    let mut depth = 0;
    let list: String = list
        .chars()
        .filter(|c| {
            match c {
                '<' => depth += 1,
                '>' => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .collect();
    list.split(',').map(bare).collect()
}

fn constants(body: &str) -> Vec<String> {
    let list = body.split(';').next().unwrap_or_default();
    let names = list.split(',').map(|name| name.trim().to_owned());
    names
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect()
}

/// The name of a type without its package and its parameters.
fn bare(name: &str) -> String {
    let name = name.trim().split('<').next().unwrap_or_default();
    name.rsplit('.')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn bare_element(name: &str) -> String {
    bare(name.trim_end_matches('>'))
}

/// Cuts a body into statements, at the ends of lines and semicolons that are in no brackets.
fn statements(body: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut current = String::new();
    let mut depth = 0_i32;
    for c in body.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(c, '\n' | ';') {
            // `class Thing\n{` and `= [` on the next line do not occur; `implements` on its own
            // line does.
            let text = current.trim();
            let goes_on = text.ends_with([',', '=']) || is_open_class(text);
            if goes_on {
                current.push(' ');
                continue;
            }
            if !text.is_empty() {
                statements.push(text.to_owned());
            }
            current.clear();
            continue;
        }
        current.push(c);
    }
    if !current.trim().is_empty() {
        statements.push(current.trim().to_owned());
    }
    statements
}

/// The head of a class whose body starts on another line.
fn is_open_class(text: &str) -> bool {
    let (_, declared) = annotations_of(text);
    !declared.contains('{')
        && declared
            .split_whitespace()
            .take(4)
            .any(|word| word == "class")
}

/// Groovy without comments, and without brackets, commas and the like in its strings.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("/*") {
            rest = after.split_once("*/").map_or("", |(_, rest)| rest);
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if let Some(quote) = ["'''", "\"\"\"", "'", "\""]
            .into_iter()
            .find(|quote| rest.starts_with(quote))
        {
            let inside = &rest[quote.len()..];
            let end = end_of_string(inside, quote);
            let mark = &quote[..1];
            out.push_str(mark);
            out.extend(inside[..end].chars().map(|c| match c {
                c if c.is_alphanumeric() || "_. -".contains(c) => c,
                _ => '_',
            }));
            out.push_str(mark);
            rest = inside.get(end + quote.len()..).unwrap_or_default();
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Where a string ends: at its quote, unless that is escaped or within `${ … }`.
fn end_of_string(inside: &str, quote: &str) -> usize {
    let mut depth = 0_u32;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '{' if quote.starts_with('"') && (depth > 0 || inside[..at].ends_with('$')) => {
                depth += 1;
            }
            '}' if depth > 0 => depth -= 1,
            _ if depth == 0 && inside[at..].starts_with(quote) => return at,
            _ => {}
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> Class {
        let mut classes = Vec::new();
        collect(&statements(&plain(text)), "Shelf.groovy", &mut classes);
        classes.swap_remove(0)
    }

    fn field(of: &str) -> Field {
        Field {
            of: of.into(),
            many: false,
            bindable: true,
            replaced: false,
        }
    }

    #[test]
    fn properties_and_associations_are_read() {
        let shelf = class(
            r#"
            package org.example
            import grails.gorm.MultiTenant
            /** A shelf { of } books. */
            @Slf4j
            @Controlled(column = 'a(b', of = Room.class)
            public class Shelf extends Furniture implements MultiTenant<Shelf>, Clonable<Map<String, Shelf>> {
              public static final String WORD = "x"
              String id // the key
              @Defaults(['Full', 'Half { empty'])
              RefdataValue state
              private String hidden
              boolean locked = false
              Map<String, String> notes = [:]
              Set<Book> books = []
              @BindImmutably
              Set<String> colours = []
              String title; Integer height
              String computed
              static hasMany = [
                books: Book,
                 colours: String,
              ]
              static belongsTo = [ room: org.example.Room ]
              static hasOne = [lamp: Lamp]
              static transients = ['computed']
              static constraints = {
                title (nullable: true, bindable: false)
                height nullable: true, validator: { v, s -> if (v > "${s.max {it}}") return ['a', 'b'] }
              }
              def beforeValidate() { String local = "not a property" }
              public String getLabel() {
                String other
              }
              static enum Kind { LOW, HIGH }
            }
            "#,
        );
        assert_eq!(
            (&*shelf.name, shelf.extends.as_deref()),
            ("Shelf", Some("Furniture"))
        );
        assert_eq!(shelf.implements, ["MultiTenant", "Clonable"]);
        let many = |of: &str| Field {
            many: true,
            ..field(of)
        };
        let expected = [
            ("books", many("Book")),
            (
                "colours",
                Field {
                    replaced: true,
                    ..many("String")
                },
            ),
            ("height", field("Integer")),
            ("id", field("String")),
            ("lamp", field("Lamp")),
            ("locked", field("boolean")),
            ("notes", field("Map")),
            ("room", field("Room")),
            ("state", field("RefdataValue")),
            (
                "title",
                Field {
                    bindable: false,
                    ..field("String")
                },
            ),
        ];
        let read: Vec<_> = shelf
            .fields
            .iter()
            .map(|(name, field)| (&**name, field.clone()))
            .collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn an_enum_within_a_class_is_read() {
        let mut classes = Vec::new();
        let text = "class Lamp {\n  public static enum Kind {\n    LOW, HIGH\n  }\n  Kind kind\n}\nenum Colour { RED; static x = 1 }";
        collect(&statements(&plain(text)), "Lamp.groovy", &mut classes);
        let constants: Vec<_> = classes
            .iter()
            .map(|class| (&*class.name, class.constants.join(" ")))
            .collect();
        assert_eq!(
            constants,
            [
                ("Lamp", String::new()),
                ("Kind", "LOW HIGH".into()),
                ("Colour", "RED".into())
            ]
        );
        assert_eq!(classes[0].fields["kind"], field("Kind"));
    }
}
