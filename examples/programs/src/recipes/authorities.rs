//! Authority records that are found by their natural ids and given a source file.

use folio_sdk::entities_links::AuthorityDto;
use folio_sdk::{FolioClient, Id, cql};
use futures_util::TryStreamExt;

use crate::Outcome;

const AUTHORITIES: &str = "/authority-storage/authorities";

/// What became of the authorities.
#[derive(Debug, Default)]
pub struct Assigned {
    /// The natural ids of those that were changed.
    pub changed: Vec<String>,
    /// How many had the source file already.
    pub unchanged: usize,
    /// The natural ids that no authority has.
    pub missing: Vec<String>,
    /// The natural ids that several authorities have: which of them is meant is not known.
    pub ambiguous: Vec<String>,
}

/// Assigns a source file to the authorities of some natural ids (`n79021164`).
///
/// # Errors
/// There is no such source file, or the authorities cannot be read; then nothing is changed. Or one
/// cannot be written; those before it are changed then.
pub async fn assign_source_file(
    folio: &FolioClient,
    source_file: &str,
    natural_ids: Vec<String>,
) -> Outcome<Assigned> {
    let files = folio.entities_links().list_authority_source_files();
    let by_name = cql::field("name").eq(source_file);
    let files: Vec<_> = files.query(by_name).stream().try_collect().await?;
    let file = files.first().and_then(|file| file.id.clone());
    let file: Id = file.ok_or_else(|| format!("no source file is named {source_file:?}"))?;

    let mut result = Assigned::default();
    // By path: the list of the module has two forms, so that its records have no type.
    let mut list = folio.folio_get_by_values::<AuthorityDto>(
        AUTHORITIES,
        "authorities",
        "naturalId",
        natural_ids,
    );
    let mut found = Vec::new();
    while let Some(authority) = list.try_next().await? {
        found.push((authority.natural_id, authority.id.unwrap_or_default()));
    }
    result.missing = list.missing().to_vec();
    result.ambiguous = list.ambiguous().to_vec();
    found.retain(|(natural_id, _)| {
        let is_same = |other: &String| other.eq_ignore_ascii_case(natural_id);
        !result.ambiguous.iter().any(is_same)
    });
    for (natural_id, id) in found {
        let update = folio
            .update_at(
                format!("{AUTHORITIES}/{id}"),
                |authority: &mut AuthorityDto| {
                    authority.source_file_id = Some(file.clone());
                },
            )
            .await?;
        match update.written {
            true => result.changed.push(natural_id),
            false => result.unchanged += 1,
        }
    }
    Ok(result)
}
