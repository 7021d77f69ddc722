//! Numbers of users and loans by patron group, as CSV.

use std::collections::BTreeMap;
use std::io::Write;

use folio_sdk::{FolioClient, Id, cql};
use futures_util::TryStreamExt;

use crate::{Outcome, csv};

/// The numbers of a patron group.
#[derive(Default)]
struct Counts {
    users: u64,
    active: u64,
    loans: u64,
}

/// Writes a line for each patron group: its users, the active ones, and the loans of a period,
/// `2026-01-01` to before `2027-01-01`. The memory grows with the number of groups only.
///
/// # Errors
/// A list cannot be read to its end; then nothing is written. Or the output cannot be written.
pub async fn by_group(
    folio: &FolioClient,
    from: &str,
    until: &str,
    mut out: impl Write,
) -> Outcome {
    // Without a group: users and loans that name none.
    let mut counts: BTreeMap<Option<Id>, Counts> = BTreeMap::new();
    let mut users = folio.users().list_users().limit(1000).stream();
    while let Some(user) = users.try_next().await? {
        let group = counts.entry(user.patron_group).or_default();
        group.users += 1;
        group.active += u64::from(user.active == Some(true));
    }
    let in_period = cql::field("loanDate")
        .ge(from)
        .and(cql::field("loanDate").lt(until));
    let loans = folio.circulation_storage().list_loans();
    let mut loans = loans.query(in_period).limit(1000).stream();
    while let Some(loan) = loans.try_next().await? {
        // The group at the time of the loan. An anonymized loan has it still, but no user.
        let group = loan.patron_group_id_at_checkout;
        counts.entry(group).or_default().loans += 1;
    }
    let mut names: BTreeMap<Option<Id>, String> = BTreeMap::new();
    let mut groups = folio.users().list_groups().stream();
    while let Some(group) = groups.try_next().await? {
        counts.entry(group.id.clone()).or_default();
        names.insert(group.id, group.group);
    }
    writeln!(out, "patron group,users,active users,loans")?;
    for (id, group) in counts {
        let name = match (names.remove(&id), id) {
            (Some(name), _) => name,
            (None, Some(deleted)) => deleted.to_string(),
            (None, None) => "(none)".to_owned(),
        };
        writeln!(
            out,
            "{},{},{},{}",
            csv(&name),
            group.users,
            group.active,
            group.loans
        )?;
    }
    out.flush()?;
    Ok(())
}
