//! A file appears under its name when it is complete, and an earlier one stays until then.

use std::path::Path;
use std::process::Command;

use folio_arrow::files::{FileError, FileErrorKind, FileOptions, FileWriter};

use crate::samples;

const NAMES: [&str; 3] = ["x.parquet", "x.arrow", "x.csv"];

fn create(path: &Path, overwrite: bool) -> Result<FileWriter, FileError> {
    let options = FileOptions::default().overwrite(overwrite);
    FileWriter::create(path, samples::schema(), &options)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_has_its_name_when_it_is_complete() {
    for name in NAMES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut file = create(&path, false).unwrap();
        file.write(&samples::batch(0..100)).unwrap();
        let before = names(folder.path());
        assert!(
            before.len() == 1 && before[0].starts_with(".folio-") && before[0].ends_with(".part")
        );
        file.finish().unwrap();
        assert_eq!(names(folder.path()), [name]);
        // A writer that is dropped leaves nothing behind.
        let path = folder.path().join(format!("y-{name}"));
        let mut file = create(&path, false).unwrap();
        file.write(&samples::batch(0..100)).unwrap();
        drop(file);
        assert_eq!(names(folder.path()), [name]);
    }
}

#[test]
fn an_existing_file_is_replaced_only_on_demand_and_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, "before").unwrap();
    let error = create(&path, false).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Exists);
    assert_eq!(
        error.to_string(),
        format!(
            "the file {} cannot be written: it exists; choose another name, or set `overwrite` to replace it",
            path.display()
        )
    );
    let mut file = create(&path, true).unwrap();
    file.write(&samples::batch(0..100)).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    drop(file);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    let file = create(&path, true).unwrap();
    file.finish().unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("id,"));
}

#[test]
fn a_file_that_appears_meanwhile_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let file = create(&path, false).unwrap();
    std::fs::write(&path, "of another program").unwrap();
    let error = file.finish().unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Exists);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "of another program"
    );
    assert_eq!(names(folder.path()), ["x.csv"]);
}

#[test]
fn paths_that_cannot_be_written_are_errors_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    std::fs::create_dir(folder.path().join("folder.csv")).unwrap();
    let long = format!("{}.csv", "x".repeat(300));
    for (path, part) in [
        (folder.path().join("missing/x.csv"), "create the folder"),
        (file.join("x.csv"), "is not a folder"),
        (folder.path().join("folder.csv"), "it is a folder"),
        (folder.path().join(long), "shorter"),
    ] {
        let error = create(&path, true).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), FileErrorKind::NotWritable, "{text}");
        assert_eq!(error.path(), path);
        assert!(
            text.contains(part) && text.contains(&path.display().to_string()),
            "{text}"
        );
        assert!(!text.contains(".folio-"), "{text}");
    }
    assert_eq!(names(folder.path()), ["file", "folder.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn folders_without_permission_and_devices_are_errors() {
    let options = FileOptions::default()
        .format(folio_arrow::files::FileFormat::of_path("x.csv").unwrap())
        .overwrite(true);
    // Nobody can create files there, also not root.
    for path in ["/proc/x.csv", "/dev/null"] {
        let error = FileWriter::create(path, samples::schema(), &options).unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
        assert!(
            matches!(error.kind(), FileErrorKind::NotWritable),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("real.csv"), folder.path().join("x.csv"));
    std::fs::write(&target, "before").unwrap();
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&target, &link).unwrap();
    assert_eq!(
        create(&link, false).unwrap_err().kind(),
        FileErrorKind::Exists
    );
    create(&link, true).unwrap().finish().unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    let metadata = target.metadata().unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert!(metadata.len() > 6);
    // A link to nothing is not taken for a free name.
    let dangling = folder.path().join("dangling.csv");
    symlink(folder.path().join("nothing"), &dangling).unwrap();
    assert_eq!(
        create(&dangling, false).unwrap_err().kind(),
        FileErrorKind::Exists
    );
}

const FOLDER: &str = "FOLIO_TEST_APPEARANCE_FOLDER";

/// Writes without an end, until there is an error, which it prints.
#[test]
fn job() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let mut files: Vec<FileWriter> = NAMES
        .iter()
        .map(|name| create(&folder.join(name), true).unwrap())
        .collect();
    let batch = samples::batch(0..5_000);
    let mut errors = 0;
    while errors < NAMES.len() {
        errors = 0;
        for file in &mut files {
            if let Err(error) = file.write(&batch) {
                errors += 1;
                if error.kind() != FileErrorKind::Incomplete {
                    println!("error: {:?} {error}", error.kind());
                }
            }
        }
        println!("written");
    }
    for file in files {
        println!("end: {}", file.finish().unwrap_err());
    }
}

