//! Random SQL over random records: FOLIO's tables give the rows that DataFusion gives over the same
//! records in memory.

use datafusion::prelude::SessionContext;
use fastrand::Rng;
use folio_arrow::{LayoutOptions, Uuids};
use folio_datafusion::{Names, Options};
use serde_json::Value;

use crate::records::{TIMES, lists, texts};
use crate::support::{Lists, System, plan, rows};

/// A column of a table, and what it is compared with.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Enum,
    Uuid,
    Flag,
    Whole,
    Money,
    Time,
    Texts,
    Record,
}

use Kind::{Enum, Flag, Money, Record, Text, Texts, Time, Uuid, Whole};

const USERS: &[(&str, Kind)] = &[
    ("id", Uuid),
    ("username", Text),
    ("barcode", Text),
    ("type", Text),
    ("active", Flag),
    ("patron_group", Uuid),
    ("expiration_date", Time),
    ("enrollment_date", Time),
    ("personal['lastName']", Text),
    ("personal['firstName']", Text),
    ("personal['preferredContactTypeId']", Text),
    ("personal['dateOfBirth']", Time),
    ("personal", Record),
    ("departments", Texts),
];
const INSTANCES: &[(&str, Kind)] = &[
    ("id", Uuid),
    ("title", Text),
    ("hrid", Text),
    ("source", Text),
    ("instance_type_id", Uuid),
    ("status_id", Uuid),
    ("discovery_suppress", Flag),
    ("previously_held", Flag),
    ("cataloged_date", Time),
    ("_version", Whole),
    ("languages", Texts),
    ("dates['date1']", Text),
    ("metadata['createdDate']", Time),
    ("metadata['updatedDate']", Time),
];
const HOLDINGS: &[(&str, Kind)] = &[
    ("id", Uuid),
    ("instance_id", Uuid),
    ("call_number", Text),
    ("hrid", Text),
    ("discovery_suppress", Flag),
    ("permanent_location_id", Uuid),
];
const ACCOUNTS: &[(&str, Kind)] = &[
    ("id", Uuid),
    ("amount", Money),
    ("remaining", Money),
    ("user_id", Uuid),
    ("fee_fine_type", Text),
    ("due_date", Time),
    ("status['name']", Enum),
];
const GROUPS: &[(&str, Kind)] = &[
    ("id", Uuid),
    ("\"group\"", Text),
    ("expiration_offset_in_days", Whole),
];

const TABLES: &[(&str, &[(&str, Kind)])] = &[
    ("users.users", USERS),
    ("users.users", USERS),
    ("inventory_storage.instances", INSTANCES),
    ("inventory_storage.instances", INSTANCES),
    ("inventory_storage.holdings", HOLDINGS),
    ("feesfines.accounts", ACCOUNTS),
    ("users.groups", GROUPS),
];

/// Makes statements.
struct Maker {
    rng: Rng,
    texts: Vec<String>,
    /// UUIDs of the records.
    uuids: Vec<String>,
    binary: bool,
}

