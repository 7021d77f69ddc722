//! Help, completion and man pages.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::World;

fn names() -> Vec<String> {
    let command = folio_cli::command();
    let names = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned());
    names.collect()
}

#[test]
fn each_command_has_help_with_examples() {
    let world = World::new();
    for name in names() {
        let help = world.run(&[&name, "--help"]).with(0).out;
        assert!(help.contains("Examples:"), "{name}: {help}");
        assert!(help.contains(&format!("folio {name}")), "{name}: {help}");
        for option in ["--profile", "--tenant", "--url", "--format"] {
            assert!(help.contains(option), "{name}: {help}");
        }
    }
    let help = world.run(&["--help"]).with(0).out;
    assert!(help.contains("130  interrupted"), "{help}");
}

#[test]
fn each_command_has_a_man_page() {
    let world = World::new();
    world.run(&["man", "--to", "man"]).with(0);
    let page = |name: &str| world.read(&format!("man/{name}.1"));
    assert!(page("folio").contains("interrupted by Ctrl\\-C"));
    for name in names() {
        let page = page(&format!("folio-{name}"));
        assert!(
            page.contains(&format!(".TH folio-{name} 1")),
            "{name}: {page}"
        );
        assert!(page.contains("Examples"), "{name}: {page}");
        assert!(page.contains("\\-\\-tenant"), "{name}: {page}");
    }
}

#[test]
fn scripts_complete_every_command() {
    let world = World::new();
    for (shell, check) in [
        ("bash", Some("bash")),
        ("zsh", None),
        ("fish", None),
        ("powershell", None),
    ] {
        let script = world.run(&["completion", shell]).with(0).out;
        for name in names() {
            assert!(script.contains(&name), "{shell}: {name}");
        }
        let Some(program) = check else { continue };
        let mut child = Command::new(program)
            .args(["-n", "/dev/stdin"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(script.as_bytes()).unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}