fn start(folder: &Path, wrapper: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let arguments = [
        program,
        "appearance::job",
        "--exact",
        "--nocapture",
        "--test-threads=1",
    ];
    let all: Vec<&str> = wrapper.iter().copied().chain(arguments).collect();
    let mut command = Command::new(all[0]);
    command.args(&all[1..]).env(FOLDER, folder);
    command
}

/// The errors that the job has printed.
fn errors(text: &str) -> Vec<&str> {
    let lines = text.lines();
    lines
        .filter_map(|line| Some(line.split_once("error: ")?.1))
        .collect()
}

fn check_full(output: &std::process::Output, folder: &Path, part: &str) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = errors(&text);
    assert!(output.status.success() && errors.len() == 3, "{text}");
    for name in NAMES {
        let error = errors.iter().find(|error| error.contains(name)).unwrap();
        assert!(
            error.starts_with("Full the file ") && error.contains(part),
            "{error}"
        );
    }
    assert_eq!(text.matches("end: ").count(), 3);
    // The earlier files are as they were, and nothing else remains.
    assert_eq!(names(folder), ["x.arrow", "x.csv", "x.parquet"]);
    for name in NAMES {
        assert_eq!(
            std::fs::read_to_string(folder.join(name)).unwrap(),
            "before"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=4m tmpfs "$0" && cd "$0" && for name in x.parquet x.arrow x.csv; do printf before > $name; done && "$@" && ls -A && cat x.*"#;
    let path = folder.path().to_str().unwrap();
    let output = start(
        folder.path(),
        &[
            "unshare",
            "--mount",
            "--map-root-user",
            "--user",
            "sh",
            "-c",
            script,
            path,
        ],
    )
    .output();
    let text = match &output {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => error.to_string(),
    };
    if !text.contains("running 1 test") {
        println!("skipped: this user cannot mount a file system of a limited size ({text})");
        return;
    }
    let errors = errors(&text);
    assert_eq!(errors.len(), 3, "{text}");
    for error in errors {
        assert!(
            error.starts_with("Full the file ") && error.contains("free space in "),
            "{error}"
        );
    }
    assert!(
        text.contains("\nx.arrow\nx.csv\nx.parquet\nbeforebeforebefore"),
        "{text}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_of_the_size_of_files_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        std::fs::write(folder.path().join(name), "before").unwrap();
    }
    let script = r#"trap '' XFSZ; ulimit -f 1000; exec "$@""#;
    let output = start(folder.path(), &["bash", "-c", script, "job"])
        .output()
        .unwrap();
    check_full(&output, folder.path(), "ulimit -f");
}

/// A process that is killed leaves only a temporary file.
#[cfg(unix)]
#[test]
fn a_killed_process_leaves_no_partial_file() {
    use std::io::{BufRead as _, BufReader};
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        std::fs::write(folder.path().join(name), "before").unwrap();
    }
    let mut child = start(folder.path(), &[])
        .stdout(std::process::Stdio::piped())
        .spawn();
    let child = child.as_mut().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let written = lines
        .map_while(Result::ok)
        .filter(|line| line == "written")
        .take(20)
        .count();
    assert_eq!(written, 20);
    child.kill().unwrap();
    child.wait().unwrap();
    for name in NAMES {
        assert_eq!(
            std::fs::read_to_string(folder.path().join(name)).unwrap(),
            "before"
        );
    }
    let others: Vec<String> = names(folder.path())
        .into_iter()
        .filter(|name| !NAMES.contains(&name.as_str()))
        .collect();
    assert!(
        others.len() == 3
            && others
                .iter()
                .all(|name| name.starts_with(".folio-") && name.ends_with(".part")),
        "{others:?}"
    );
}
