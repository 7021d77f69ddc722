//! A path as a name reads it: its segments, what they are part of, and what selects a record.

use super::nouns::{singular, words_of};
use super::verbs::{VERBS, is_in, verb_length};
use crate::canonical::route::parameter_names;

/// Segments that say by what a record is selected, if a parameter follows; so do those that begin
/// with `by`.
pub(super) const SELECTORS: &str =
    "barcode domain from id provider report to type username version";

/// Adjectives: as the last segment they stand before the noun in front of them.
pub(super) const ADJECTIVES: &str = "\
    all current custom dropped electronic entitled failed future global preferred privileged \
    related scheduled static subsequent";

/// A segment of a path that is no parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its words in lower case.
    pub(super) words: Vec<String>,
    /// Whether a parameter follows: it is a record then.
    pub(super) before_parameter: bool,
    /// The path to its end.
    pub(super) path: String,
}

/// A path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    /// The segments that are no parameters, in their order.
    pub(super) segments: Vec<Segment>,
    /// The adjectives at its end.
    pub(super) adjectives: Vec<String>,
    /// By what its record is selected.
    pub(super) selectors: Vec<String>,
    /// Its parameters, `id` with what it identifies: `account_id`.
    pub(super) parameters: Vec<String>,
    /// Whether it ends in a parameter.
    pub(super) is_record: bool,
}

impl Path {
    /// Reads a path template.
    pub(super) fn read(template: &str) -> Self {
        let mut path = Self {
            is_record: template.trim_end_matches('/').ends_with('}'),
            ..Self::default()
        };
        let parts: Vec<&str> = template
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let mut place = String::new();
        for (index, part) in parts.iter().enumerate() {
            place.push('/');
            place.push_str(part);
            for parameter in parameter_names(part) {
                path.add_parameter(parameter);
            }
            let plain = part.split('{').next().unwrap_or(part);
            let words = words_of(plain);
            if words.is_empty() {
                continue;
            }
            let before_parameter = parts
                .get(index + 1)
                .is_some_and(|next| next.starts_with('{'));
            let selects = is_in(SELECTORS, &words.join("_")) || words[0] == "by";
            match path.segments.last_mut() {
                Some(record) if selects && before_parameter && words.len() <= 2 => {
                    record.before_parameter = true;
                    let by = usize::from(words[0] == "by" && words.len() > 1);
                    path.selectors.push(words[by..].join("_"));
                }
                _ => path.segments.push(Segment {
                    words,
                    before_parameter,
                    path: place.clone(),
                }),
            }
        }
        path.take_adjectives();
        path
    }

    /// Whether what is made of the last `count` segments is part of a record.
    pub(super) fn is_below(&self, count: usize) -> bool {
        let above = self.segments.len().checked_sub(count + 1);
        above.is_some_and(|index| self.segments[index].before_parameter)
    }

    /// The parameter `id` is named after the record that it identifies.
    fn add_parameter(&mut self, parameter: &str) {
        let name = words_of(parameter).join("_");
        let record = match self.segments.last() {
            Some(segment) if name == "id" && verb_length(&segment.words, VERBS).is_none() => {
                singular(&segment.words).join("_") + "_"
            }
            _ => String::new(),
        };
        self.parameters.push(record + &name);
    }

    fn take_adjectives(&mut self) {
        while let [.., noun, last] = &self.segments[..]
            && !last.before_parameter
            && !noun.before_parameter
            && verb_length(&noun.words, VERBS).is_none()
            && is_in(ADJECTIVES, &last.words.join("_"))
        {
            self.adjectives
                .extend(self.segments.pop().map(|last| last.words.join("_")));
        }
        // What is created below `custom` and read by `custom/{id}` is custom, too.
        if let [.., noun, last] = &self.segments[..]
            && last.before_parameter
            && self.is_record
            && !noun.before_parameter
            && is_in(ADJECTIVES, &last.words.join("_"))
        {
            let last = self.segments.pop();
            self.adjectives
                .extend(last.map(|last| last.words.join("_")));
            if let Some(noun) = self.segments.last_mut() {
                noun.before_parameter = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(template: &str) -> String {
        let path = Path::read(template);
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| {
                let mark = if segment.before_parameter { "*" } else { "" };
                segment.words.join("_") + mark
            })
            .collect();
        format!(
            "{} | {} | {}",
            segments.join(" "),
            path.adjectives.join(" "),
            path.selectors.join(" ")
        )
    }

    #[test]
    fn a_path_has_segments_adjectives_and_selectors() {
        for (template, expected) in [
            ("/users/{userId}", "users* |  | "),
            ("/accessions/id/{accessionId}", "accessions* |  | id"),
            (
                "/bl-users/by-username/{username}",
                "bl_users* |  | username",
            ),
            ("/note-links/type/{a}/id/{b}", "note_links* |  | type id"),
            ("/erm/titles/electronic", "erm titles | electronic | "),
            (
                "/sas/{id}/resources/static/all",
                "sas* resources | all static | ",
            ),
            ("/entity-types/custom/{id}", "entity_types* | custom | "),
            ("/reindex/full", "reindex full |  | "),
            ("/erm/settings{+rest}", "erm settings |  | "),
            ("/_/proxy/modules", "proxy modules |  | "),
        ] {
            assert_eq!(shown(template), expected, "{template}");
        }
        let path = Path::read("/account/{id}/hold/{holdId}/cancel");
        assert_eq!(path.parameters, ["account_id", "hold_id"]);
    }
}
