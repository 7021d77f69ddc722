//! Submodules of a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::git::{checkout, git, remove_git};
use super::url::{candidates, redacted};
use crate::base::error::Result;
use crate::base::files::slashes;
use crate::base::note::{Kind, Note};

/// How deep submodules have submodules.
const MAX_DEPTH: usize = 4;

/// The repository whose submodules are fetched.
pub(super) struct Parent<'a> {
    /// The module that it is part of.
    pub(super) module: &'a str,
    pub(super) root: &'a Path,
    pub(super) base: &'a str,
}

/// Fetches the submodules of a work tree, at the commits that it has recorded.
pub(super) fn submodules(
    parent: &Parent<'_>,
    inside: &Path,
    url: &str,
    depth: usize,
    foreign: &mut BTreeSet<PathBuf>,
    notes: &mut Vec<Note>,
) -> Result<()> {
    let Parent { module, root, base } = *parent;
    let folder = root.join(inside);
    if depth > MAX_DEPTH || !folder.join(".gitmodules").is_file() {
        return Ok(());
    }
    // `--list` succeeds where there is nothing, unlike `--get-regexp`.
    let listed = git(
        Some(&folder),
        &["config", "--file", ".gitmodules", "--list"],
    )?;
    let mut modules: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for line in listed.lines() {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        if !key.starts_with("submodule.") {
            continue;
        }
        if let Some(name) = key.strip_suffix(".path") {
            modules.entry(name).or_default().0 = Some(value);
        } else if let Some(name) = key.strip_suffix(".url") {
            modules.entry(name).or_default().1 = Some(value);
        }
    }
    for (path, own) in modules
        .into_values()
        .filter_map(|(path, url)| Some((path?, url?)))
    {
        let inner = inside.join(path);
        let within = inner.components().all(
            |part| matches!(part, Component::Normal(name) if !name.eq_ignore_ascii_case(".git")),
        );
        let recorded = git(Some(&folder), &["ls-tree", "HEAD", "--", path])?;
        let commit = recorded
            .split_whitespace()
            .nth(2)
            .filter(|_| recorded.starts_with("160000"));
        let (true, Some(commit)) = (within, commit) else {
            continue;
        };
        foreign.insert(inner.clone());
        let mut problems = Vec::new();
        let mut found = None;
        for candidate in candidates(own, url, base) {
            match submodule(&root.join(&inner), &candidate, commit) {
                Ok(stand_in) => {
                    found = Some((candidate, stand_in));
                    break;
                }
                Err(error) => problems.push(error.problem),
            }
        }
        if found.is_none() && problems.is_empty() {
            problems.push(format!(
                "`{}` is not a permitted repository: only those under --git-base are fetched from this machine",
                redacted(own).escape_debug()
            ));
        }
        match found {
            None => notes.push(Note::new(
                Kind::Omitted,
                module,
                slashes(&inner),
                format!(
                    "the submodule {} is missing: {}",
                    inner.display(),
                    problems.join("; ")
                ),
            )),
            Some((url, stand_in)) => {
                if let Some(used) = stand_in {
                    notes.push(Note::new(
                        Kind::Substituted,
                        module,
                        format!("{} {commit} {used}", slashes(&inner)),
                        format!(
                            "the submodule {} has no commit {commit}; {used} is used instead",
                            inner.display()
                        ),
                    ));
                }
                submodules(parent, &inner, &url, depth + 1, foreign, notes)?;
                remove_git(&root.join(&inner));
            }
        }
    }
    Ok(())
}

/// Fetches one submodule; the commit that is in, where the recorded one is not there.
fn submodule(folder: &Path, url: &str, commit: &str) -> Result<Option<String>> {
    // Most servers return a commit by its hash. Others return branches only, and it is looked for
    // in their history.
    if checkout(folder, url, commit).is_ok() {
        return Ok(None);
    }
    git(
        Some(folder),
        &[
            "fetch",
            "--quiet",
            "--",
            url,
            "+refs/heads/*:refs/all/heads/*",
            "+refs/tags/*:refs/all/tags/*",
        ],
    )?;
    if git(Some(folder), &["checkout", "--quiet", "--force", commit]).is_ok() {
        return Ok(None);
    }
    checkout(folder, url, "HEAD").map(Some)
}