impl Maker {
    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        self.rng.choice(choices.iter().copied()).unwrap()
    }

    fn text(&mut self) -> String {
        let text = self.texts[self.rng.usize(..self.texts.len())].clone();
        match self.rng.u8(..8) {
            0 => text.to_uppercase(),
            1 => text.chars().take(self.rng.usize(..4)).collect(),
            _ => text,
        }
    }

    fn quoted(text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    fn pattern(&mut self) -> String {
        let text = self.text();
        // Wildcards of the text stay, or are escaped.
        let text = match self.rng.bool() {
            true => text
                .replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_"),
            false => text,
        };
        let characters: Vec<char> = text.chars().collect();
        let cut: String = characters
            .iter()
            .take(self.rng.usize(..=characters.len().min(8)))
            .collect();
        match self.rng.u8(..8) {
            0 => text,
            1 => format!("%{cut}"),
            2 => format!("%{cut}%"),
            3 => format!("_{cut}%"),
            4 => format!("{cut}_"),
            5 => format!("{cut}%{}", self.pick(&["a", "h", "_", "%", "tail"])),
            _ => format!("{cut}%"),
        }
    }

    fn literal(&mut self, kind: Kind) -> String {
        match kind {
            Text | Texts | Record => Self::quoted(&self.text()),
            Enum => Self::quoted(self.pick(&["Open", "open", "Closed", "Other"])),
            Uuid => {
                let uuid = self.uuids[self.rng.usize(..self.uuids.len())].clone();
                let uuid = match self.rng.u8(..12) {
                    0 => uuid.to_uppercase(),
                    1 if !self.binary => "no uuid".to_owned(),
                    _ => uuid,
                };
                match self.binary {
                    true => format!("uuid('{uuid}')"),
                    false => Self::quoted(&uuid),
                }
            }
            Flag => self.pick(&["true", "false"]).to_owned(),
            Whole => self.rng.i32(-3..6).to_string(),
            Money => self
                .pick(&[
                    "0",
                    "1",
                    "-1",
                    "10.5",
                    "0.1",
                    "1000",
                    "12345678.125",
                    "0.30000000000000004",
                    "0.3",
                ])
                .to_owned(),
            Time => {
                let plausible = [
                    "2024-01-02T03:04:05.678Z",
                    "2024-01-03",
                    "2024-01-02",
                    "2024-03-01",
                    "1999-12-31T23:59:59.999Z",
                    "2023-12-31",
                    "1970-01-01",
                ];
                let time = match self.rng.bool() {
                    true => self.pick(&plausible),
                    false => self.pick(&TIMES[..10]),
                };
                format!("timestamp '{time}'")
            }
        }
    }

    fn condition(&mut self, prefix: &str, columns: &[(&str, Kind)]) -> String {
        let (name, kind) = columns[self.rng.usize(..columns.len())];
        let column = format!("{prefix}{name}");
        if self.rng.u8(..7) == 0 {
            return format!("{column} is {}null", self.pick(&["", "not "]));
        }
        if matches!(kind, Record | Texts) {
            return match kind {
                Texts => format!("array_has({column}, {})", self.literal(Text)),
                _ => format!("{column} is not null"),
            };
        }
        if matches!(kind, Flag) && self.rng.bool() {
            let test = self.pick(&[
                "",
                " is true",
                " is not true",
                " is false",
                " is not false",
                " = true",
                " <> false",
                " is unknown",
            ]);
            return format!("{column}{test}");
        }
        match self.rng.u8(..12) {
            0 | 1 => {
                let count = self.rng.usize(1..8);
                let mut values: Vec<String> = (0..count).map(|_| self.literal(kind)).collect();
                if self.rng.u8(..6) == 0 {
                    values.push("null".to_owned());
                }
                format!(
                    "{column} {}in ({})",
                    self.pick(&["", "not "]),
                    values.join(", ")
                )
            }
            2 => {
                let (low, high) = (self.literal(kind), self.literal(kind));
                format!(
                    "{column} {}between {low} and {high}",
                    self.pick(&["", "not "])
                )
            }
            3..=6 if matches!(kind, Text) || matches!(kind, Uuid) && !self.binary => {
                let operator = self.pick(&["like", "like", "like", "not like", "ilike"]);
                let pattern = match kind {
                    Uuid => {
                        let uuid = self.uuids[self.rng.usize(..self.uuids.len())].clone();
                        format!("{}%", &uuid[..self.rng.usize(..=uuid.len())])
                    }
                    _ => self.pattern(),
                };
                format!("{column} {operator} {}", Self::quoted(&pattern))
            }
            7 if matches!(kind, Text) => match self.rng.u8(..4) {
                0 => format!(
                    "lower({column}) = {}",
                    Self::quoted(&self.text().to_lowercase())
                ),
                1 => format!(
                    "lower({column}) like {}",
                    Self::quoted(&self.pattern().to_lowercase())
                ),
                2 => format!("starts_with({column}, {})", Self::quoted(&self.text())),
                _ => format!("{column} || 'x' = {}", self.literal(kind)),
            },
            8 => {
                let operator = self.pick(&["is distinct from", "is not distinct from"]);
                format!("{column} {operator} {}", self.literal(kind))
            }
            9 => format!(
                "{} {} {column}",
                self.literal(kind),
                self.pick(&["=", "<", ">="])
            ),
            10 if matches!(kind, Time) => {
                format!(
                    "cast({column} as date) {} date '2024-01-02'",
                    self.pick(&["=", "<", "<=", ">", ">="])
                )
            }
            _ => {
                let operator = self.pick(&["=", "=", "=", "<>", "<", "<=", ">", ">="]);
                format!("{column} {operator} {}", self.literal(kind))
            }
        }
    }

    fn filter(&mut self, prefix: &str, columns: &[(&str, Kind)], depth: u32) -> String {
        if depth == 0 || self.rng.u8(..3) == 0 {
            return self.condition(prefix, columns);
        }
        let one = self.filter(prefix, columns, depth - 1);
        match self.rng.u8(..9) {
            0 | 1 => format!("not ({one})"),
            2 => format!(
                "({one}) is {}",
                self.pick(&["true", "not true", "false", "not false", "unknown"])
            ),
            3..=5 => format!("({one}) and ({})", self.filter(prefix, columns, depth - 1)),
            _ => format!("({one}) or ({})", self.filter(prefix, columns, depth - 1)),
        }
    }

    /// A statement, and whether its rows have an order.
    fn statement(&mut self) -> (String, bool) {
        let (table, columns) = TABLES[self.rng.usize(..TABLES.len())];
        let depth = self.rng.u32(..4);
        match self.rng.u8(..10) {
            0 => {
                let filter = self.filter("", columns, depth);
                (
                    format!(
                        "select count(*), count({}) from {table} where {filter}",
                        columns[1].0
                    ),
                    false,
                )
            }
            1 => {
                let (grouped, _) = columns[self.rng.usize(1..columns.len())];
                let filter = self.filter("", columns, depth);
                (
                    format!(
                        "select {grouped} as g, count(*), min(id) from {table} where {filter} group by {grouped}"
                    ),
                    false,
                )
            }
            2 => {
                let kind = self.pick(&["join", "left join"]);
                let filter = self.filter("i.", INSTANCES, depth);
                let other = self.filter("h.", HOLDINGS, depth);
                (
                    format!(
                        "select i.id, i.title, h.id as h, h.call_number from inventory_storage.instances i \
                         {kind} inventory_storage.holdings h on h.instance_id = i.id where ({filter}) and ({other})"
                    ),
                    false,
                )
            }
            3 => {
                let filter = self.filter("u.", USERS, depth);
                (
                    format!(
                        "select u.id, g.\"group\" from users.users u join users.groups g on u.patron_group = g.id where {filter}"
                    ),
                    false,
                )
            }
            4 => {
                let filter = self.filter("", columns, depth);
                let direction = self.pick(&["", " desc", " asc"]);
                let limit = self.rng.usize(..30);
                (
                    format!(
                        "select id, {} from {table} where {filter} order by id{direction} limit {limit}",
                        columns[1].0
                    ),
                    true,
                )
            }
            5 => {
                let filter = self.filter("", columns, depth);
                (
                    format!(
                        "select id from {table} where {} in (select {} from {table} where {filter})",
                        columns[1].0, columns[1].0
                    ),
                    false,
                )
            }
            _ => {
                let count = self.rng.usize(1..4);
                let chosen: Vec<&str> = (0..count)
                    .map(|_| columns[self.rng.usize(..columns.len())].0)
                    .collect();
                let chosen: Vec<String> = chosen
                    .iter()
                    .enumerate()
                    .map(|(at, name)| format!("{name} as c{at}"))
                    .collect();
                let filter = self.filter("", columns, depth);
                (
                    format!(
                        "select id, {} from {table} where {filter}",
                        chosen.join(", ")
                    ),
                    false,
                )
            }
        }
    }
}

