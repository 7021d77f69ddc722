//! The same as [`export_users`](crate::export_users), without `async`.

use std::collections::HashMap;
use std::io::Write;

use folio_sdk::blocking::FolioClient;
use folio_sdk::{Id, cql};

use crate::Outcome;
use crate::export_users::{HEADER, line};

/// Writes the users; gives how many there are.
///
/// # Errors
/// A list cannot be read to its end, or the output not be written.
pub fn run(folio: &FolioClient, mut out: impl Write) -> Outcome<usize> {
    let mut groups = HashMap::new();
    for group in folio.users().list_groups().stream() {
        let group = group?;
        groups.insert(group.id.unwrap_or_default(), group.group);
    }
    let mut loans: HashMap<Id, u32> = HashMap::new();
    let open = cql::field("status.name").eq("Open");
    for loan in folio
        .circulation_storage()
        .list_loans()
        .query(open)
        .stream()
    {
        if let Some(user) = loan?.user_id {
            *loans.entry(user).or_default() += 1;
        }
    }
    writeln!(out, "{HEADER}")?;
    let active = cql::field("active").eq(true);
    let mut count = 0;
    for user in folio.users().list_users().query(active).stream() {
        writeln!(out, "{}", line(user?, &groups, &loans))?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}
