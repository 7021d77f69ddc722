//! Paths of operations with parameters in them, `/users/{userId}`.

/// Whether a path belongs to a template. `{+rest}` stands for the rest of a path.
pub(crate) fn matches(template: &str, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if let Some((before, _)) = template.split_once("{+") {
        return match path.strip_prefix(before) {
            Some(rest) => !before.ends_with('/') || !rest.is_empty(),
            None => matches_segments(before, path, true),
        };
    }
    matches_segments(template, path, false)
}

/// `open`: the path may have more segments than the template.
fn matches_segments(template: &str, path: &str, open: bool) -> bool {
    let segments = |text: &str| -> Vec<String> {
        let text = text.trim_matches('/');
        text.split('/').map(str::to_owned).collect()
    };
    let (template, path) = (segments(template), segments(path));
    let fits = match open {
        true => path.len() >= template.len(),
        false => path.len() == template.len(),
    };
    fits && template
        .iter()
        .zip(&path)
        .all(|(template, segment)| segment_matches(template, segment))
}

/// Text around the parameters must be equal; a parameter is not empty.
fn segment_matches(template: &str, segment: &str) -> bool {
    let Some((before, rest)) = template.split_once('{') else {
        return template == segment;
    };
    let Some(inner) = segment.strip_prefix(before) else {
        return false;
    };
    if inner.starts_with('{') {
        // A template was given in place of a path.
        return true;
    }
    match rest.split_once('}') {
        Some((_, "")) | None => !inner.is_empty(),
        Some((_, after)) => {
            let literal = after.split('{').next().unwrap_or_default();
            inner
                .match_indices(literal)
                .any(|(at, _)| at > 0 && segment_matches(after, &inner[at..]))
        }
    }
}
