//! All active users with the name of their patron group and the number of their open loans, as CSV.

use std::collections::HashMap;
use std::io::Write;

use folio_sdk::users::User;
use folio_sdk::{FolioClient, Id, cql};
use futures_util::TryStreamExt;

use crate::{Outcome, csv};

pub(crate) const HEADER: &str = "username,barcode,last name,patron group,open loans";

/// The line of a user, with the names of groups and the numbers of loans by their ids.
pub(crate) fn line(user: User, groups: &HashMap<Id, String>, loans: &HashMap<Id, u32>) -> String {
    let group = user.patron_group.as_ref();
    let group = group
        .and_then(|id| groups.get(id))
        .map_or("", String::as_str);
    let name = user
        .personal
        .as_ref()
        .map_or("", |personal| &personal.last_name);
    let open = loans
        .get(&user.id.unwrap_or_default())
        .copied()
        .unwrap_or_default();
    format!(
        "{},{},{},{},{open}",
        csv(&user.username.unwrap_or_default()),
        csv(&user.barcode.unwrap_or_default()),
        csv(name),
        csv(group),
    )
}

/// Writes the users; gives how many there are.
///
/// # Errors
/// A list cannot be read to its end, or the output not be written.
pub async fn run(folio: &FolioClient, mut out: impl Write) -> Outcome<usize> {
    let mut groups = HashMap::new();
    let mut list = folio.users().list_groups().stream();
    while let Some(group) = list.try_next().await? {
        groups.insert(group.id.unwrap_or_default(), group.group);
    }
    // One pass over the open loans instead of a request for each user.
    let mut loans: HashMap<Id, u32> = HashMap::new();
    let open = cql::field("status.name").eq("Open");
    let mut list = folio
        .circulation_storage()
        .list_loans()
        .query(open)
        .stream();
    while let Some(loan) = list.try_next().await? {
        // Anonymized loans have no user.
        if let Some(user) = loan.user_id {
            *loans.entry(user).or_default() += 1;
        }
    }
    writeln!(out, "{HEADER}")?;
    let active = cql::field("active").eq(true);
    let mut users = folio.users().list_users().query(active).stream();
    let mut count = 0;
    while let Some(user) = users.try_next().await? {
        writeln!(out, "{}", line(user, &groups, &loans))?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}
