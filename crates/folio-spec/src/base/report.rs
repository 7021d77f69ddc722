//! The report of the import of one module, besides its document.

use serde_json::{Value, json};

use super::error::{Error, Result};

/// The findings of the passes over a module: unreadable, omitted and outdated parts.
#[derive(Debug, Default)]
pub(crate) struct ModuleReport {
    /// Whether the first problem ends the import. Otherwise an unreadable part becomes any value,
    /// and the problem is reported at the end.
    is_strict: bool,
    /// The unreadable parts, each problem once.
    pub(crate) problems: Vec<Error>,
    /// Described parts that are omitted because the SDK cannot send them: the subject, and the
    /// omitted part.
    pub(crate) omitted: Vec<(String, String)>,
    /// Overrides that change nothing any more.
    pub(crate) stale: Vec<String>,
}

impl ModuleReport {
    /// A report of which the first problem ends the import, if it is strict.
    pub(crate) fn new(is_strict: bool) -> Self {
        Self {
            is_strict,
            ..Self::default()
        }
    }

    /// Records a problem.
    ///
    /// # Errors
    /// The problem itself, if the report is strict.
    pub(crate) fn record_problem(&mut self, problem: Error) -> Result<()> {
        if self.is_strict {
            return Err(problem);
        }
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        Ok(())
    }

    /// Records a problem, and returns the schema in place of the unreadable part: any value.
    ///
    /// # Errors
    /// The problem itself, if the report is strict.
    pub(crate) fn any_schema(&mut self, problem: Error) -> Result<Value> {
        self.record_problem(problem)?;
        Ok(json!({}))
    }

    /// Records something that is described and that no document has.
    pub(crate) fn omit(&mut self, subject: String, what: String) {
        let omitted = (subject, what);
        if !self.omitted.contains(&omitted) {
            self.omitted.push(omitted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strict_report_ends_at_the_first_problem() {
        let problem = || Error::at("a.raml", "3:1", "unknown trait");
        let mut strict = ModuleReport::new(true);
        assert_eq!(strict.record_problem(problem()), Err(problem()));
        assert_eq!(strict.any_schema(problem()), Err(problem()));
        assert!(strict.problems.is_empty());

        let mut lenient = ModuleReport::new(false);
        assert_eq!(lenient.record_problem(problem()), Ok(()));
        assert_eq!(lenient.any_schema(problem()), Ok(json!({})));
        assert_eq!(lenient.problems, [problem()]);
    }

    #[test]
    fn what_is_left_out_is_reported_once() {
        let mut report = ModuleReport::default();
        for _ in 0..2 {
            report.omit("GET /a cookie b".to_owned(), "the cookie `b`".to_owned());
        }
        assert_eq!(report.omitted.len(), 1);
    }
}
