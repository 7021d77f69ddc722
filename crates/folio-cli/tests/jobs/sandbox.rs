//! `folio sandbox`: starts, states how to connect, and ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use super::support::Ended;

/// A running sandbox, and what it has printed up to the last line.
fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_folio"))
        .arg("sandbox")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while !printed.contains("Ctrl-C ends it") && reader.read_line(&mut printed).unwrap() > 0 {}
    (child, printed)
}

fn stop(mut child: Child) -> Option<i32> {
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!(err, "");
    child.wait().unwrap().code()
}

/// Runs `folio` in an environment that the printed line describes.
fn connected(printed: &str, arguments: &[&str]) -> Ended {
    let line = printed
        .lines()
        .find(|line| line.contains("export FOLIO_URL"))
        .unwrap();
    let script = format!("{}\nexec \"$0\" \"$@\"", line.trim());
    let mut command = Command::new("bash");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_folio")])
        .args(arguments);
    Ended::of(command.output().unwrap())
}

#[test]
fn it_runs_with_demo_data_in_both_flavours_until_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    for (flavour, count) in [("okapi", 24), ("eureka", 24)] {
        let (child, printed) =
            start(&["--port", "0", "--flavour", flavour, "--tenant", "it's mine"]);
        assert!(
            printed.contains("folio login --url http://127.0.0.1:"),
            "{printed}"
        );
        let file = folder.path().join(format!("{flavour}.jsonl"));
        let file = file.to_str().unwrap();
        connected(
            &printed,
            &["export", "/instance-storage/instances", "--to", file],
        )
        .with(0);
        assert_eq!(
            std::fs::read_to_string(file).unwrap().lines().count(),
            count
        );
        assert_eq!(stop(child), Some(0));
    }
}

#[test]
fn records_outlive_it_in_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let file = folder.path().join("groups.jsonl");
    std::fs::write(&file, "{\"group\":\"mine\"}\n").unwrap();
    let (child, printed) = start(&["--port", "0", "--data", data, "--empty"]);
    let load = [
        "load",
        file.to_str().unwrap(),
        "--into",
        "/groups",
        "--match-on",
        "group",
    ];
    connected(&printed, &load).with(0);
    stop(child);
    let (child, printed) = start(&["--port", "0", "--data", data, "--empty"]);
    let ended = connected(&printed, &load).with(0);
    assert!(ended.out.contains("1 unchanged"), "{ended:#?}");
    stop(child);
}

#[test]
fn a_used_port_is_an_error() {
    let used = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = used.local_addr().unwrap().port().to_string();
    let ended = Ended::of(
        Command::new(env!("CARGO_BIN_EXE_folio"))
            .args(["sandbox", "--port", &port])
            .output()
            .unwrap(),
    );
    assert!(ended.with(1).err.contains("--port 0"));
}
