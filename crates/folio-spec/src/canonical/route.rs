//! Paths of operations and patterns of routes.

use std::collections::BTreeSet;

use crate::base::text::text_problem;

/// A path with its parameters unnamed, so that `/users/{id}` and `/users/{userId}` are one.
pub fn path_template(path: &str) -> String {
    let path = starred(path);
    let mut template = String::new();
    for segment in path
        .trim_end_matches('*')
        .split('/')
        .filter(|segment| !segment.is_empty())
    {
        template.push('/');
        let mut rest = segment;
        while let Some((before, after)) = rest.split_once('{') {
            template.push_str(before);
            template.push_str("{}");
            rest = after.split_once('}').map_or("", |(_, after)| after);
        }
        template.push_str(rest);
    }
    template
}

/// The key that distinguishes a route from others of its method: its path template; a path and the
/// paths below it are different routes.
pub fn route_key(path: &str) -> String {
    let below = starred(path).ends_with("/*");
    format!("{}{}", path_template(path), if below { "/*" } else { "" })
}

/// A path with a parameter in place of each wildcard, which represents the rest of a path:
/// `{+rest}`, as in RFC 6570.
pub(crate) fn unstarred(pattern: &str) -> String {
    let mut path = String::new();
    for (index, part) in pattern.split('*').enumerate() {
        match index {
            0 => {}
            1 => path.push_str("{+rest}"),
            _ => path.push_str(&format!("{{+rest{index}}}")),
        }
        path.push_str(part);
    }
    path
}

/// A path with a wildcard in place of each parameter that represents the rest of a path.
pub fn starred(path: &str) -> String {
    let mut starred = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("{+") {
        starred.push_str(before);
        starred.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    starred + rest
}

/// The error of a path template.
pub(crate) fn path_problem(path: &str) -> Option<String> {
    if let Some(problem) = text_problem(path) {
        return Some(problem);
    }
    let shown = path.escape_debug();
    if path.contains(['?', '#']) {
        return Some(format!(
            "`{shown}` has a query: a path was expected. It is left to calls by path"
        ));
    }
    let mut names = BTreeSet::new();
    let mut rest = path;
    while let Some(at) = rest.find(['{', '}']) {
        let Some((name, after)) = rest[at..]
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        else {
            return Some(format!("`{shown}` has a brace without its other"));
        };
        if name.trim_start_matches('+').is_empty() || name.contains(['{', '/']) {
            return Some(format!("`{shown}` has a parameter without a name"));
        }
        if !names.insert(name) {
            return Some(format!("`{shown}` has two parameters `{name}`"));
        }
        rest = after;
    }
    None
}

/// The names of the parameters of a path, in their order: `+rest` for the rest of a path.
pub(crate) fn parameter_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// A path without empty segments.
pub(crate) fn without_empty_segments(path: &str) -> String {
    format!(
        "/{}",
        path.split('/')
            .filter(|segment| !segment.is_empty())
            .collect::<Vec<_>>()
            .join("/")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_differ_in_the_names_of_parameters_are_one_route() {
        for (path, key) in [
            ("/users/{id}", "/users/{}"),
            ("/users/{userId}/", "/users/{}"),
            ("/files/{a}.{b}", "/files/{}.{}"),
            ("/data/*", "/data/*"),
            ("/data/{+rest}", "/data/*"),
            ("/data/can*", "/data/can"),
        ] {
            assert_eq!(route_key(path), key, "{path}");
        }
    }

    #[test]
    fn a_star_is_a_parameter_for_the_rest_of_the_path() {
        for (pattern, path) in [
            ("/a/*", "/a/{+rest}"),
            ("/a/*/b/*", "/a/{+rest}/b/{+rest2}"),
            ("/a/{id}", "/a/{id}"),
        ] {
            assert_eq!(unstarred(pattern), path);
            assert_eq!(starred(path), pattern);
        }
    }

    #[test]
    fn a_path_that_cannot_be_sent_is_a_problem() {
        for (path, problem) in [
            ("/users/{id}", None),
            ("/users?x={y}", Some("has a query")),
            ("/users/{id", Some("has a brace without its other")),
            ("/users/{}", Some("has a parameter without a name")),
            ("/users/{id}/{id}", Some("has two parameters `id`")),
            ("/us\u{202e}ers", Some("U+202E")),
        ] {
            let found = path_problem(path);
            match problem {
                None => assert_eq!(found, None, "{path}"),
                Some(problem) => {
                    assert!(found.is_some_and(|found| found.contains(problem)), "{path}")
                }
            }
        }
    }

    #[test]
    fn parameters_are_named_in_the_order_of_the_path() {
        let names: Vec<&str> = parameter_names("/a/{id}/b/{name}.{+rest}").collect();
        assert_eq!(names, ["id", "name", "+rest"]);
        assert_eq!(without_empty_segments("//a//{b}/"), "/a/{b}");
    }
}
