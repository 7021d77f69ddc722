//! `folio login`, `logout` and `whoami`; where the password goes.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use folio_sandbox::{Effect, Fault};

use crate::support::{Ended, TENANT, World, with_input};

/// A password that occurs nowhere by chance.
const MARKER: &str = "MARKER-pässword-7341";

/// A world whose user has that password.
fn world() -> World {
    World::with(|builder| builder.user("marked", MARKER).demo_data())
}

/// The program without the variables of a connection.
fn without_environment(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.folio(arguments);
    for name in ["URL", "TENANT", "USERNAME", "PASSWORD"] {
        command.env_remove(format!("FOLIO_{name}"));
    }
    command.env("FOLIO_KEYRING", "none");
    command
}

fn login(world: &World, options: &[&str]) -> Command {
    let url = world.sandbox.url();
    let mut arguments = vec!["login", "--url", url, "--tenant", TENANT];
    arguments.extend(["--username", "marked", "--password-stdin"]);
    arguments.extend(options);
    without_environment(world, &arguments)
}

/// The texts of all files below a folder.
fn texts(folder: &Path) -> String {
    let mut all = String::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return all;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.push_str(&texts(&path));
        } else {
            all.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
    all
}

#[test]
fn a_profile_holds_no_password() {
    let world = world();
    let ended = with_input(login(&world, &["--no-keyring"]), format!("{MARKER}\n")).with(0);
    assert!(ended.err.contains("Logged in to"), "{ended:#?}");
    let config = world.read("config/folio/config.toml");
    assert!(config.contains("default = \"default\""), "{config}");
    assert!(config.contains("username = \"marked\""), "{config}");
    assert!(!texts(world.folder.path()).contains("MARKER"), "{config}");

    // Each command reads the password from the environment.
    let whoami = ["whoami", "--format", "json"];
    let mut command = without_environment(&world, &whoami);
    command.env("FOLIO_PASSWORD", MARKER);
    let ended = Ended::of(command.output().unwrap()).with(0);
    assert!(ended.out.contains("\"username\": \"marked\""), "{ended:#?}");
    assert!(ended.out.contains("\"profile\": \"default\""), "{ended:#?}");

    // Without one it states what to do.
    let ended = Ended::of(without_environment(&world, &whoami).output().unwrap()).with(3);
    assert!(ended.err.contains("FOLIO_PASSWORD"), "{ended:#?}");
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_the_config_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world();
    with_input(login(&world, &["--no-keyring"]), format!("{MARKER}\n")).with(0);
    let mode = |name: &str| {
        let data = fs::metadata(world.path(name)).unwrap();
        data.permissions().mode() & 0o777
    };
    assert_eq!(mode("config/folio/config.toml"), 0o600);
    assert_eq!(mode("config/folio"), 0o700);
}

#[test]
fn a_rejected_login_stores_nothing() {
    let world = world();
    let ended = with_input(login(&world, &["--no-keyring"]), "wrong\n").with(3);
    assert!(ended.err.contains("error:"), "{ended:#?}");
    assert!(!world.path("config").exists());

    let mut unreachable = without_environment(
        &world,
        &[
            "login",
            "--url",
            "http://127.0.0.1:9",
            "--tenant",
            TENANT,
            "--username",
            "marked",
            "--password-stdin",
            "--no-keyring",
        ],
    );
    unreachable.env("FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES", "0");
    with_input(unreachable, format!("{MARKER}\n")).with(8);
    assert!(!world.path("config").exists());
}

#[test]
fn without_a_keyring_the_error_states_what_to_do() {
    let world = world();
    let ended = with_input(login(&world, &[]), format!("{MARKER}\n")).with(1);
    assert!(ended.err.contains("--no-keyring"), "{ended:#?}");
    assert!(ended.err.contains("FOLIO_PASSWORD"), "{ended:#?}");
    assert!(!world.path("config").exists());
}

