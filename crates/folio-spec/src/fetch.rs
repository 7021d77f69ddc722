//! The sources of a release from the modules' git repositories, each at its tag, with submodules and the libraries whose API it offers.
//!
//! This runs the command `git`: nothing else speaks all the protocols and credentials that repositories are reached by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::discover::{discover, slashes};
use crate::error::{Error, Result};
use crate::files::clean;
use crate::notes::{Kind, Note};
use crate::platform::Platform;

/// How many modules are fetched at once.
const AT_ONCE: usize = 4;

/// How deep submodules have submodules.
const MAX_DEPTH: usize = 4;

/// Where a release is fetched from, and to.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// What repositories' names go behind: a URL, or a folder.
    pub base: String,
    /// The folder for the sources, with their manifest; it has to be empty or absent.
    pub into: PathBuf,
    /// Libraries whose API modules offer: the names of repositories, which are those of the artifacts in a `pom.xml`.
    pub libraries: Vec<String>,
}

/// What stood in, and what is missing.
pub type Notes = Vec<Note>;

/// The file beside the manifest that has them.
pub(crate) const NOTES: &str = "notes.json";

/// Fetches the modules of a release, writes `manifest.json`, and tells what stood in and what is missing.
///
/// # Errors
/// There is no `git`, the folder cannot be written, or no module could be fetched. A module that cannot be fetched is told, and left out.
pub fn fetch(platform: &Platform, to: &Fetch) -> Result<Notes> {
    git(None, &["--version"])?;
    // Git runs in other folders.
    let base = Path::new(&to.base);
    let to = &match base.canonicalize() {
        Ok(base) if base.is_dir() => Fetch {
            base: base.display().to_string(),
            ..to.clone()
        },
        _ => to.clone(),
    };
    let failed =
        |error: std::io::Error| Error::file(&to.into, format!("cannot be written: {error}"));
    std::fs::create_dir_all(&to.into).map_err(failed)?;
    if std::fs::read_dir(&to.into)
        .map_err(failed)?
        .next()
        .is_some()
    {
        return Err(Error::file(
            &to.into,
            "is not empty; expected an empty folder for the sources",
        ));
    }
    let queue = Mutex::new(platform.modules.iter());
    let fetched = Mutex::new(BTreeMap::new());
    let lock_failed = || Error::file(&to.into, "a thread that fetched modules ended early");
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(platform.modules.len()) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some((name, version)) = next else { break };
                    let result = module(name, version, to);
                    if let Ok(mut fetched) = fetched.lock() {
                        fetched.insert(name.clone(), result);
                    }
                }
            });
        }
    });
    let fetched = fetched.into_inner().map_err(|_| lock_failed())?;
    let mut notes = platform.notes.clone();
    let mut manifest = Vec::new();
    for (name, result) in fetched {
        match result {
            Ok((entry, own)) => {
                notes.extend(own);
                manifest.push(entry);
            }
            Err(error) => notes.push(Note::new(Kind::Omitted, name, "", error.problem)),
        }
    }
    if manifest.is_empty() {
        return Err(Error::file(
            redacted(&to.base),
            format!(
                "no module could be fetched: {}",
                notes
                    .iter()
                    .map(|note| format!("{}: {}", note.module, note.what))
                    .collect::<Vec<_>>()
                    .join("; ")
            ),
        ));
    }
    let write = |name: &str, value: Value| {
        let text = serde_json::to_string_pretty(&value)
            .map_err(|error| Error::file(&to.into, error.to_string()))?;
        std::fs::write(to.into.join(name), text + "\n").map_err(failed)
    };
    write("manifest.json", manifest.into())?;
    notes.sort();
    write(NOTES, json!(notes))?;
    Ok(notes)
}

/// Fetches a module; its entry in the manifest, and what stood in.
fn module(name: &str, version: &str, to: &Fetch) -> Result<(Value, Notes)> {
    let mut notes = Notes::new();
    let folder = to.into.join(name);
    let mut foreign = BTreeSet::new();
    let (tag, commit) = repository(
        name,
        name,
        version,
        &to.base,
        &folder,
        &mut foreign,
        &mut notes,
    )?;
    for library in &to.libraries {
        let Some(version) = depends(&folder, library) else {
            continue;
        };
        let inside = folder.join("external").join(library);
        let read = repository(
            name,
            library,
            &version,
            &to.base,
            &inside,
            &mut BTreeSet::new(),
            &mut notes,
        );
        if let Err(error) = read {
            notes.push(Note::new(
                Kind::Omitted,
                name,
                library,
                format!(
                    "the library {library} {version} is missing: {}",
                    error.problem
                ),
            ));
        }
    }
    let mut entry = json!({"module": name, "version": version, "tag": tag, "commit": commit});
    discover(&folder, &foreign, &mut entry);
    if entry["kind"] == "none" {
        notes.push(Note::new(
            Kind::Unread,
            name,
            "",
            "has neither a description of its API nor a descriptor",
        ));
    }
    Ok((entry, notes))
}

