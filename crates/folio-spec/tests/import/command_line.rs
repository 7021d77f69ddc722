//! The command line: exit codes, help, and errors that state the file, the line and the expected
//! content.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_folio-spec"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A folder with the sources of one module, `from/mod-books/books.raml`.
fn sources(raml: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("from/mod-books");
    std::fs::create_dir_all(&module).unwrap();
    std::fs::create_dir(folder.path().join("specs")).unwrap();
    std::fs::write(module.join("books.raml"), raml).unwrap();
    folder
}

const IMPORT: [&str; 5] = ["import", "--release", "next", "--from", "from"];

const BOOKS: &str = "#%RAML 1.0
title: books
mediaType: application/json
types:
  Book: !include book.json
/books:
  get:
    responses:
      200:
        body: Book
";

#[test]
fn every_command_has_help() {
    let folder = tempfile::tempdir().unwrap();
    let (code, help, _) = run(folder.path(), &["--help"]);
    assert_eq!(code, Some(0));
    assert!(help.contains("Exit codes: 0 success;"), "{help}");
    for command in [
        "import", "routes", "diff", "features", "facts", "coverage", "describe", "check",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let (code, help, _) = run(folder.path(), &[command, "--help"]);
        assert_eq!(code, Some(0), "{command}");
        assert!(
            help.contains(&format!("Usage: folio-spec {command}")),
            "{help}"
        );
    }
}

#[test]
fn an_error_of_usage_is_not_an_incomplete_import() {
    let folder = sources(BOOKS);
    for arguments in [
        &[][..],
        &["import"],
        &["import", "--release"],
        &["imports"],
        &["diff", "a"],
    ] {
        let (code, stdout, stderr) = run(folder.path(), arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {stderr}");
        // Without a command the help is printed, else what is missing.
        let hint = match arguments {
            [] => "Usage: folio-spec <COMMAND>",
            _ => "For more information, try '--help'.",
        };
        assert!(stdout.is_empty() && stderr.contains(hint), "{stderr}");
    }
    let (code, stdout, _) = run(folder.path(), &IMPORT);
    assert_eq!(code, Some(2), "{stdout}");
}

#[test]
fn an_error_names_the_file_and_the_line_and_nothing_is_written() {
    for (raml, expected) in [
        (
            BOOKS,
            "from/mod-books/books.raml:5:9: the included file from/mod-books/book.json does not exist",
        ),
        (
            "#%RAML 1.0\n/books:\n  get: [\n",
            "from/mod-books/books.raml:4:1: broken YAML",
        ),
        (
            "#%RAML 1.0\n/books:\n  is: [paged]\n  get:\n",
            "from/mod-books/books.raml:3:8: unknown trait `paged`; declared are: none",
        ),
    ] {
        let folder = sources(raml);
        let strict = [&IMPORT[..], &["--strict"]].concat();
        let (code, stdout, stderr) = run(folder.path(), &strict);
        assert_eq!((code, &*stdout), (Some(1), ""), "{stderr}");
        let expected = format!("error: {expected}");
        assert!(stderr.starts_with(&expected), "{stderr}");
        assert!(stderr.ends_with("nothing was written\n"), "{stderr}");
        assert!(!folder.path().join("specs/next").exists());
        // Without --strict the rest is imported, and the place is in the table.
        let (code, stdout, stderr) = run(folder.path(), &IMPORT);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(
            stdout.contains("unread       mod-books: books.raml:"),
            "{stdout}"
        );
    }
}

#[test]
fn what_does_not_exist_is_named_with_what_does() {
    let folder = sources(BOOKS);
    run(folder.path(), &IMPORT);
    for (arguments, expected) in [
        (
            &["routes", "--release", "last"][..],
            "specs: `last` is neither a release here nor a directory; imported releases: next",
        ),
        (
            &["diff", "last", "next"],
            "specs: `last` is neither a release here nor a directory",
        ),
        (
            &["check", "next", "--specs", "none"],
            "none: cannot be read: ",
        ),
        (
            &["import", "--release", "x", "--from", "none"],
            "none: cannot be read: ",
        ),
        (
            &[
                "import",
                "--release",
                "x",
                "--from",
                "from",
                "--module",
                "mod-x",
            ],
            "from/manifest.json: has no module `mod-x`; it has mod-books",
        ),
        (
            &["import", "--release", "../specs", "--from", "from"],
            "--release: `../specs` is not the name of a release",
        ),
    ] {
        let (code, _, stderr) = run(folder.path(), arguments);
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(
            stderr.starts_with(&format!("error: {expected}")),
            "{arguments:?}: {stderr}"
        );
    }
}

#[test]
fn a_folder_that_is_no_import_is_not_replaced() {
    let folder = sources(BOOKS);
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    std::fs::write(work.join("notes.txt"), "mine").unwrap();
    let (code, _, stderr) = run(folder.path(), &[&IMPORT[..], &["--out", "work"]].concat());
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("work: would be replaced, but it contains `notes.txt`"),
        "{stderr}"
    );
    assert_eq!(
        std::fs::read_to_string(work.join("notes.txt")).unwrap(),
        "mine"
    );
}