/// Neither the list of processes nor any output shows it, while it is in use.
#[cfg(target_os = "linux")]
#[test]
fn the_password_is_nowhere_to_be_seen() {
    let world = world();
    world
        .sandbox
        .fault(Fault::new(Effect::Delay(Duration::from_millis(700))).method("POST"));
    let mut child = login(&world, &["--no-keyring"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{MARKER}").unwrap();
    thread::sleep(Duration::from_millis(300));
    let process = format!("/proc/{}", child.id());
    let arguments = fs::read(format!("{process}/cmdline")).unwrap();
    let environment = fs::read(format!("{process}/environ")).unwrap();
    let ended = Ended::of(child.wait_with_output().unwrap()).with(0);
    let seen = format!(
        "{}{}{}{}{}",
        String::from_utf8_lossy(&arguments),
        String::from_utf8_lossy(&environment),
        ended.out,
        ended.err,
        texts(world.folder.path()),
    );
    assert!(seen.contains("--password-stdin"));
    assert!(!seen.contains("MARKER"), "{seen}");
    // There is no option for it.
    let help = world.run(&["login", "--help"]).with(0).out;
    assert!(!help.contains("--password "), "{help}");
    let ended = Ended::of(
        without_environment(&world, &["login", "--password", MARKER])
            .output()
            .unwrap(),
    );
    ended.with(2);
}

/// The keyring of the Linux kernel, where the machine permits it.
#[cfg(target_os = "linux")]
#[test]
fn the_keyring_of_the_kernel_holds_the_password() {
    let world = world();
    let kernel = |mut command: Command| {
        command.env("FOLIO_KEYRING", "kernel");
        command
    };
    let input = format!("{MARKER}\n");
    let ended = with_input(kernel(login(&world, &["--profile", "test"])), &input);
    if ended.code == Some(1) && ended.err.contains("there is no keyring") {
        // Containers forbid it.
        eprintln!("not tested: {}", ended.err);
        return;
    }
    ended.with(0);
    assert!(
        world
            .read("config/folio/config.toml")
            .contains("keyring = \"kernel\"")
    );
    assert!(!texts(world.folder.path()).contains("MARKER"));
    let run = |arguments: &[&str]| {
        let command = kernel(without_environment(&world, arguments));
        let mut command = command;
        Ended::of(command.output().unwrap())
    };
    run(&["get", "/users", "--limit", "1"]).with(0);

    // It is only for the server of the profile.
    let other = World::new();
    let ended = run(&["get", "/users", "--url", other.sandbox.url()]).with(3);
    assert!(ended.err.contains("is only for"), "{ended:#?}");
    assert_eq!(other.sandbox.exchanges().len(), 0);
    let config = world.read("config/folio/config.toml");
    let changed = config.replace(world.sandbox.url(), other.sandbox.url());
    world.write("config/folio/config.toml", &changed);
    run(&["get", "/users"]).with(3);
    assert_eq!(other.sandbox.exchanges().len(), 0);
    world.write("config/folio/config.toml", &config);

    let ended = run(&["logout"]).with(0);
    assert!(ended.err.contains("forgotten"), "{ended:#?}");
    run(&["get", "/users"]).with(3);
}

#[test]
fn a_named_profile_counts_more_than_the_environment() {
    let world = world();
    let other = World::new();
    with_input(
        login(&world, &["--no-keyring", "--profile", "test"]),
        format!("{MARKER}\n"),
    )
    .with(0);
    // The environment of another system is complete.
    let mut command = without_environment(&world, &["whoami", "--profile", "test"]);
    command
        .env("FOLIO_URL", other.sandbox.url())
        .env("FOLIO_TENANT", TENANT)
        .env("FOLIO_USERNAME", "diku_admin")
        .env("FOLIO_PASSWORD", "admin");
    let ended = Ended::of(command.output().unwrap()).with(3);
    assert!(
        ended.err.contains("there is no password of marked"),
        "{ended:#?}"
    );
    // Its password was sent nowhere.
    assert_eq!(other.sandbox.exchanges().len(), 0);
    let before = world.sandbox.logins();
    let mut command = without_environment(&world, &["whoami"]);
    command
        .env("FOLIO_PROFILE", "test")
        .env("FOLIO_PASSWORD", MARKER);
    Ended::of(command.output().unwrap()).with(0);
    assert_eq!(world.sandbox.logins(), before + 1);

    let ended = Ended::of(
        without_environment(&world, &["whoami", "--profile", "prod"])
            .output()
            .unwrap(),
    )
    .with(2);
    assert!(ended.err.contains("there are: test"), "{ended:#?}");
}

#[test]
fn a_url_with_a_password_is_rejected() {
    let world = world();
    let url = "https://user:MARKER@folio.example.edu";
    for arguments in [
        vec![
            "login",
            "--url",
            url,
            "--tenant",
            "t",
            "--username",
            "u",
            "--password-stdin",
        ],
        vec!["get", "/users", "--url", url],
    ] {
        let mut command = world.folio(&arguments);
        command.env("FOLIO_KEYRING", "none");
        let ended = with_input(command, "secret\n").with(2);
        assert!(!ended.err.contains("MARKER"), "{ended:#?}");
    }
    assert!(!world.path("config").exists());
}

#[test]
fn comments_of_the_config_file_stay() {
    let world = world();
    let input = format!("{MARKER}\n");
    with_input(login(&world, &["--no-keyring"]), &input).with(0);
    let config = world.read("config/folio/config.toml");
    world.write(
        "config/folio/config.toml",
        &format!("# mine\n{config}\n[other]\nkey = 1\n"),
    );
    with_input(
        login(
            &world,
            &["--no-keyring", "--profile", "second", "--make-default"],
        ),
        &input,
    )
    .with(0);
    let config = world.read("config/folio/config.toml");
    assert!(config.contains("# mine"), "{config}");
    assert!(config.contains("[other]"), "{config}");
    assert!(config.contains("[profiles.default]"), "{config}");
    assert!(config.contains("[profiles.second]"), "{config}");
    assert!(config.contains("default = \"second\""), "{config}");
    let ended = Ended::of(
        without_environment(&world, &["logout", "--profile", "second", "--remove"])
            .output()
            .unwrap(),
    );
    ended.with(0);
    let config = world.read("config/folio/config.toml");
    assert!(!config.contains("second"), "{config}");
}

#[test]
fn each_command_ends_its_session() {
    let world = world();
    world.run(&["get", "/groups"]).with(0);
    let exchanges = world.sandbox.exchanges();
    let ended = exchanges
        .iter()
        .any(|exchange| exchange.path.ends_with("/authn/logout"));
    assert!(ended, "{exchanges:#?}");
}

/// The variables of the SDK need neither a config file nor a keyring.
#[test]
fn the_environment_is_enough() {
    let world = world();
    fs::create_dir_all(world.path("config/folio")).unwrap();
    world.write("config/folio/config.toml", "not = [toml");
    world.run(&["get", "/groups"]).with(0);
    let mut homeless = world.folio(&["get", "/groups"]);
    homeless.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
    Ended::of(homeless.output().unwrap()).with(0);
    let ended = world.run(&["get", "/groups", "--profile", "test"]).with(1);
    assert!(ended.err.contains("is not valid TOML"), "{ended:#?}");
}

/// As in a login without a desktop.
#[cfg(target_os = "linux")]
#[test]
fn a_keyring_that_cannot_be_read_has_a_substitute() {
    let world = world();
    with_input(login(&world, &["--no-keyring"]), format!("{MARKER}\n")).with(0);
    let config = world.read("config/folio/config.toml");
    let config = format!("{config}keyring = \"secret-service\"\n");
    world.write("config/folio/config.toml", &config);
    let mut command = without_environment(&world, &["get", "/groups"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let ended = Ended::of(command.output().unwrap()).with(3);
    assert!(ended.err.contains("cannot be read"), "{ended:#?}");
    assert!(ended.err.contains("FOLIO_PASSWORD"), "{ended:#?}");
    command.env("FOLIO_PASSWORD", MARKER);
    let ended = Ended::of(command.output().unwrap()).with(0);
    assert!(ended.err.contains("warning:"), "{ended:#?}");
}
