//! `folio edit` with editors that are scripts.

use std::process::Command;

use serde_json::Value;

use crate::support::{Ended, World, group};

fn path() -> String {
    format!("/groups/{}", group(0)["id"].as_str().unwrap())
}

/// `folio edit` with a script as editor.
fn edit(world: &World, script: &str, options: &[&str]) -> Ended {
    world.write("editor.sh", script);
    let path = path();
    let mut command: Command = world.folio(&[&["edit", &path], options].concat());
    let editor = format!("sh {}", world.path("editor.sh").display());
    command
        .env("EDITOR", editor)
        .env_remove("VISUAL")
        .env("FOLIO", env!("CARGO_BIN_EXE_folio"))
        .env("TMPDIR", world.folder.path());
    Ended::of(command.output().unwrap())
}

fn stored(world: &World) -> Value {
    let id = group(0)["id"].as_str().unwrap().to_owned();
    world.stored("/groups").get(&id).unwrap().clone()
}

const CHANGE: &str = "sed -i 's/\"group 0\"/\"edited\"/' \"$1\"\n";

#[cfg(unix)]
#[test]
fn the_edited_record_is_written() {
    let world = World::of_groups(1, |builder| builder);
    let before = stored(&world);
    let ended = edit(&world, CHANGE, &["--yes"]).with(0);
    assert!(
        ended.err.contains("-   \"group\": \"group 0\""),
        "{ended:#?}"
    );
    assert!(
        ended.err.contains("+   \"group\": \"edited\""),
        "{ended:#?}"
    );
    let after = stored(&world);
    assert_eq!(after["group"], "edited");
    assert_eq!(after["desc"], before["desc"]);
    // No text stays behind.
    assert_eq!(world.files(), ["editor.sh"]);
}

#[cfg(unix)]
#[test]
fn unchanged_and_empty_texts_are_not_sent() {
    for script in ["true\n", ": > \"$1\"\n", "printf '\\n\\n' >> \"$1\"\n"] {
        let world = World::of_groups(1, |builder| builder);
        let ended = edit(&world, script, &["--yes"]).with(0);
        assert!(ended.err.contains("nothing was sent"), "{ended:#?}");
        assert_eq!(world.writes(), 0);
        assert_eq!(world.files(), ["editor.sh"]);
    }
}

/// The file with the text, which the message names.
fn preserved(ended: &Ended) -> String {
    let (_, rest) = ended.err.split_once("the edited text is in `").unwrap();
    let (path, _) = rest.split_once('`').unwrap();
    std::fs::read_to_string(path).unwrap()
}

#[cfg(unix)]
#[test]
fn an_unusable_text_is_not_lost() {
    for script in [
        "echo '{\"group\": oops' > \"$1\"\n",
        "echo '[1]' > \"$1\"\n",
        "sed -i 's/\"id\": \"./\"id\": \"f/; s/group 0/oops/' \"$1\"\n",
    ] {
        let world = World::of_groups(1, |builder| builder);
        let ended = edit(&world, script, &["--yes"]).with(2);
        assert_eq!(world.writes(), 0);
        let text = preserved(&ended);
        assert!(text.contains("oops") || text.contains("[1]"), "{text}");
    }
    let world = World::of_groups(1, |builder| builder);
    let ended = edit(&world, CHANGE, &[]).with(2);
    assert!(ended.err.contains("--yes"), "{ended:#?}");
    assert!(preserved(&ended).contains("edited"));
    let failing = format!("{CHANGE}exit 3\n");
    let ended = edit(&world, &failing, &["--yes"]).with(1);
    assert!(ended.err.contains("ended with an error"), "{ended:#?}");
    assert_eq!(world.writes(), 0);
}

/// Another client changes the record while it is edited.
#[cfg(unix)]
#[test]
fn a_conflict_is_not_overwritten() {
    let world = World::of_groups(1, |builder| builder);
    let path = path();
    let script = format!("{CHANGE}\"$FOLIO\" put {path} --set desc=theirs >&2\n");
    let ended = edit(&world, &script, &["--yes"]).with(6);
    assert!(ended.err.contains("another client changed"), "{ended:#?}");
    assert!(preserved(&ended).contains("\"edited\""));
    let after = stored(&world);
    assert_eq!(after["desc"], "theirs");
    assert_eq!(after["group"], "group 0");
}

#[cfg(unix)]
#[test]
fn a_list_is_not_edited() {
    let world = World::of_groups(1, |builder| builder);
    for arguments in [
        &["edit", "/groups", "--yes"][..],
        &["edit", "groups/?limit=1", "--yes"],
        &["put", "/groups", "--set", "a=1"],
    ] {
        let mut command = world.folio(arguments);
        command.env("EDITOR", "sed -i s/totalRecords/total/");
        let ended = Ended::of(command.output().unwrap()).with(2);
        assert!(ended.err.contains("is a list, not a record"), "{ended:#?}");
    }
    assert_eq!(world.sandbox.exchanges().len(), 0);
}

#[cfg(unix)]
#[test]
fn a_text_that_the_editor_removed_is_not_named() {
    let world = World::of_groups(1, |builder| builder);
    let ended = edit(&world, "rm \"$1\"\n", &["--yes"]).with(1);
    assert!(
        ended.err.contains("cannot read the edited text"),
        "{ended:#?}"
    );
    assert!(!ended.err.contains("the edited text is in"), "{ended:#?}");
    assert_eq!(world.writes(), 0);
}
