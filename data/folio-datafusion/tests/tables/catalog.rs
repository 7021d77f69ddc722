//! All tables of a release can be planned.

use folio_arrow::Release;
use folio_datafusion::Options;

use crate::support::{System, plan};

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_every_release_has_a_plan() {
    for release in Release::all() {
        let options = Options {
            release,
            all_modules: true,
            counts: false,
            ..Options::default()
        };
        let system = System::new(&Vec::new(), options).await;
        let catalog = system.remote.catalog("datafusion").unwrap();
        let mut tables = 0;
        for schema in catalog.schema_names() {
            let provider = catalog.schema(&schema).unwrap();
            for table in provider.table_names() {
                let shown = plan(
                    &system.remote,
                    &format!(r#"select count(*) from "{schema}"."{table}""#),
                )
                .await;
                assert!(shown.contains("FolioExec"), "{schema}.{table}: {shown}");
                let first = provider.table(&table).await.unwrap().unwrap().schema();
                assert!(first.fields().len() > 1, "{schema}.{table}");
                tables += 1;
            }
        }
        assert!(tables > 200, "{release}: {tables} tables");
    }
}

#[test]
fn the_readme_has_the_table_of_the_code_and_the_indexes_are_current() {
    let file = |path: &str| {
        std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let readme = file("README.md");
    let code = file("src/pushdown/rules.rs");
    let rows: Vec<&str> = code
        .lines()
        .filter_map(|line| line.strip_prefix("//! |"))
        .collect();
    assert!(rows.len() > 20);
    for row in rows {
        assert!(
            readme.contains(&format!("\n|{row}\n")),
            "README.md lacks |{row}"
        );
    }
    let current = file("../../crates/folio-cli/data/indexes.jsonl");
    assert!(
        file("data/indexes.jsonl") == current,
        "copy crates/folio-cli/data/indexes.jsonl to data/"
    );
}
