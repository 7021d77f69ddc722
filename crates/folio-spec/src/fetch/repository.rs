//! The repository of a module or library, at the tag of a version.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::git::{checkout, git, remove_git};
use super::submodule::{Parent, submodules};
use super::tag::choose;
use crate::base::error::Result;
use crate::base::note::{Kind, Note};

/// Fetches a repository at the tag of a version, or at its substitute. Returns the tag and the
/// commit.
pub(super) fn repository(
    module: &str,
    name: &str,
    version: &str,
    base: &str,
    folder: &Path,
    foreign: &mut BTreeSet<PathBuf>,
    notes: &mut Vec<Note>,
) -> Result<(String, String)> {
    let url = format!("{}/{name}", base.trim_end_matches('/'));
    let listed = git(None, &["ls-remote", "--tags", "--refs", "--", &url])?;
    let tags: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_once("refs/tags/"))
        .map(|(_, tag)| tag)
        .collect();
    let (tag, reference) = match choose(version, &tags) {
        Some(tag) => (tag.to_owned(), format!("refs/tags/{tag}")),
        None => ("HEAD".to_owned(), "HEAD".to_owned()),
    };
    if tag.trim_start_matches('v') != version {
        let what = if tag == "HEAD" {
            "the newest commit"
        } else {
            &tag
        };
        notes.push(Note::new(
            Kind::Substituted,
            module,
            format!("{name}-{version} {tag}"),
            format!("{name} has no tag v{version}; {what} is used instead"),
        ));
    }
    let commit = checkout(folder, &url, &reference)?;
    let parent = Parent {
        module,
        root: folder,
        base,
    };
    submodules(&parent, Path::new(""), &url, 0, foreign, notes)?;
    remove_git(folder);
    Ok((tag, commit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the repository `mod-a`, which has the file `a.txt` at the tag v1.0.0.
    fn base() -> tempfile::TempDir {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("mod-a");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.txt"), "a").unwrap();
        let at = Some(&*folder);
        git(at, &["init", "--quiet"]).unwrap();
        git(at, &["add", "a.txt"]).unwrap();
        let commit = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "commit",
            "--quiet",
            "-m",
            "a",
        ];
        git(at, &commit).unwrap();
        git(at, &["tag", "v1.0.0"]).unwrap();
        base
    }

    #[test]
    fn a_repository_is_fetched_at_its_tag_or_at_a_substitute() {
        let base = base();
        for (version, tag, kinds) in [
            ("1.0.0", "v1.0.0", &[][..]),
            ("1.0.7", "v1.0.0", &[Kind::Substituted]),
            ("next", "HEAD", &[Kind::Substituted]),
        ] {
            let into = tempfile::tempdir().unwrap();
            let mut notes = Vec::new();
            let mut foreign = BTreeSet::new();
            let url = base.path().to_str().unwrap();
            let (found, commit) = repository(
                "mod-a",
                "mod-a",
                version,
                url,
                into.path(),
                &mut foreign,
                &mut notes,
            )
            .unwrap();
            assert_eq!((&*found, commit.len()), (tag, 40));
            let found: Vec<Kind> = notes.iter().map(|note| note.kind).collect();
            assert_eq!(found, kinds, "{version}");
            assert!(into.path().join("a.txt").is_file() && !into.path().join(".git").exists());
        }
    }

    #[test]
    fn a_repository_that_is_missing_is_an_error_of_git() {
        let base = tempfile::tempdir().unwrap();
        let url = base.path().to_str().unwrap();
        let into = base.path().join("into");
        let error = repository(
            "mod-a",
            "mod-a",
            "1.0.0",
            url,
            &into,
            &mut BTreeSet::new(),
            &mut Vec::new(),
        )
        .unwrap_err();
        assert!(error.problem.contains("git ls-remote failed"), "{error}");
    }
}