fn uuids(lists: &Lists) -> Vec<String> {
    let mut found = Vec::new();
    for (_, records) in lists {
        for record in records.iter().take(20) {
            for value in record.as_object().unwrap().values() {
                if let Value::String(text) = value
                    && text.len() == 36
                    && text.matches('-').count() == 4
                {
                    found.push(text.to_lowercase());
                }
            }
        }
    }
    found
}

async fn same(
    remote: &SessionContext,
    local: &SessionContext,
    sql: &str,
    is_ordered: bool,
) -> Result<bool, String> {
    let (mut found, mut expected) = (rows(remote, sql).await, rows(local, sql).await);
    if !is_ordered {
        for rows in [&mut found, &mut expected].into_iter().flatten() {
            rows.sort();
        }
    }
    match (&found, &expected) {
        (Ok(one), Ok(other)) if one == other => Ok(!one.is_empty()),
        // A statement that DataFusion rejects is rejected by both.
        (Err(_), Err(_)) => Ok(false),
        _ => {
            let plan = plan(remote, sql).await;
            let show = |rows: &Result<Vec<String>, String>| match rows {
                Ok(rows) => format!("{} rows", rows.len()),
                Err(error) => error.clone(),
            };
            let missing: Vec<&String> = match (&found, &expected) {
                (Ok(found), Ok(expected)) => expected
                    .iter()
                    .filter(|row| !found.contains(row))
                    .take(3)
                    .collect(),
                _ => Vec::new(),
            };
            let more: Vec<&String> = match (&found, &expected) {
                (Ok(found), Ok(expected)) => found
                    .iter()
                    .filter(|row| !expected.contains(row))
                    .take(3)
                    .collect(),
                _ => Vec::new(),
            };
            Err(format!(
                "{sql}\n{plan}\nfound {}, expected {}; missing {missing:#?}, not expected {more:#?}",
                show(&found),
                show(&expected)
            ))
        }
    }
}

