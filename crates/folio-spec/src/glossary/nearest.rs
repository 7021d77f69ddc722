//! The existing name that is most similar to an unknown one.

/// `; the nearest is …`, if a name is near enough to be meant.
pub(crate) fn hint<'a>(unknown: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let likeness = |name: &str| {
        strsim::jaro_winkler(&name.to_ascii_lowercase(), &unknown.to_ascii_lowercase())
    };
    let nearest = names
        .into_iter()
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    nearest.map_or_else(String::new, |(_, name)| {
        format!("; the nearest is `{name}`")
    })
}
