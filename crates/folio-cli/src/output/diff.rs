//! The differences of two texts, line by line.

use similar::{ChangeTag, TextDiff};

use crate::output::style::Style;

/// How many unchanged lines are shown around changed ones.
const AROUND: usize = 3;

/// The changed lines with some around them, as `diff -u` writes them, without a header.
pub(crate) fn unified(before: &str, after: &str, paint: impl Fn(Style, &str) -> String) -> String {
    let difference = TextDiff::from_lines(before, after);
    let mut out = String::new();
    for (at, group) in difference.grouped_ops(AROUND).iter().enumerate() {
        if at > 0 {
            out.push_str(&paint(Style::Dim, "…"));
            out.push('\n');
        }
        for change in group
            .iter()
            .flat_map(|operation| difference.iter_changes(operation))
        {
            let line = change.value().trim_end_matches('\n');
            let line = match change.tag() {
                ChangeTag::Equal => format!("  {line}"),
                ChangeTag::Delete => paint(Style::Red, &format!("- {line}")),
                ChangeTag::Insert => paint(Style::Green, &format!("+ {line}")),
            };
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}
