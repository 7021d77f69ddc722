//! YAML as a tree of nodes with their tags and positions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value};

use super::error::{Error, Result};

/// The deepest nesting that is read: enough for any description, too little to overflow the stack.
const MAX_DEPTH: usize = 128;

/// The most nodes that the aliases of a file may expand to.
const MAX_NODES: usize = 1_000_000;

/// The most lines of a file that are repaired.
const MAX_REPAIRS: usize = 200;

/// A value of a YAML document.
#[derive(Clone, Debug)]
pub struct Node {
    /// The file it is in.
    pub file: Arc<PathBuf>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The local tag, `include` of `!include`.
    pub tag: Option<String>,
    /// The content.
    pub kind: Kind,
}

/// The content of a node.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar; whether it was quoted.
    Scalar(String, bool),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the file.
    Mapping(Vec<(String, Node)>),
}

impl Node {
    /// Reads a YAML file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::file(
                path,
                format!("cannot be read: {error}; expected a YAML file"),
            )
        })?;
        Self::parse(path, &text)
    }

    /// Reads YAML text.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let mut text = text.trim_start_matches('\u{feff}').to_owned();
        // RAML's own parsers accept a violation of YAML 1.2 that several modules commit: lines of a
        // bracketed list, or of a quoted text, that are indented no deeper than their key. Such a
        // line is indented here, which changes nothing else.
        for _ in 0..MAX_REPAIRS {
            let (error, lines) = match Self::parse_strictly(path, &text) {
                Ok(node) => return Ok(node),
                Err((error, None)) => return Err(error),
                Err((error, Some(lines))) => (error, lines),
            };
            match lines.into_iter().find_map(|line| indented(&text, line)) {
                Some(repaired) => text = repaired,
                None => return Err(error),
            }
        }
        Self::parse_strictly(path, &text).map_err(|(error, _)| error)
    }

    /// Reads YAML text; an error that indentation may repair comes with the lines that may contain
    /// it, the likelier first.
    fn parse_strictly(
        path: &Path,
        text: &str,
    ) -> std::result::Result<Self, (Error, Option<[usize; 2]>)> {
        let file = Arc::new(path.to_path_buf());
        let mut builder = Builder {
            file: file.clone(),
            stack: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            nodes: 0,
            is_raml: path
                .extension()
                .is_some_and(|extension| extension == "raml"),
        };
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let at = error.marker();
                // Of a quoted text the place is the end of the line before.
                let repairable = match error.info() {
                    info if !info.starts_with("invalid indentation") => None,
                    info if info.contains("quoted") => Some([at.line() + 1, at.line()]),
                    _ => Some([at.line(), at.line() + 1]),
                };
                (
                    Error::at(
                        path,
                        format!("{}:{}", at.line(), at.col() + 1),
                        format!("broken YAML: {}", error.info()),
                    ),
                    repairable,
                )
            })?;
            if matches!(event, Event::StreamEnd | Event::DocumentEnd) && builder.root.is_some() {
                break;
            }
            builder.event(event, span).map_err(|error| (error, None))?;
        }
        Ok(builder.root.unwrap_or(Self {
            file,
            line: 1,
            column: 1,
            tag: None,
            kind: Kind::Null,
        }))
    }

    /// An error at this node.
    pub fn error(&self, problem: impl Into<String>) -> Error {
        Error::at(
            self.file.as_path(),
            format!("{}:{}", self.line, self.column),
            problem,
        )
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// The entries of a mapping; none of other nodes.
    pub fn entries(&self) -> &[(String, Self)] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a sequence; none of other nodes.
    pub fn elements(&self) -> &[Self] {
        match &self.kind {
            Kind::Sequence(elements) => elements,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether it is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The kind of the node, for messages.
    pub fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(..) => "a scalar",
            Kind::Sequence(_) => "a sequence",
            Kind::Mapping(_) => "a mapping",
        }
    }

    /// The tree as JSON, by YAML's core schema.
    pub fn json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Scalar(text, true) => Value::String(text.clone()),
            Kind::Scalar(text, false) => plain(text),
            Kind::Sequence(elements) => elements.iter().map(Self::json).collect(),
            Kind::Mapping(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.clone(), node.json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    // YAML 1.2's core schema: `0o14` and `0xC` are numbers, `012` is twelve.
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && digits.starts_with(|c: char| c.is_digit(radix))
            && let Ok(number) = i64::from_str_radix(digits, radix)
        {
            return number.into();
        }
    }
    let digits = text.trim_start_matches(['-', '+']);
    if !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(number) = text.trim_start_matches('+').parse::<i64>()
    {
        return number.into();
    }
    let float = digits
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
    if float
        && digits.bytes().any(|b| b.is_ascii_digit())
        && !digits.starts_with(['e', 'E'])
        && let Some(number) = text.parse::<f64>().ok().and_then(Number::from_f64)
    {
        return Value::Number(number);
    }
    Value::String(text.to_owned())
}