/// Fetches a repository at the tag of a version, or at what stands in for it. Gives the tag and the commit.
fn repository(
    module: &str,
    name: &str,
    version: &str,
    base: &str,
    folder: &Path,
    foreign: &mut BTreeSet<PathBuf>,
    notes: &mut Notes,
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
            format!("{name} has no tag v{version}; {what} stands in"),
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

/// Makes a folder a work tree of one commit of a repository, without its history.
fn checkout(folder: &Path, url: &str, reference: &str) -> Result<String> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::file(folder, format!("cannot be written: {error}")))?;
    git(Some(folder), &["init", "--quiet"])?;
    git(
        Some(folder),
        &[
            "fetch",
            "--quiet",
            "--no-tags",
            "--depth",
            "1",
            "--",
            url,
            reference,
        ],
    )?;
    git(
        Some(folder),
        &["checkout", "--quiet", "--force", "FETCH_HEAD"],
    )?;
    let commit = git(Some(folder), &["rev-parse", "HEAD"])?;
    Ok(commit.trim().to_owned())
}

/// The repository whose submodules are fetched.
struct Parent<'a> {
    /// The module that it is part of.
    module: &'a str,
    root: &'a Path,
    base: &'a str,
}

/// Fetches the submodules of a work tree, at the commits that it has recorded.
fn submodules(
    parent: &Parent<'_>,
    inside: &Path,
    url: &str,
    depth: usize,
    foreign: &mut BTreeSet<PathBuf>,
    notes: &mut Notes,
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
                "`{}` is no repository that the command names: only those under its base are fetched from this machine",
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
                            "the submodule {} has no commit {commit}; {used} stands in",
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

/// Fetches one submodule; the commit that stands in, where the recorded one is not there.
fn submodule(folder: &Path, url: &str, commit: &str) -> Result<Option<String>> {
    // Most servers give a commit by its hash. Others give branches only, and it is looked for in their history.
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

/// Where a submodule may be had: where its URL says, if that is beside its parent, and under the base, which replaces hosts. A repository on
/// this machine is one that the command names: it lies under the base.
fn candidates(own: &str, parent: &str, base: &str) -> Vec<String> {
    let name = own
        .trim_end_matches('/')
        .rsplit(['/', ':'])
        .next()
        .unwrap_or(own);
    let based = |name: &str| format!("{}/{name}", base.trim_end_matches('/'));
    let mut all = Vec::new();
    let is_relative = own.starts_with("./") || own.starts_with("../");
    let is_local = local(own).is_some();
    if is_relative {
        all.push(relative(own, parent));
    } else if is_local {
        all.push(own.to_owned());
    }
    if !matches!(name, "" | "." | "..") {
        all.push(based(name));
        all.push(based(name.trim_end_matches(".git")));
    }
    // Of another owner on a host: only where the base is on a host too.
    if !is_relative && !is_local && local(base).is_none() {
        all.push(own.to_owned());
    }
    let mut seen = BTreeSet::new();
    all.retain(|url| may_be_fetched(url, base) && seen.insert(url.clone()));
    all
}

/// The path of a repository that is a folder of this machine.
fn local(url: &str) -> Option<&Path> {
    if let Some(path) = url.strip_prefix("file://") {
        return Some(Path::new(path));
    }
    // `git@host:path` is a host's, as git takes it.
    let is_hosts = url.contains("://")
        || url
            .find(':')
            .is_some_and(|colon| !url[..colon].contains('/'));
    (!is_hosts).then(|| Path::new(url))
}

/// Whether a URL that a module names may be fetched: on this machine what lies under the base, else what a host serves.
fn may_be_fetched(url: &str, base: &str) -> bool {
    if url.starts_with('-') || url.contains("::") || url.chars().any(folio_codegen::is_unsafe) {
        return false;
    }
    match (local(url), local(base)) {
        (Some(path), Some(base)) => clean(path).starts_with(clean(base)),
        (Some(_), None) => false,
        (None, _) => match url.split_once("://") {
            Some((scheme, rest)) => {
                matches!(scheme, "https" | "http" | "ssh" | "git")
                    && !rest.starts_with(['/', '-'])
                    && rest.contains('/')
            }
            None => true,
        },
    }
}

/// A URL relative to that of the repository that names it.
fn relative(own: &str, parent: &str) -> String {
    let mut url = parent.trim_end_matches('/').to_owned();
    let mut rest = own;
    loop {
        if let Some(after) = rest.strip_prefix("../") {
            rest = after;
            url.truncate(url.rfind(['/', ':']).unwrap_or(0));
        } else if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else {
            return format!("{url}/{rest}");
        }
    }
}

/// The tag of a version; else the nearest older one of its minor version, of its major version, of all; else the nearest newer one.
fn choose<'a>(version: &str, tags: &[&'a str]) -> Option<&'a str> {
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

