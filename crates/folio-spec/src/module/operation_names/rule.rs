//! The rule that names an operation after its method and path.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::nouns::{plural, singular};
use super::path::{Path, Segment};
use super::verbs::{ENDING, INTRANSITIVE, STATES, VERBS, is_in, reading_length, verb_length};
use crate::canonical::facts::{Deletes, DeletesKind};

/// Names have at most as many letters, where words can be left out.
pub(super) const LONGEST: usize = 50;

/// Last segments that say too little without the segment before them.
pub(super) const VAGUE: &str = "\
    batch bulk history id ids key metadata preview rest start state stats status types values version";

/// What is sent to them is many records at once.
pub(super) const BATCHES: &str = "batch bulk";

/// First segments that are the verb of the lists below them.
pub(super) const SEARCHES: &str = "browse search";

/// What the rule reads of a module.
#[derive(Clone, Debug, Default)]
pub(super) struct Module {
    /// The paths that are read by GET or posted to.
    pub(super) served: BTreeSet<String>,
    /// The paths in front of parameters.
    pub(super) records: BTreeSet<String>,
}

/// What the rule reads of an operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    /// In lower case.
    pub(super) method: String,
    pub(super) path: Path,
    /// What it deletes, if it is a DELETE of which that is known.
    pub(super) deletes: Option<Deletes>,
    /// A verb that an override states.
    pub(super) verb: Option<String>,
    /// Its path is a list of records.
    pub(super) is_list: bool,
    /// It is paged, though its path ends in a parameter.
    pub(super) is_paged_record: bool,
    /// It is a GET that changes something.
    pub(super) has_effect: bool,
    /// It stores what is sent: so an override states, or the status 201.
    pub(super) creates: bool,
    /// The response of success has a body.
    pub(super) answers: bool,
    /// Its path is replaced or deleted as a whole, by PUT or DELETE.
    pub(super) is_one_thing: bool,
    /// Its list is only read: nothing is created in it, and no record of it is read.
    pub(super) is_view: bool,
    /// A POST, PUT or PATCH has its path.
    pub(super) is_changed: bool,
    /// What the module serves.
    pub(super) module: Rc<Module>,
    /// Its path is that of another operation and what is below it.
    pub(super) is_rest: bool,
}

/// The parts of a name, in their order.
#[derive(Debug, Default)]
struct Parts {
    verb: Vec<String>,
    adjectives: Vec<String>,
    /// Segments that stand before the last one.
    prefix: Vec<String>,
    noun: Vec<String>,
    /// `by_query`, `rest`.
    suffix: Vec<String>,
    selectors: Vec<String>,
}

impl Parts {
    fn name(&self) -> String {
        let mut words: Vec<&str> = Vec::new();
        for part in [
            &self.verb,
            &self.adjectives,
            &self.prefix,
            &self.noun,
            &self.suffix,
        ] {
            words.extend(part.iter().map(String::as_str));
        }
        let mut name = words.join("_");
        if !self.selectors.is_empty() {
            name += "_by_";
            name += &self.selectors.join("_and_");
        }
        name
    }

    /// Of a name that is too long, selectors are left out, the last one first, but for one of
    /// them; then the words in front of its noun, and then those of the noun, the first one first.
    fn shortened(mut self) -> String {
        while self.name().len() > LONGEST {
            if self.selectors.len() > 1 {
                self.selectors.pop();
            } else if !self.prefix.is_empty() {
                self.prefix.remove(0);
            } else if self.noun.len() > 1 {
                self.noun.remove(0);
            } else {
                break;
            }
        }
        self.name()
    }
}

impl Subject {
    /// The name with `level` segments more than it needs by itself, and with the parameters that
    /// distinguish it from others of the same segments.
    pub(super) fn name(&self, level: usize, distinguishing: &[String]) -> String {
        let Some(last) = self.path.segments.last() else {
            return format!("{}_root", self.method);
        };
        let mut parts = if self.verb.is_some() {
            self.noun(last, level)
        } else {
            self.action(last, level)
                .or_else(|| self.action_on(last, level))
                .or_else(|| self.state(last, level))
                .unwrap_or_else(|| self.noun(last, level))
        };
        if self.is_rest {
            parts.suffix.push("rest".to_owned());
        }
        parts.selectors.clone_from(&self.path.selectors);
        for parameter in distinguishing {
            if !parts.selectors.contains(parameter) {
                parts.selectors.push(parameter.clone());
            }
        }
        parts.shortened()
    }

