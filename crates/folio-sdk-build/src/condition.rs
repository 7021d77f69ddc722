//! Conditions in generated code: what is only there if a module or a feature is in the build.
//!
//! A condition names modules, and holds if one of them is in the build. Around whole lines it is a
//! block: a line that begins it, a line that ends it, and between them perhaps one that begins what
//! is there otherwise. Within a line it has both texts. The characters that mark conditions are
//! private-use characters, which the text of documents must not contain ([`is_mark`]).

/// Begins a condition.
const IF: char = '\u{e000}';
/// Ends the names of a condition.
const THEN: char = '\u{e001}';
/// Begins what is there if the condition does not hold.
const ELSE: char = '\u{e002}';
/// Ends what depends on a condition.
const FI: char = '\u{e003}';

/// The line that ends a block.
pub const END: &str = "\u{e003}\n";

/// The line after which is what is there if the condition of a block does not hold.
pub const OTHERWISE: &str = "\u{e002}\n";

/// Whether a character marks a condition.
pub fn is_mark(c: char) -> bool {
    (IF..=FI).contains(&c)
}

/// The line that begins a block, which is there if one of the names is in the build.
pub fn begin<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    format!("{}\n", head(names))
}

/// Text within a line: `then` if one of the names is in the build, else the other.
pub fn inline<'a>(names: impl IntoIterator<Item = &'a str>, then: &str, otherwise: &str) -> String {
    format!("{}{then}{ELSE}{otherwise}{FI}", head(names))
}

fn head<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    format!("{IF}{}{THEN}", names.join(" "))
}

/// The text of a build: `is_built` tells whether a name is in it.
///
/// # Errors
/// A condition does not end, or ends without a beginning.
pub fn select(text: &str, is_built: impl Fn(&str) -> bool) -> Result<String, String> {
    let holds = |names: &str| names.split(' ').any(&is_built);
    let mut out = String::with_capacity(text.len());
    // For each open block, whether what follows is there.
    let mut open: Vec<bool> = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let problem = |problem| format!("line {}: {problem}", number + 1);
        let mut start = line.trim_start().trim_end_matches('\n').chars();
        match start.next() {
            Some(IF) => {
                let names = start.as_str().strip_suffix(THEN);
                let names = names.ok_or_else(|| problem("a condition without an end"))?;
                open.push(holds(names));
            }
            Some(ELSE) => {
                let last = open.last_mut();
                let last = last.ok_or_else(|| problem("no condition is open"))?;
                *last = !*last;
            }
            Some(FI) => {
                let last = open.pop();
                last.ok_or_else(|| problem("no condition is open"))?;
            }
            _ if open.contains(&false) => {}
            _ => push_line(&mut out, line, holds).map_err(problem)?,
        }
    }
    match open.is_empty() {
        true => Ok(out),
        false => Err("a condition does not end".to_owned()),
    }
}

/// Appends a line, with the text that its conditions select.
fn push_line(
    out: &mut String,
    line: &str,
    holds: impl Fn(&str) -> bool,
) -> Result<(), &'static str> {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(IF) {
        out.push_str(before);
        let parts = after.split_once(THEN).and_then(|(names, after)| {
            let (then, after) = after.split_once(ELSE)?;
            let (otherwise, after) = after.split_once(FI)?;
            Some((names, then, otherwise, after))
        });
        let (names, then, otherwise, after) = parts.ok_or("a condition is not whole")?;
        out.push_str(if holds(names) { then } else { otherwise });
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn blocks_nest_and_have_another_side() {
        let text = format!(
            "a\n  {}  b\n    {}    c\n    {OTHERWISE}    d\n    {END}  {END}e {}\n",
            begin(["x", "y"]),
            begin(["z"]),
            inline(["z"], "[z]", "no z"),
        );
        let of = |built: &[&str]| select(&text, |name| built.contains(&name)).unwrap();
        assert_eq!(of(&[]), "a\ne no z\n");
        assert_eq!(of(&["y"]), "a\n  b\n    d\ne no z\n");
        assert_eq!(of(&["x", "z"]), "a\n  b\n    c\ne [z]\n");
        assert_eq!(of(&["z"]), "a\ne [z]\n");
    }

    #[test]
    fn what_is_not_whole_is_an_error() {
        for (text, expected) in [
            (begin(["x"]), "a condition does not end"),
            (format!("a\n{END}"), "line 2: no condition is open"),
            (format!("a\n{OTHERWISE}"), "line 2: no condition is open"),
            (format!("{IF}x\n"), "line 1: a condition without an end"),
            (
                format!("a {IF}x{THEN}y\n"),
                "line 1: a condition is not whole",
            ),
        ] {
            assert_eq!(select(&text, |_| true).unwrap_err(), expected);
        }
    }

    #[test]
    fn text_without_conditions_stays() {
        for text in ["", "a", "a\nb\n", "\n\n  x {} //\n"] {
            assert_eq!(select(text, |_| false).unwrap(), text);
        }
    }
}
