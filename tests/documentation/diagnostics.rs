//! The compiler's message for a type that a call does not accept: it must name the solution.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The library that this test was linked with, or others of the same folder: the newest first.
fn libraries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let is_it = name.starts_with("libfolio_sdk-") && name.ends_with(".rlib");
            let changed = path.metadata().ok()?.modified().ok()?;
            is_it.then_some((changed, path))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

/// The compiler's messages for a program.
fn said(program: &str) -> String {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap();
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let out = format!("folio-sdk-diagnostics-{}-{run}", std::process::id());
    let out = std::env::temp_dir().join(out);
    std::fs::create_dir_all(&out).unwrap();
    let source = out.join("program.rs");
    std::fs::write(&source, program).unwrap();
    let mut said = String::new();
    for library in libraries(folder) {
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(compiler)
            .args([
                "--edition",
                "2024",
                "--crate-type",
                "lib",
                "--emit",
                "metadata",
            ])
            .arg("--out-dir")
            .arg(&out)
            .arg("-L")
            .arg(format!("dependency={}", folder.display()))
            .arg("--extern")
            .arg(format!("folio_sdk={}", library.display()))
            .arg(&source)
            .output()
            .unwrap();
        assert!(!output.status.success(), "it compiles");
        said = String::from_utf8_lossy(&output.stderr).into_owned();
        // A library of another compiler, or of dependencies that are gone, says nothing.
        if said.contains("E0277") {
            break;
        }
    }
    let _ = std::fs::remove_dir_all(out);
    said
}

#[test]
fn a_type_of_no_known_collection_is_told_to_name_one() {
    let said = said(
        r#"
        pub fn write(folio: folio_sdk::FolioClient, records: Vec<String>) {
            let _ = folio.upsert(records);
        }
        pub async fn change(folio: folio_sdk::FolioClient) {
            let _ = folio.update_with("id", |record: &mut String| record.clear()).await;
        }
        "#,
    );
    // With several types of that name in the crate the compiler writes the whole path.
    assert!(
        said.replace("std::string::String", "String")
            .contains("the collection that stores `String` is unknown to folio-sdk"),
        "{said}"
    );
    assert!(
        said.contains(
            "`upsert_at(Collection::new(\"/path\", \"key\"), records)` instead of `upsert(records)`"
        ) && said
            .contains("`update_at(\"/path/id\", change)` instead of `update_with(id, change)`"),
        "{said}"
    );
}

/// A module that no build of these tests has: only older releases have it.
#[test]
fn the_handle_of_a_module_of_another_release_names_the_release() {
    let said = said(
        r#"
        pub async fn call(folio: folio_sdk::FolioClient) {
            let _ = folio.login_saml().list_samls().limit(3).await;
        }
        pub fn wait(folio: folio_sdk::blocking::FolioClient) {
            let api = folio.login_saml();
            let _ = api.list_samls().send();
        }
        "#,
    );
    assert!(
        said.contains("the release trillium of FOLIO has no mod-login-saml")
            && said.contains(
                "it is in ramsons and sunflower: needs the features `sunflower` and `login-saml`"
            )
            && said.contains("cargo add folio-sdk --features "),
        "{said}"
    );
    // One error per use: what is called on the handle adds none.
    assert_eq!(said.matches("error[").count(), 2, "{said}");
}

/// The tests of the workspace build all modules: then there is nothing to say.
#[test]
fn the_handle_of_a_module_that_is_not_enabled_names_the_feature() {
    if cfg!(feature = "orders") {
        return;
    }
    let said = said(
        r#"
        pub async fn call(folio: folio_sdk::FolioClient) {
            let _ = folio.orders().list_composite_orders().limit(3).await;
            let _ = folio.circulation();
        }
        "#,
    );
    assert!(
        said.contains("mod-orders is not part of this build of folio-sdk")
            && said.contains("needs the feature `orders` of folio-sdk")
            && said.contains("cargo add folio-sdk --features orders"),
        "{said}"
    );
    assert!(
        said.contains("needs the feature `mod-circulation` of folio-sdk"),
        "{said}"
    );
    assert_eq!(said.matches("error[").count(), 2, "{said}");
}

#[test]
fn what_is_no_list_cannot_be_harvested_and_the_compiler_says_why() {
    let said = said(
        r#"
        pub fn read(folio: folio_sdk::FolioClient) {
            let _ = folio.harvest(folio.users().get_user("1"));
        }
        "#,
    );
    assert!(
        said.contains("gives no list that can be read as a stream"),
        "{said}"
    );
}

#[test]
fn a_key_that_is_none_is_told_what_it_may_be() {
    let said = said(
        r#"
        pub fn write(folio: folio_sdk::FolioClient, records: Vec<String>) {
            let groups = folio_sdk::Collection::new("/groups", "usergroups");
            let _ = folio.upsert_at(groups, records).id_from_key(|record| record.len());
        }
        "#,
    );
    assert!(
        said.contains("`usize` cannot be the key of a record")
            && said.contains("return a `String` or an `Option<String>`"),
        "{said}"
    );
}

#[test]
#[cfg(all(feature = "inventory-storage", feature = "users"))]
fn a_required_field_that_is_not_set_is_named() {
    let said = said(
        r#"
        pub fn instance() -> folio_sdk::inventory_storage::Instance {
            folio_sdk::inventory_storage::Instance::builder().source("FOLIO").instance_type_id("x").build()
        }
        "#,
    );
    // With several modules the compiler shows the path of the field.
    let is_named = said.contains("error[E0277]: the required field `title` is not set")
        || said.contains("error[E0277]: the required field `folio_sdk::inventory_storage::required::title` is not set");
    assert!(is_named, "{said}");
    assert_eq!(said.matches("is not set").count(), 1, "{said}");
}
