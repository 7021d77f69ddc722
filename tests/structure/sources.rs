//! Reads the source files of a crate and what they import from each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One source file of a crate.
pub(crate) struct Source {
    /// The path below the crate's `src`, with `/`: `wire/error.rs`.
    pub(crate) file: String,
    pub(crate) text: String,
    /// The modules that it is: `["wire", "error"]`. The root is empty.
    modules: Vec<String>,
    /// The paths that it names, from the root of the crate, without the code of its unit tests.
    names: Vec<Vec<String>>,
    /// What it re-exports, by the name that others import.
    exports: BTreeMap<String, Vec<String>>,
}

impl Source {
    /// The first sentence of the file's documentation.
    pub(crate) fn purpose(&self) -> Option<String> {
        let lines = self
            .text
            .lines()
            .skip_while(|line| !line.starts_with("//! "));
        let paragraph: Vec<&str> = lines.map_while(|line| line.strip_prefix("//! ")).collect();
        let text = paragraph.join(" ");
        let end = text.find(". ").map_or(text.len(), |end| end + 1);
        text.get(..end)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// The number of lines before the unit tests.
    pub(crate) fn lines(&self) -> usize {
        let code = self.text.split("\n#[cfg(test)]\nmod tests {").next();
        code.unwrap_or_default().lines().count()
    }

    /// The top folder, or the file itself if it is in none.
    pub(crate) fn folder(&self) -> &str {
        self.file
            .split_once('/')
            .map_or(self.file.trim_end_matches(".rs"), |(folder, _)| folder)
    }
}

/// All source files of a crate.
pub(crate) struct Sources {
    pub(crate) files: Vec<Source>,
    of_modules: BTreeMap<Vec<String>, usize>,
    /// The macros that are exported at the root, and their files.
    macros: BTreeMap<String, usize>,
}

impl Sources {
    pub(crate) fn read(folder: &Path) -> Self {
        let mut paths = Vec::new();
        list(folder, &mut paths);
        paths.sort();
        let mut files: Vec<Source> = paths
            .iter()
            .map(|path| {
                let below = path.strip_prefix(folder).unwrap();
                let file = below.to_str().unwrap().replace('\\', "/");
                let mut modules: Vec<String> = file
                    .trim_end_matches(".rs")
                    .split('/')
                    .map(str::to_owned)
                    .collect();
                if matches!(modules.last().map(String::as_str), Some("mod" | "lib")) {
                    modules.pop();
                }
                Source {
                    file,
                    text: std::fs::read_to_string(path).unwrap(),
                    modules,
                    names: Vec::new(),
                    exports: BTreeMap::new(),
                }
            })
            .collect();
        let of_modules: BTreeMap<Vec<String>, usize> = files
            .iter()
            .enumerate()
            .map(|(index, source)| (source.modules.clone(), index))
            .collect();
        for source in &mut files {
            let tokens: TokenStream = source
                .text
                .parse()
                .unwrap_or_else(|error| panic!("{}: {error}", source.file));
            let mut reader = Reader {
                own: &source.modules,
                known: &of_modules,
                names: Vec::new(),
                exports: BTreeMap::new(),
            };
            reader.walk(tokens, 0);
            (source.names, source.exports) = (reader.names, reader.exports);
        }
        let mut macros = BTreeMap::new();
        for (index, source) in files.iter().enumerate() {
            for exported in source.text.split("#[macro_export]").skip(1) {
                let name = exported.split_once("macro_rules! ").map(|(_, rest)| rest);
                let end = |c: char| !c.is_alphanumeric() && c != '_';
                if let Some(name) = name.and_then(|rest| rest.split(end).next()) {
                    macros.insert(name.to_owned(), index);
                }
            }
        }
        Self {
            files,
            of_modules,
            macros,
        }
    }

    /// The file that defines what a path names: re-exports are followed.
    fn definition(&self, path: &[String]) -> Option<usize> {
        let mut path = path.to_vec();
        // A re-export of a re-export is followed as well; none is longer than the number of files.
        for _ in 0..self.files.len() {
            let (depth, index) = (0..=path.len())
                .rev()
                .find_map(|depth| Some((depth, *self.of_modules.get(&path[..depth])?)))?;
            let Some(export) = path
                .get(depth)
                .and_then(|name| self.files[index].exports.get(name))
            else {
                return match path.get(depth).and_then(|name| self.macros.get(name)) {
                    Some(file) if depth == 0 => Some(*file),
                    _ => Some(index),
                };
            };
            let rest = path[depth + 1..].to_vec();
            path = export.clone();
            path.extend(rest);
        }
        None
    }

    /// Which files each file imports.
    pub(crate) fn imports(&self) -> Vec<BTreeSet<usize>> {
        self.files
            .iter()
            .enumerate()
            .map(|(own, source)| {
                let files = source.names.iter().filter_map(|name| self.definition(name));
                files.filter(|file| *file != own).collect()
            })
            .collect()
    }

