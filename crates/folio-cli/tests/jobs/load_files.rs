//! Loads of damaged files, and files of failed records of several runs.

use std::fs;
use std::process::Command;

use folio_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use super::support::{Ended, World, group, limited, with_input};

/// Records without a name, which the server rejects.
fn rejected(count: u64) -> String {
    let records = (0..count).map(|number| {
        let id = group(number)["id"].clone();
        format!("{}\n", json!({"id": id, "desc": "no name"}))
    });
    records.collect()
}

fn packed(world: &World, program: &str, name: &str) -> Vec<u8> {
    let output = Command::new(program)
        .arg("-qc")
        .arg(world.path(name))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// A damaged file may decompress to other records than those that were compressed.
#[test]
fn nothing_of_a_damaged_compressed_file_is_sent() {
    let world = World::new();
    let lines: String = (0..500)
        .map(|number| format!("{}\n", group(number)))
        .collect();
    world.write("a.jsonl", &lines);
    for program in ["gzip", "zstd"] {
        let whole = packed(&world, program, "a.jsonl");
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x10;
        let cut = whole[..whole.len() - 5].to_vec();
        let mut followed = whole.clone();
        followed.extend_from_slice(b"more");
        for content in [damaged, cut, followed] {
            fs::write(world.path("packed"), &content).unwrap();
            let ended = world.run(&["load", "packed", "--into", "/groups"]).with(1);
            assert!(ended.err.contains("cannot read `packed`"), "{ended:#?}");
            assert!(ended.err.contains("nothing was sent"), "{ended:#?}");
            assert_eq!(world.writes(), 0);
        }
    }
    // The standard input cannot be read twice: the report states that its end is missing.
    let whole = packed(&world, "gzip", "a.jsonl");
    let command = world.folio(&["load", "-", "--into", "/groups", "--format", "json"]);
    let ended = with_input(command, &whole[..whole.len() - 5]).with(1);
    assert!(ended.err.contains("to its end"), "{ended:#?}");
    assert_eq!(ended.json()["complete"], false);
}

/// The records of a file of failed ones.
fn failed(world: &World, name: &str) -> usize {
    let text = world.read(name);
    let lines = text.lines().map(serde_json::from_str::<Value>);
    lines.map(Result::unwrap).count()
}

#[test]
fn two_loads_of_one_file_do_not_mix_their_failed_records() {
    let world = World::new();
    world.write("a.jsonl", &rejected(300));
    let slow = Effect::Delay(std::time::Duration::from_millis(20));
    world.sandbox.fault(Fault::new(slow).method("POST"));
    let load = ["load", "a.jsonl", "--into", "/groups"];
    let children = [world.folio(&load).spawn(), world.folio(&load).spawn()];
    let ended = children.map(|child| Ended::of(child.unwrap().wait_with_output().unwrap()));
    let mut codes: Vec<i32> = ended.iter().map(|one| one.code.unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [1, 9], "{ended:#?}");
    let other = ended.iter().find(|one| one.code == Some(1)).unwrap();
    assert!(
        other
            .err
            .contains("another process writes `a.jsonl.failed.jsonl.part`"),
        "{other:#?}"
    );
    assert_eq!(failed(&world, "a.jsonl.failed.jsonl"), 300);
    assert_eq!(world.files(), ["a.jsonl", "a.jsonl.failed.jsonl"]);
}

#[test]
fn the_failed_records_of_a_killed_load_stay() {
    let world = World::new();
    world.write("a.jsonl", &rejected(40));
    // As a run leaves it that was killed.
    let left = "{\"failed\":{\"line\":1,\"message\":\"m\"},\"record\":{}}\n";
    world.write("a.jsonl.failed.jsonl.part", left);
    let load = ["load", "a.jsonl", "--into", "/groups"];
    let ended = world.run(&load).with(9);
    assert!(
        ended.err.contains("are now in `a.jsonl.failed.jsonl.1`"),
        "{ended:#?}"
    );
    assert_eq!(world.read("a.jsonl.failed.jsonl.1"), left);
    assert_eq!(failed(&world, "a.jsonl.failed.jsonl"), 40);
    let ended = world.run(&load).with(9);
    assert!(
        ended.err.contains("are now in `a.jsonl.failed.jsonl.2`"),
        "{ended:#?}"
    );
    assert_eq!(failed(&world, "a.jsonl.failed.jsonl.2"), 40);
}

/// The records after those of which the failures could be written are not sent.
#[test]
fn a_full_disk_ends_a_load_with_an_error() {
    let world = World::new();
    world.write("a.jsonl", &rejected(2_000));
    let load = ["load", "a.jsonl", "--into", "/groups"];
    let ended = limited(&world, 16, &load);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended
            .err
            .contains("the file of failed records is not complete"),
        "{ended:#?}"
    );
    assert!(world.writes() < 1_000, "{}", world.writes());
    // The same command again, with room.
    world.run(&load).with(9);
    assert_eq!(failed(&world, "a.jsonl.failed.jsonl"), 2_000);
}
