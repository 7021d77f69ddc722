//! Deleting many records at once: only if it is said twice.

/// Confirms that records are deleted by a query, and how many are meant. `DELETE` of a collection takes a query, and whoever gets it wrong
/// deletes everything; so nothing is sent without this value, nor with an empty query.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// use folio_sdk::{Deletion, Method, cql};
///
/// let expired = cql::field("status").exact("Closed - Cancelled");
/// folio.request(Method::DELETE, "/request-storage/requests").query(expired).confirm(Deletion::Matching).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deletion {
    /// The records that the query describes. One that describes all (`cql.allRecords=1`, also as a part of another) is refused.
    Matching,
    /// All records, if the query says so.
    All,
}

/// What is wrong with a deletion by query, if anything.
pub(crate) fn problem(deletion: Option<Deletion>, query: Option<&str>) -> Option<&'static str> {
    let Some(query) = query.filter(|query| !query.trim().is_empty()) else {
        return Some(
            "the records to delete are not said: the query is missing or empty; for all of them it is `cql::all()`, with `Deletion::All`",
        );
    };
    match deletion {
        None => Some(
            "deleting by query needs a confirmation: call `confirm(Deletion::Matching)`, or `Deletion::All` if the query means all records",
        ),
        Some(Deletion::Matching) if means_all(query) => Some(
            "the query means all records, and only those that match were to be deleted: if all are meant, confirm `Deletion::All`",
        ),
        Some(_) => None,
    }
}

/// Whether a query speaks of all records, or of those that have an id: everybody has one.
fn means_all(query: &str) -> bool {
    let text: String = query
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '"'))
        .collect::<String>()
        .to_ascii_lowercase();
    let condition = text
        .split_once("sortby")
        .map_or(&*text, |(before, _)| before);
    condition.contains("cql.allrecords")
        || matches!(condition, "id=" | "id=*" | "id==*" | "id<>" | "id==")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_means_all_is_known_however_it_is_written() {
        for query in [
            "cql.allRecords=1",
            " ( cql.allrecords = \"1\" ) sortBy title",
            "title==\"a\" or cql.allRecords=1",
            "id=*",
            "id=\"\"",
            "(id == \"*\")",
        ] {
            assert!(means_all(query), "{query}");
            assert!(problem(Some(Deletion::Matching), Some(query)).is_some());
            assert_eq!(problem(Some(Deletion::All), Some(query)), None);
        }
        for query in ["id==\"1*\"", "title=\"*\" and source==\"MARC\""] {
            assert!(!means_all(query), "{query}");
        }
    }
}
