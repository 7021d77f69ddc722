//! Versions of modules, as their tags, descriptors and manifests write them.

/// The numbers of a version, `7.3.0`, `v7.3.3-SNAPSHOT.4` or `1.0.0+build.2`; none for a part that
/// is not a number.
fn parts(version: &str) -> impl Iterator<Item = Option<u64>> {
    let release = version.trim_start_matches('v').split(['-', '+']).next();
    let parts = release.unwrap_or_default().split('.');
    parts.map(|part| part.parse().ok())
}

/// The numbers of a version; none if it does not consist of numbers.
pub(crate) fn numbers(version: &str) -> Option<Vec<u64>> {
    parts(version).collect()
}

/// The numbers of a version, zero for each part that is not a number, so that any two can be
/// compared.
pub(crate) fn comparable(version: &str) -> Vec<u64> {
    parts(version).map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_or_without_a_prefix_and_a_suffix() {
        for (version, strict, lenient) in [
            ("7.3.0", Some(vec![7, 3, 0]), vec![7, 3, 0]),
            ("v7.3.3-SNAPSHOT.4", Some(vec![7, 3, 3]), vec![7, 3, 3]),
            ("1.0.0+build.2", Some(vec![1, 0, 0]), vec![1, 0, 0]),
            ("1.x.3", None, vec![1, 0, 3]),
            ("latest", None, vec![0]),
            ("", None, vec![0]),
        ] {
            assert_eq!(numbers(version), strict, "{version}");
            assert_eq!(comparable(version), lenient, "{version}");
        }
        assert!(comparable("1.10.0") > comparable("1.9.12"));
    }
}
