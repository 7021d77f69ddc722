//! The tag at which a version is fetched.

use crate::base::version::numbers;

/// The tag of a version; else the nearest older one of its minor version, of its major version, of
/// all; else the nearest newer one.
pub(super) fn choose<'a>(version: &str, tags: &[&'a str]) -> Option<&'a str> {
    if let Some(exact) = tags
        .iter()
        .find(|tag| tag.strip_prefix('v').unwrap_or(tag) == version)
    {
        return Some(exact);
    }
    let wanted = numbers(version)?;
    let mut known: Vec<(Vec<u64>, &str)> = tags
        .iter()
        // Those with a suffix are candidates and snapshots.
        .filter(|tag| !tag.contains('-'))
        .filter_map(|tag| Some((numbers(tag)?, *tag)))
        .collect();
    known.sort();
    let older = |same: usize| {
        known
            .iter()
            .rev()
            .find(|(own, _)| *own <= wanted && own.iter().take(same).eq(wanted.iter().take(same)))
    };
    older(2)
        .or_else(|| older(1))
        .or_else(|| older(0))
        .or_else(|| known.first())
        .map(|(_, tag)| *tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_older_tag_stands_in() {
        let tags = [
            "v1.2.0",
            "v1.2.3",
            "v1.3.0",
            "v2.0.0",
            "v2.0.1-rc.1",
            "other",
        ];
        for (version, tag) in [
            ("1.2.3", Some("v1.2.3")),
            ("1.2.9", Some("v1.2.3")),
            ("1.2.2", Some("v1.2.0")),
            ("1.9.0", Some("v1.3.0")),
            ("2.0.1", Some("v2.0.0")),
            ("2.0.1-rc.1", Some("v2.0.1-rc.1")),
            ("3.0.0-SNAPSHOT.7", Some("v2.0.0")),
            ("1.0.0", Some("v1.2.0")),
            ("latest", None),
        ] {
            assert_eq!(choose(version, &tags), tag, "{version}");
        }
        assert_eq!(choose("1.0.0", &[]), None);
    }
}