fn numbers(version: &str) -> Option<Vec<u64>> {
    let plain = version.strip_prefix('v').unwrap_or(version);
    let plain = plain.split(['-', '+']).next()?;
    let numbers: Vec<u64> = plain
        .split('.')
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()
        .ok()?;
    Some(numbers)
}

/// The version in which a `pom.xml` of a folder depends on an artifact.
fn depends(folder: &Path, artifact: &str) -> Option<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let inner = entries.map(|entry| entry.path().join("pom.xml"));
    let poms: Vec<String> = std::iter::once(folder.join("pom.xml"))
        .chain(inner)
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    let element = |text: &str, name: &str| -> Option<String> {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0.trim().to_owned())
    };
    poms.iter().find_map(|pom| {
        let dependency = pom
            .split("<dependency>")
            .skip(1)
            .filter_map(|rest| rest.split("</dependency>").next())
            .find(|dependency| element(dependency, "artifactId").as_deref() == Some(artifact))?;
        let version = element(dependency, "version")?;
        let property = version.strip_prefix("${").and_then(|v| v.strip_suffix('}'));
        match property {
            None => Some(version),
            Some(property) => poms.iter().find_map(|pom| element(pom, property)),
        }
    })
}

fn remove_git(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder.join(".git"));
}

/// Runs `git`. It asks nobody for anything, follows no links out of a work tree, and gives up on a server that says nothing for a minute.
fn git(folder: Option<&Path>, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    if let Some(folder) = folder {
        command.arg("-C").arg(folder);
    }
    for setting in [
        // What may be fetched by it is decided by `may_be_fetched`.
        "protocol.file.allow=always",
        "protocol.ext.allow=never",
        "core.symlinks=false",
        "core.autocrlf=false",
        "core.hooksPath=/dev/null",
        "http.lowSpeedLimit=1",
        "http.lowSpeedTime=60",
        "advice.detachedHead=false",
        "init.defaultBranch=main",
        "gc.auto=0",
    ] {
        command.args(["-c", setting]);
    }
    let output = command
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        // A work tree is made here whatever repository this runs in.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            let problem = if error.kind() == std::io::ErrorKind::NotFound {
                "the command `git` is not installed; modules are fetched by it".to_owned()
            } else {
                format!("cannot be run: {error}")
            };
            Error::file("git", problem)
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let what = arguments.first().copied().unwrap_or_default();
    Err(Error::file(
        "git",
        redacted(&format!("git {what} failed: {}", said.join(" "))),
    ))
}

/// Text without the name and password of URLs.
fn redacted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(['/', ' ', '\'', '"']).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => &after[at + 1..],
            None => after,
        };
    }
    out + rest
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

    #[test]
    fn submodules_are_looked_for_under_the_base() {
        let base = "https://git.example.org/folio";
        let parent = "https://git.example.org/folio/mod-a";
        assert_eq!(
            candidates("../raml.git", parent, base),
            [
                "https://git.example.org/folio/raml.git",
                "https://git.example.org/folio/raml"
            ]
        );
        assert_eq!(
            candidates("git@github.com:folio-org/raml.git", "/base/mod-a", "/base"),
            ["/base/raml.git", "/base/raml"]
        );
        assert_eq!(
            candidates("/base/elsewhere/raml", "/base/mod-a", "/base"),
            ["/base/elsewhere/raml", "/base/raml"]
        );
        assert_eq!(
            candidates("https://github.com/other/raml", parent, base),
            [
                "https://git.example.org/folio/raml",
                "https://github.com/other/raml"
            ]
        );
    }

    #[test]
    fn a_submodule_is_no_folder_that_the_command_does_not_name() {
        for (own, parent, base) in [
            ("/etc/secrets/raml", "/base/mod-a", "/base"),
            ("file:///etc/secrets/raml", "/base/mod-a", "/base"),
            ("../../etc/raml", "/base/mod-a", "/base"),
            ("../../../../../etc/raml", "/base/mod-a", "file:///base"),
            ("/base/../etc/raml", "/base/mod-a", "/base"),
            (
                "/etc/secrets/raml",
                "https://git.example.org/folio/mod-a",
                "https://git.example.org/folio",
            ),
            (
                "file:///etc/raml",
                "https://git.example.org/folio/mod-a",
                "https://git.example.org/folio",
            ),
            (
                "ext::sh -c id",
                "https://git.example.org/folio/mod-a",
                "https://git.example.org/folio",
            ),
            (
                "../../../../../etc/raml",
                "https://git.example.org/folio/mod-a",
                "https://git.example.org/folio",
            ),
            ("--upload-pack=id", "/base/mod-a", "/base"),
        ] {
            for url in candidates(own, parent, base) {
                let inside = url.starts_with(&format!("{base}/"));
                assert!(inside && !url.contains(".."), "{own}: {url}");
            }
        }
    }

    #[test]
    fn credentials_of_a_url_are_not_told() {
        assert_eq!(
            redacted("unable to access 'https://me:secret@git.example.org/x/': 403"),
            "unable to access 'https://git.example.org/x/': 403"
        );
    }
}
