//! The command `git`.

use std::path::Path;
use std::process::{Command, Stdio};

use super::url::redacted;
use crate::base::error::{Error, Result};

/// Runs `git`. It never prompts, follows no links out of a work tree, and gives up on a
/// server that is silent for a minute.
pub(super) fn git(folder: Option<&Path>, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    if let Some(folder) = folder {
        command.arg("-C").arg(folder);
    }
    for setting in [
        // `may_be_fetched` decides which sources it may fetch.
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
        // A work tree is made here regardless of the repository that this runs in.
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
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let what = arguments.first().copied().unwrap_or_default();
    Err(Error::file(
        "git",
        redacted(&format!("git {what} failed: {}", lines.join(" "))),
    ))
}

/// Turns a directory into a work tree of one commit of a repository, without its history.
pub(super) fn checkout(folder: &Path, url: &str, reference: &str) -> Result<String> {
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

/// Removes the history of a work tree.
pub(super) fn remove_git(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder.join(".git"));
}
