//! Changes as text and as a page of Markdown.

use super::changes::Change;

/// The changes as text, one heading per module.
pub(crate) fn listed(changes: &[Change]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut module = "";
    for change in changes {
        if change.module != module {
            module = &change.module;
            lines.extend([String::new(), format!("## {module}")]);
        }
        lines.push(change.to_string());
    }
    let breaking = changes.iter().filter(|change| change.breaking).count();
    lines.push(format!(
        "\n{} changes, {breaking} of them breaking",
        changes.len()
    ));
    lines
}

/// The changes as a page.
pub(crate) fn page(old: &str, new: &str, changes: &[Change]) -> Vec<String> {
    let count = |module: &str| {
        let breaking = changes
            .iter()
            .filter(|change| change.breaking && change.module == module);
        breaking.count()
    };
    let breaking = changes.iter().filter(|change| change.breaking).count();
    let mut lines = vec![
        format!("# What changed from {old} to {new}"),
        String::new(),
        format!("`folio-spec diff {old} {new} --markdown` writes this page from the documents of both. {} changes, {breaking} of them", changes.len()),
        "**breaking**: a program that compiled against the first, or ran against it, may not do so against the second.".to_owned(),
    ];
    let mut module = "";
    for change in changes {
        if change.module != module {
            module = &change.module;
            let breaking = match count(module) {
                0 => String::new(),
                count => format!(" ({count} breaking)"),
            };
            lines.extend([
                String::new(),
                format!("## {module}{breaking}"),
                String::new(),
            ]);
        }
        let mark = if change.breaking { "**breaking** " } else { "" };
        lines.push(format!(
            "- {mark}{} `{}`: {}",
            change.kind, change.subject, change.change
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_listed_by_module() {
        let change = |module: &str, breaking: bool| Change {
            module: module.to_owned(),
            subject: "GET /a".to_owned(),
            kind: "operation",
            change: "removed".to_owned(),
            breaking,
        };
        let changes = [
            change("mod-a", true),
            change("mod-a", false),
            change("mod-b", false),
        ];
        let expected = [
            "",
            "## mod-a",
            "! operation GET /a: removed",
            "  operation GET /a: removed",
            "",
            "## mod-b",
            "  operation GET /a: removed",
            "\n3 changes, 1 of them breaking",
        ];
        assert_eq!(listed(&changes), expected);
        let page = page("r1", "r2", &changes);
        assert_eq!(page[0], "# What changed from r1 to r2");
        for line in [
            "## mod-a (1 breaking)",
            "- **breaking** operation `GET /a`: removed",
            "## mod-b",
        ] {
            assert!(page.iter().any(|other| other == line), "{line}");
        }
    }
}