    /// How many words of a segment are the verb of this operation.
    fn verb_length(&self, segment: &Segment) -> Option<usize> {
        let words = &segment.words;
        match &*self.method {
            "get" if self.has_effect => verb_length(words, VERBS),
            "get" if self.is_changed => None,
            "get" => reading_length(words),
            "post" | "put" | "patch" => verb_length(words, VERBS),
            "delete" => verb_length(words, ENDING),
            _ => None,
        }
    }

    /// The last segment is a verb, or begins with one: the verb, the record, the other words.
    fn action(&self, last: &Segment, level: usize) -> Option<Parts> {
        let is_record = self.path.is_record && self.module.served.contains(&last.path);
        if (self.is_list || is_record) && !self.has_effect {
            return None;
        }
        let length = self.verb_length(last)?;
        let (verb, rest) = last.words.split_at(length);
        let takes_object = last.words.len() == 1 && !is_in(INTRANSITIVE, &verb[0]);
        let mut count = level + usize::from(self.path.is_below(1) || takes_object);
        // A batch says too little: `bulk/count`.
        count += usize::from(takes_object && level == 0 && self.is_batch_above());
        let mut prefix = self.before(1, count);
        if rest.is_empty() && prefix.iter().any(|word| !verb.contains(word)) {
            prefix.retain(|word| !verb.contains(word));
        } else if level == 0 && !prefix.is_empty() && is_within(&prefix, rest) {
            prefix.clear();
        }
        Some(Parts {
            verb: verb.to_vec(),
            prefix,
            noun: rest.to_vec(),
            adjectives: self.path.adjectives.clone(),
            ..Parts::default()
        })
    }

    /// The segment before the last one is a verb: `declare/publisher`. Events come to `handlers`.
    fn action_on(&self, last: &Segment, level: usize) -> Option<Parts> {
        let [.., verb, _] = &self.path.segments[..] else {
            return None;
        };
        if self.is_list || self.path.is_record || verb.before_parameter || self.method == "delete" {
            return None;
        }
        let mut noun = self.path.adjectives.clone();
        noun.extend_from_slice(&last.words);
        if self.method == "post" && verb.words.last().is_some_and(|word| word == "handlers") {
            return Some(Parts {
                verb: vec!["handle".to_owned()],
                prefix: self.before(1, level),
                noun,
                ..Parts::default()
            });
        }
        let length = self.verb_length(verb)?;
        let (verb_words, object) = verb.words.split_at(length);
        let count = level + usize::from(self.path.is_below(2));
        let mut prefix = self.before(2, count);
        prefix.extend_from_slice(object);
        Some(Parts {
            verb: verb_words.to_vec(),
            prefix,
            noun,
            ..Parts::default()
        })
    }

    /// The last segment is what something is marked as, or what it is checked for.
    fn state(&self, last: &Segment, level: usize) -> Option<Parts> {
        let [state] = &last.words[..] else {
            return None;
        };
        let changes = self.has_effect || matches!(&*self.method, "post" | "put" | "patch");
        let verb = match () {
            () if is_in(STATES, state) && changes && !self.is_list => "mark",
            () if state.ends_with("able") && self.method == "post" && !self.is_list => "check",
            () => return None,
        };
        Some(Parts {
            verb: vec![verb.to_owned()],
            prefix: self.before(1, level + 1),
            noun: last.words.clone(),
            ..Parts::default()
        })
    }

