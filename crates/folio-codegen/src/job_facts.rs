//! What a GET shows of a job: `longRunning` among the facts of an operation.

use serde_json::Value;

/// Where the status of a job is, and what its states mean; as in `docs/canonical-documents.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobFacts {
    /// The lists by the names of their keys, in the order of [`LISTS`].
    lists: [Vec<String>; LISTS.len()],
    /// Whether a response without a status means that nothing is in progress.
    pub(crate) optional: bool,
}

/// The keys of the lists.
const LISTS: [&str; 9] = [
    "status", "running", "waiting", "between", "done", "failed", "current", "total", "message",
];

/// What the value of a key must be.
const EXPECTED: &str = "an object of lists of texts, with `status`";

impl JobFacts {
    /// Reads the facts.
    ///
    /// # Errors
    /// What is expected in place of the value.
    pub(crate) fn read(facts: &Value) -> Result<Self, &'static str> {
        let facts = facts.as_object().ok_or(EXPECTED)?;
        let mut job = Self::default();
        for (key, value) in facts {
            if key == "optional" {
                job.optional = value.as_bool().ok_or(EXPECTED)?;
                continue;
            }
            let at = LISTS.iter().position(|list| list == key).ok_or(EXPECTED)?;
            let texts = value.as_array().ok_or(EXPECTED)?.iter();
            let texts: Option<Vec<String>> =
                texts.map(|text| text.as_str().map(str::to_owned)).collect();
            *job.lists.get_mut(at).ok_or(EXPECTED)? = texts.ok_or(EXPECTED)?;
        }
        match job.lists.first() {
            Some(status) if !status.is_empty() => Ok(job),
            _ => Err(EXPECTED),
        }
    }

    /// The lists by the names of their keys.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (&'static str, &Vec<String>)> {
        LISTS.into_iter().zip(&self.lists)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    #[test]
    fn the_lists_are_read_and_anything_else_is_an_error() {
        let job = JobFacts::read(&json!({"status": ["/a"], "done": ["X"], "optional": true}));
        let job = job.unwrap();
        assert!(job.optional);
        let full: Vec<&str> = job
            .lists()
            .filter(|(_, list)| !list.is_empty())
            .map(|(key, _)| key)
            .collect();
        assert_eq!(full, ["status", "done"]);
        for broken in [
            json!("/status"),
            json!({}),
            json!({"status": []}),
            json!({"status": "/a"}),
            json!({"status": [5]}),
            json!({"status": ["/a"], "finished": ["X"]}),
            json!({"status": ["/a"], "optional": "yes"}),
        ] {
            assert_eq!(JobFacts::read(&broken), Err(EXPECTED), "{broken}");
        }
    }
}
