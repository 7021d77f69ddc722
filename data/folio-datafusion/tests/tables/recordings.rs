//! The translation of filters, compared with the answers of a running FOLIO: where a recorded query
//! is the translation of a filter, the server found every record of which the filter is true, and no
//! other if the translation says that it is exact.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::SessionContext;
use folio_arrow::Table;
use folio_datafusion::{FolioTable, Options};
use folio_sdk::cql::{Boolean, ComparisonNode, Node, Relation};
use folio_sdk::{Cql, FolioClient};
use folio_test_support::recordings;
use serde_json::Value;

use crate::support::{memory, rows};

/// The queries of a file for a list, and the records that were loaded before.
struct Recorded {
    records: Vec<Value>,
    queries: Vec<(String, BTreeSet<usize>)>,
}

fn recorded(file: &str, path: &str) -> Recorded {
    let rows = recordings::rows(file);
    let mut recorded = Recorded {
        records: Vec::new(),
        queries: Vec::new(),
    };
    for row in rows {
        if row["post"] == path {
            recorded.records.push(row["body"].clone());
        }
        if let (true, Some(found)) = (row["get"] == path, row["found"].as_array()) {
            let found = found.iter().filter_map(Value::as_u64);
            let found = found.map(|index| usize::try_from(index).unwrap()).collect();
            recorded
                .queries
                .push((row["query"].as_str().unwrap().to_owned(), found));
        }
    }
    recorded
}