    /// The files that import each other in a circle, as one line for each such group.
    pub(crate) fn circles(&self) -> Vec<String> {
        let imports = self.imports();
        let reached: Vec<BTreeSet<usize>> = (0..imports.len())
            .map(|from| {
                let mut reached = BTreeSet::new();
                let mut next: Vec<usize> = imports[from].iter().copied().collect();
                while let Some(file) = next.pop() {
                    if reached.insert(file) {
                        next.extend(&imports[file]);
                    }
                }
                reached
            })
            .collect();
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut circles = Vec::new();
        for own in 0..imports.len() {
            if seen.contains(&own) || !reached[own].contains(&own) {
                continue;
            }
            let group: Vec<usize> = reached[own]
                .iter()
                .copied()
                .filter(|other| reached[*other].contains(&own))
                .collect();
            seen.extend(&group);
            let edges = group.iter().flat_map(|from| {
                let to = imports[*from].iter().filter(|to| group.contains(to));
                to.map(|to| format!("{} -> {}", self.files[*from].file, self.files[*to].file))
            });
            circles.push(edges.collect::<Vec<_>>().join("; "));
        }
        circles
    }
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Finds the paths in the tokens of a file, also within macros and functions.
struct Reader<'a> {
    own: &'a [String],
    known: &'a BTreeMap<Vec<String>, usize>,
    names: Vec<Vec<String>>,
    exports: BTreeMap<String, Vec<String>>,
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token? {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

impl Reader<'_> {
    /// `inner` is how many inline modules are around the tokens.
    fn walk(&mut self, tokens: TokenStream, inner: usize) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_punct(tokens.get(at), '#') && is_test(tokens.get(at + 1)) {
                at = after_item(&tokens, at + 2);
                continue;
            }
            // `pub(in crate::wire)` is no import.
            if ident(tokens.get(at)).as_deref() == Some("pub")
                && matches!(tokens.get(at + 1), Some(TokenTree::Group(_)))
            {
                at += 2;
                continue;
            }
            if let Some(TokenTree::Group(group)) = tokens.get(at) {
                let is_module = at >= 2 && ident(tokens.get(at - 2)).as_deref() == Some("mod");
                self.walk(group.stream(), inner + usize::from(is_module));
                at += 1;
                continue;
            }
            let is_use = ident(tokens.get(at)).as_deref() == Some("use");
            let start = at + usize::from(is_use);
            let is_continued = start >= 2 && is_colons(&tokens, start - 2);
            let is_macro_root = start >= 1 && is_punct(tokens.get(start - 1), '$');
            if is_continued || is_macro_root {
                at += 1;
                continue;
            }
            let Some(base) = self.base(&tokens, start, inner) else {
                at += 1;
                continue;
            };
            let is_public = is_use && inner == 0 && is_exported(&tokens, at);
            let (path, from) = base;
            at = self.tree(&tokens, from, path, is_public);
        }
    }

    /// The modules that a path begins with, and where the rest of it is. None if it is no path of
    /// this crate.
    fn base(&self, tokens: &[TokenTree], at: usize, inner: usize) -> Option<(Vec<String>, usize)> {
        let first = ident(tokens.get(at))?;
        if !is_colons(tokens, at + 1) {
            return None;
        }
        let mut own = self.own.to_vec();
        match first.as_str() {
            "crate" => Some((Vec::new(), at + 3)),
            "self" if inner == 0 => Some((own, at + 3)),
            "super" => {
                let (mut at, mut above) = (at, 0);
                while ident(tokens.get(at)).as_deref() == Some("super") && is_colons(tokens, at + 1)
                {
                    above += 1;
                    at += 3;
                }
                // An inline module's `super` is the file itself.
                for _ in inner..above {
                    own.pop();
                }
                Some((own, at))
            }
            _ => {
                own.push(first.clone());
                self.known.contains_key(&own).then(|| {
                    own.pop();
                    (own, at)
                })
            }
        }
    }

    /// Reads the rest of a path, which may divide: `a::{b, c as d}`. Gives where it ends.
    fn tree(
        &mut self,
        tokens: &[TokenTree],
        mut at: usize,
        mut path: Vec<String>,
        public: bool,
    ) -> usize {
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(name)) => {
                    if *name != "self" {
                        path.push(name.to_string());
                    }
                    at += 1;
                    if is_colons(tokens, at) {
                        at += 2;
                        continue;
                    }
                    let renamed = (ident(tokens.get(at)).as_deref() == Some("as"))
                        .then(|| ident(tokens.get(at + 1)))
                        .flatten();
                    at += 2 * usize::from(renamed.is_some());
                    if public && let Some(name) = renamed.or_else(|| path.last().cloned()) {
                        self.exports.insert(name, path.clone());
                    }
                    self.names.push(path);
                    return at;
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let mut from = 0;
                    while from < inner.len() {
                        from = self.tree(&inner, from, path.clone(), public).max(from + 1);
                    }
                    return at + 1;
                }
                _ => {
                    self.names.push(path);
                    return at + 1;
                }
            }
        }
    }
}

/// Whether the `use` at a place re-exports: `pub use`, `pub(crate) use`.
fn is_exported(tokens: &[TokenTree], at: usize) -> bool {
    let mut before = at;
    if before >= 1
        && matches!(tokens.get(before - 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
    {
        before -= 1;
    }
    before >= 1 && ident(tokens.get(before - 1)).as_deref() == Some("pub")
}

/// Whether an attribute is `cfg(test)`.
fn is_test(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Where the item after an attribute ends.
fn after_item(tokens: &[TokenTree], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
            _ => {}
        }
    }
    at
}