async fn check(seed: u64, statements: usize, options: Options) {
    let mut rng = Rng::with_seed(seed);
    let lists = lists(&mut rng, 150);
    let binary = options.layout.uuids == Uuids::Binary;
    let system = System::new(&lists, options).await;
    let local = system.local(&lists).await;
    let mut maker = Maker {
        rng,
        texts: texts(),
        uuids: uuids(&lists),
        binary,
    };
    let mut with_rows = 0;
    let mut problems = Vec::new();
    for _ in 0..statements {
        let (sql, is_ordered) = maker.statement();
        match same(&system.remote, &local, &sql, is_ordered).await {
            Ok(has_rows) => with_rows += usize::from(has_rows),
            Err(problem) => problems.push(problem),
        }
    }
    assert!(
        problems.is_empty(),
        "seed {seed}: {} of {statements} statements differ:\n{}",
        problems.len(),
        problems
            .iter()
            .take(5)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n\n")
    );
    assert!(
        with_rows * 4 > statements,
        "only {with_rows} of {statements} statements have rows"
    );
}

/// More by the environment: `FOLIO_SQL_SEEDS=20` for so many seeds.
fn seeds() -> u64 {
    let seeds = std::env::var("FOLIO_SQL_SEEDS").ok();
    seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_statements_give_the_same_rows_with_uuids_as_text() {
    for seed in 0..seeds() {
        let options = Options {
            page_size: 40,
            counts: seed % 2 == 0,
            ..Options::default()
        };
        check(seed, 250, options).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_statements_give_the_same_rows_with_uuids_as_bytes() {
    for seed in 1_000..1_000 + seeds() {
        let options = Options {
            page_size: 30,
            counts: seed % 2 == 1,
            names: Names::Snake,
            layout: LayoutOptions {
                uuids: Uuids::Binary,
                ..LayoutOptions::default()
            },
            ..Options::default()
        };
        check(seed, 250, options).await;
    }
}