/// The name of a field in SQL.
fn column(field: &str) -> Option<String> {
    let mut names = field.split('.');
    let first = names.next()?;
    let rest: String = names.map(|name| format!("['{name}']")).collect();
    let mut snake = String::new();
    for character in first.chars() {
        if character.is_uppercase() {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    Some(format!("{snake}{rest}"))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The field of a query.
fn field(query: &Cql) -> Option<String> {
    match query.tree() {
        Node::Comparison(comparison) => Some(comparison.field.to_owned()),
        Node::Chain(_, rest) => match &rest[..] {
            [(_, Node::Comparison(comparison))] => Some(comparison.field.to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// The filters of which a query may be the translation.
fn filters(query: &Cql) -> Vec<String> {
    let of = |comparison: &ComparisonNode<'_>, negated: bool| -> Vec<String> {
        let Some(column) = column(comparison.field) else {
            return Vec::new();
        };
        let [term] = comparison.terms else {
            return Vec::new();
        };
        let not = if negated { "not " } else { "" };
        // Without escapes, and as a pattern of SQL.
        let (mut text, mut pattern) = (String::new(), String::new());
        let mut characters = term.chars();
        while let Some(character) = characters.next() {
            match character {
                '*' => pattern.push('%'),
                '?' => pattern.push('_'),
                '\\' => text.extend(characters.next()),
                '%' | '_' => pattern.extend(['\\', character]),
                character => pattern.push(character),
            }
            if !matches!(character, '\\') {
                text.push(character);
            }
        }
        let value = quoted(&text);
        match comparison.relation {
            Relation::Matches if term.is_empty() => vec![format!(
                "{column} is {}null",
                if negated { "" } else { "not " }
            )],
            Relation::Eq => vec![
                format!("{not}({column} = {value})"),
                format!("{not}({column} like {})", quoted(&pattern)),
                format!("{not}({column} = {text})"),
                format!("{not}({column})"),
                format!("({column}) is false"),
            ],
            Relation::Ne => vec![
                format!("{column} <> {value}"),
                format!("{column} is distinct from {value}"),
            ],
            Relation::Lt => vec![format!("{column} < {value}")],
            Relation::Le => vec![format!("{column} <= {value}")],
            Relation::Gt => vec![format!("{column} > {value}")],
            Relation::Ge => vec![format!("{column} >= {value}")],
            _ => Vec::new(),
        }
    };
    match query.tree() {
        Node::Comparison(comparison) => of(&comparison, false),
        Node::Chain(first, rest) => match (&*first, &rest[..]) {
            (Node::All, [(Boolean::Not, Node::Comparison(comparison))]) => of(comparison, true),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The filter as the table gets it.
async fn predicate(ctx: &SessionContext, filter: &str) -> Option<Expr> {
    let frame = ctx
        .sql(&format!("select id from list where {filter}"))
        .await
        .ok()?;
    let plan = frame.into_optimized_plan().ok()?;
    let mut found = None;
    let _ = plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            found = scan.filters.first().cloned();
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

/// Whether a record was sent without a field: the server may have added it (empty lists, false).
fn lacks(record: &Value, field: &str) -> bool {
    record
        .pointer(&format!("/{}", field.replace('.', "/")))
        .is_none_or(Value::is_null)
}

async fn check(file: &str, path: &str, least: usize) {
    let recorded = recorded(file, path);
    let options = Options::default();
    let table = Table::at(options.release, path).unwrap();
    let folio = FolioClient::builder("http://127.0.0.1:1")
        .tenant("diku")
        .credentials("nobody", "")
        .build()
        .unwrap();
    let remote = Arc::new(FolioTable::new(&folio, table.clone(), &options));
    let planning = SessionContext::new();
    planning
        .register_table("list", Arc::clone(&remote) as Arc<dyn TableProvider>)
        .unwrap();
    let ctx = SessionContext::new();
    ctx.register_table(
        "list",
        Arc::new(memory(&folio, &table, &options, &recorded.records)),
    )
    .unwrap();
    let ids: Vec<&str> = recorded
        .records
        .iter()
        .map(|record| record["id"].as_str().unwrap())
        .collect();
    let (mut compared, mut exact) = (BTreeSet::new(), BTreeSet::new());
    for (query, found) in &recorded.queries {
        let Ok(parsed) = Cql::parse(query) else {
            continue;
        };
        for filter in filters(&parsed) {
            let Some(expression) = predicate(&planning, &filter).await else {
                continue;
            };
            let Some(pushed) = remote.translate(&expression) else {
                continue;
            };
            let same =
                Cql::parse(pushed.query.to_string()).is_ok_and(|sent| sent.tree() == parsed.tree());
            if !same {
                continue;
            }
            let rows = rows(&ctx, &format!("select id from list where {filter}"))
                .await
                .unwrap();
            let wanted: BTreeSet<usize> = ids
                .iter()
                .enumerate()
                .filter(|(_, id)| rows.contains(&format!("{id:?}")))
                .map(|(index, _)| index)
                .collect();
            let field = field(&parsed).unwrap_or_default();
            let is_known = |index: &&usize| !lacks(&recorded.records[**index], &field);
            let is_null = filter.ends_with(" is null");
            let missing: Vec<&usize> = wanted
                .difference(found)
                .filter(|at| !is_null || is_known(at))
                .collect();
            assert!(
                missing.is_empty(),
                "{query} does not find {missing:?} of {filter}"
            );
            if pushed.is_exact {
                let more: Vec<&usize> = found.difference(&wanted).filter(is_known).collect();
                assert!(
                    more.is_empty(),
                    "{query} finds {more:?}, which {filter} does not"
                );
                exact.insert(query);
            }
            compared.insert(query);
        }
    }
    eprintln!(
        "{path}: {} of {} recorded queries are translations of filters, {} of them exact",
        compared.len(),
        recorded.queries.len(),
        exact.len()
    );
    assert!(
        compared.len() >= least,
        "only {} queries: {compared:#?}",
        compared.len()
    );
}

#[tokio::test]
async fn recorded_answers_about_users_have_the_records_of_the_filters() {
    check("cql-users", "/users", 20).await;
}

#[tokio::test]
async fn recorded_answers_about_instances_have_the_records_of_the_filters() {
    check("cql-instances", "/instance-storage/instances", 20).await;
}
