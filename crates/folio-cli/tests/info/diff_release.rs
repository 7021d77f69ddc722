//! `folio diff-release`: as `folio-spec diff` states it, and as it concerns a program.

use folio_test_support::files::root;
use serde_json::Value;
use std::fmt::Write as _;

use crate::support::program::{Program, demo};

async fn rows(arguments: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = ["diff-release", "--format", "json"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    let found = Program::default().run(&arguments).await;
    assert_eq!(found.code, Some(0), "{found:?}");
    found.json().as_array().unwrap().clone()
}

/// The page of docs/changes that `folio-spec diff --markdown` writes, from the rows of the program.
#[tokio::test]
async fn the_changes_are_those_of_the_pages() {
    for (from, to) in [("ramsons", "sunflower"), ("sunflower", "trillium")] {
        let page =
            std::fs::read_to_string(root().join(format!("docs/changes/{from}-{to}.md"))).unwrap();
        let expected: Vec<&str> = page.lines().filter(|line| line.starts_with("- ")).collect();
        let rows = rows(&[from, to]).await;
        let found: Vec<String> = rows
            .iter()
            .map(|row| {
                let mut line = String::from("- ");
                if row["breaking"] == true {
                    line.push_str("**breaking** ");
                }
                let text = |key: &str| row[key].as_str().unwrap().to_owned();
                write!(
                    line,
                    "{} `{}`: {}",
                    text("kind"),
                    text("subject"),
                    text("change")
                )
                .unwrap();
                line
            })
            .collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected);
        }
        let breaking = rows.iter().filter(|row| row["breaking"] == true).count();
        assert_eq!(breaking, page.matches("- **breaking**").count());
    }
}

#[tokio::test]
async fn changes_are_selected_by_module_and_breaking() {
    let rows = rows(&[
        "sunflower",
        "trillium",
        "--module",
        "calendar",
        "--breaking",
    ])
    .await;
    assert_eq!(rows, Vec::<Value>::new());
    let rows = self::rows(&[
        "sunflower",
        "trillium",
        "--module",
        "mod-search",
        "--breaking",
    ])
    .await;
    assert!(!rows.is_empty());
    assert!(
        rows.iter()
            .all(|row| row["module"] == "mod-search" && row["breaking"] == true)
    );
    // Two releases apart.
    let direct = self::rows(&["ramsons", "trillium", "--module", "mod-users"]).await;
    assert_eq!(direct[0]["change"], "19.4.6 is now 19.6.0");
}

#[tokio::test]
async fn changes_that_concern_a_program_include_its_records() {
    let all = rows(&["sunflower", "trillium"]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("main.rs");
    std::fs::write(
        &file,
        "let mut orders = folio.orders_storage().list_po_lines().stream();\nfolio.folio_get::<Value>(\"/patron/account/5f1c3d0a-0000-4000-8000-000000000000\", None)",
    )
    .unwrap();
    let used = rows(&["sunflower", "trillium", "--uses", file.to_str().unwrap()]).await;
    assert!(
        !used.is_empty() && used.len() < all.len() / 4,
        "{}",
        used.len()
    );
    let has = |module: &str, subject: &str| {
        used.iter().any(|row| {
            row["module"] == module && row["subject"].as_str().unwrap().starts_with(subject)
        })
    };
    assert!(
        has("edge-patron", "GET /patron/account/{id} includeBatches"),
        "{used:?}"
    );
    assert!(has("mod-orders-storage", "PoLine."), "{used:?}");
    assert!(!has("mod-search", ""), "{used:?}");
    // Each selected change is one of all.
    assert!(used.iter().all(|row| all.contains(row)));
    let by_path = rows(&["sunflower", "trillium", "--path", "/patron/account/{id}"]).await;
    assert!(
        by_path
            .iter()
            .any(|row| row["subject"] == "GET /patron/account/{id} includeBatches"),
        "{by_path:?}"
    );
    let none = Program::default()
        .run(&[
            "diff-release",
            "sunflower",
            "trillium",
            "--path",
            "/nowhere",
        ])
        .await;
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(
        none.err
            .contains("no operation of sunflower or trillium is named there"),
        "{none:?}"
    );
}

#[tokio::test]
async fn wrong_releases_are_errors() {
    for (arguments, expected) in [
        (
            &["diff-release", "trillium", "sunflower"][..],
            "folio diff-release sunflower trillium",
        ),
        (
            &["diff-release", "iris"],
            "known releases: ramsons, sunflower, trillium",
        ),
        (
            &["diff-release", "sunflower", "--module", "mod-nothing"],
            "no release has a module `mod-nothing`",
        ),
        (&["diff-release"], "name the releases: folio diff-release"),
    ] {
        let found = Program::default().run(arguments).await;
        assert_eq!((found.code, found.out.as_str()), (Some(2), ""), "{found:?}");
        assert!(found.err.contains(expected), "{found:?}");
    }
}

/// The sandbox has the modules of the newest release.
#[tokio::test]
async fn the_release_of_the_tenant_is_the_default() {
    for eureka in [false, true] {
        let sandbox = demo(eureka).start().await.unwrap();
        let found = Program::admin(&sandbox)
            .run(&["diff-release", "--format", "csv"])
            .await;
        assert_eq!(found.code, Some(0), "{found:?}");
        assert!(
            found
                .err
                .contains("the modules of the tenant are those of trillium"),
            "{found:?}"
        );
        assert!(
            found.err.contains("0 changes from trillium to trillium"),
            "{found:?}"
        );
    }
}