/// The text with its `number`th line indented deeply; nothing where that was done already.
fn indented(text: &str, number: usize) -> Option<String> {
    const DEEP: &str = "                                                                ";
    let mut lines: Vec<&str> = text.split('\n').collect();
    let line = lines.get_mut(number.checked_sub(1)?)?;
    if line.starts_with(DEEP) {
        return None;
    }
    let deeper = format!("{DEEP}{line}");
    *line = &deeper;
    Some(lines.join("\n"))
}

struct Builder {
    file: Arc<PathBuf>,
    stack: Vec<(Node, usize, Option<String>)>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    is_raml: bool,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<()> {
        let (line, column) = (span.start.line(), span.start.col() + 1);
        let node = |tag: Option<std::borrow::Cow<'_, saphyr_parser::Tag>>, kind| Node {
            file: self.file.clone(),
            line,
            column,
            tag: tag
                .filter(|tag| !tag.is_yaml_core_schema())
                .map(|tag| tag.suffix.clone()),
            kind,
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain;
                let kind = match (quoted, &*text) {
                    (false, "" | "~" | "null" | "Null" | "NULL") if tag.is_none() => Kind::Null,
                    _ => Kind::Scalar(text.into_owned(), quoted),
                };
                let node = node(tag, kind);
                self.finish(node, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let node = node(tag, Kind::Sequence(Vec::new()));
                self.start(node, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                let node = node(tag, Kind::Mapping(Vec::new()));
                self.start(node, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some((node, anchor, _)) => self.finish(node, anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => {
                    self.nodes += size(&node);
                    self.finish(node, 0)
                }
                None => Err(node(None, Kind::Null).error("an alias without its anchor")),
            },
            _ => Ok(()),
        }
    }

    fn start(&mut self, node: Node, anchor: usize) -> Result<()> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(node.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.stack.push((node, anchor, None));
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(node.error(format!("more than {MAX_NODES} values, aliases expanded")));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some((parent, _, key)) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut parent.kind {
            Kind::Sequence(elements) => elements.push(node),
            Kind::Mapping(entries) => match key.take() {
                None => match (&node.kind, &node.tag) {
                    (Kind::Scalar(text, _), None) => *key = Some(text.clone()),
                    (Kind::Null, None) => *key = Some(String::new()),
                    _ => {
                        return Err(node
                            .error(format!("expected a scalar as a key, found {}", node.what())));
                    }
                },
                Some(name) => match entries.iter_mut().find(|(known, _)| *known == name) {
                    // A resource of RAML that is described twice is one of which only what both
                    // describe is not known.
                    Some(_) if self.is_raml && name.starts_with('/') => entries.push((name, node)),
                    Some(_) => {
                        return Err(
                            node.error(format!("the key `{name}` occurs twice in one mapping"))
                        );
                    }
                    None => entries.push((name, node)),
                },
            },
            _ => {}
        }
        Ok(())
    }
}

fn size(node: &Node) -> usize {
    1 + node
        .entries()
        .iter()
        .map(|(_, node)| size(node))
        .sum::<usize>()
        + node.elements().iter().map(size).sum::<usize>()
}