    /// The last segment is a noun: the verb follows from the method.
    fn noun(&self, last: &Segment, level: usize) -> Parts {
        let is_record = self.path.is_record;
        let own = if is_record {
            singular(&last.words)
        } else {
            last.words.clone()
        };
        let word = last.words.join("_");
        let mut count = level + usize::from(self.path.is_below(1));
        let is_unlisted = self.is_unlisted(self.path.segments.len() - 1);
        if count == 0 && (is_unlisted || !is_record && is_in(VAGUE, &word)) {
            count = 1;
        }
        let mut suffix = Vec::new();
        let mut skipped = 0;
        let (verb, noun) = match &*self.method {
            "get" if self.is_list && self.is_search() => {
                skipped = 1;
                (&*self.path.segments[0].words[0], own)
            }
            "get" if self.is_list && last.words.len() > 1 && last.words[0] == "list" => {
                ("list", last.words[1..].to_vec())
            }
            "get" if self.is_list => ("list", plural(&last.words)),
            "get" if self.is_paged_record && self.is_plural(last) => ("list", last.words.clone()),
            "get" => ("get", own),
            "post" => {
                let verb = self.verb_of_post();
                let is_vague = verb != "create" && !word.contains('_') && !self.is_list;
                let is_batch = verb == "create" && self.is_batch_above();
                if count == 0 && (is_vague && self.path.adjectives.is_empty() || is_batch) {
                    count = 1;
                }
                let is_one = is_record
                    || self.is_list
                    || verb == "create" && !self.is_one_thing && !self.is_batch();
                (verb, if is_one { singular(&last.words) } else { own })
            }
            "put" => (self.verb.as_deref().unwrap_or("update"), own),
            "patch" => (self.verb.as_deref().unwrap_or("patch"), own),
            "delete" => match &self.deletes {
                Some(Deletes::Kind(DeletesKind::Query)) if !is_record => {
                    suffix = vec!["by_query".to_owned()];
                    ("delete", own)
                }
                Some(Deletes::Kind(DeletesKind::All)) if !is_record => ("delete_all", own),
                _ => ("delete", own),
            },
            method => (method, last.words.clone()),
        };
        let mut parts = Parts {
            verb: vec![verb.to_owned()],
            adjectives: self.path.adjectives.clone(),
            prefix: self.before(1, count.min(self.path.segments.len() - 1 - skipped)),
            noun,
            suffix,
            ..Parts::default()
        };
        // Where the verb is said already, it is not said twice.
        if self.verb.is_some() {
            parts.prefix.retain(|word| word != verb);
        }
        parts
    }

    /// The verb of a POST whose last segment is a noun.
    fn verb_of_post(&self) -> &str {
        match &self.verb {
            Some(verb) => verb,
            None if self.is_list || self.creates => "create",
            None if self.answers => "fetch",
            None => "run",
        }
    }

    /// Whether the list is below `search` or `browse`, and only read.
    fn is_search(&self) -> bool {
        let segments = &self.path.segments;
        self.is_view && segments.len() > 1 && is_in(SEARCHES, &segments[0].words.join("_"))
    }

    /// Whether records are selected below it, or its noun is a plural.
    fn is_plural(&self, last: &Segment) -> bool {
        !self.path.selectors.is_empty() || singular(&last.words) != last.words
    }

    /// Whether many records are sent at once.
    fn is_batch(&self) -> bool {
        let mut words = self.path.segments.iter().flat_map(|segment| &segment.words);
        words.any(|word| is_in(BATCHES, word))
    }

    /// Whether the segment before the last one is `batch` or `bulk`.
    fn is_batch_above(&self) -> bool {
        let above = self.path.segments.iter().rev().nth(1);
        above.is_some_and(|above| is_in(BATCHES, &above.words.join("_")))
    }

    /// Whether a segment is a record of which there is no list, in the singular, and not directly
    /// below the first segment: it says too little without the segment before it.
    fn is_unlisted(&self, index: usize) -> bool {
        let segment = &self.path.segments[index];
        index > 1
            && segment.before_parameter
            && !self
                .module
                .records
                .contains(&self.path.segments[index - 1].path)
            && !self.module.served.contains(&segment.path)
            && singular(&segment.words) == segment.words
    }

    /// The words of `count` segments before the last `without` ones.
    fn before(&self, without: usize, count: usize) -> Vec<String> {
        let end = self.path.segments.len().saturating_sub(without);
        let mut start = end.saturating_sub(count);
        if start < end && self.is_unlisted(start) {
            start -= 1;
        }
        let segments = self.path.segments[start..end].iter();
        let words = segments.map(|segment| match segment.before_parameter {
            true => singular(&segment.words),
            false => segment.words.clone(),
        });
        words.flatten().collect()
    }
}

/// Whether words stand side by side among others.
fn is_within(words: &[String], others: &[String]) -> bool {
    others.windows(words.len()).any(|window| window == words)
}
