//! The same as [`export_users`](crate::export_users), without `async`.

use std::collections::HashMap;
use std::io::Write;

use folio_sdk::blocking::FolioClient;
use folio_sdk::cql;

use crate::{Outcome, csv};

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
    let mut loans: HashMap<String, u32> = HashMap::new();
    let open = cql::field("status.name").exact("Open");
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
    writeln!(out, "username,barcode,last name,patron group,open loans")?;
    let active = cql::field("active").exact(true);
    let mut count = 0;
    for user in folio.users().list_users().query(active).stream() {
        let user = user?;
        let group = user.patron_group.as_ref().map(ToString::to_string);
        let group = group
            .and_then(|id| groups.get(&id))
            .map_or("", String::as_str);
        let name = user
            .personal
            .as_ref()
            .map_or("", |personal| &personal.last_name);
        let open = loans
            .get(&user.id.unwrap_or_default())
            .copied()
            .unwrap_or_default();
        writeln!(
            out,
            "{},{},{},{},{open}",
            csv(&user.username.unwrap_or_default()),
            csv(&user.barcode.unwrap_or_default()),
            csv(name),
            csv(group),
        )?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}
