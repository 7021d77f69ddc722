//! Records by OAI-PMH, page by page.

use folio_sdk::FolioClient;

use crate::Outcome;

/// The headers of all records that changed since a date, each as identifier and whether the record
/// was deleted.
///
/// # Errors
/// A request failed, or the repository reports an error of the protocol.
pub async fn changed_since(folio: &FolioClient, date: &str) -> Outcome<Vec<(String, bool)>> {
    let mut records = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = folio
            .oai_pmh()
            .get_records("marc21_withholdings", "ListRecords");
        // A token stands for all other parameters.
        let page = match &token {
            Some(token) => call.resumption_token(token).send().await?,
            None => call.from(date).send().await?,
        };
        let page = roxmltree::Document::parse(&page)?;
        let elements = |name: &'static str| {
            page.descendants()
                .filter(move |node| node.tag_name().name() == name)
        };
        if let Some(error) = elements("error").next() {
            return match error.attribute("code") {
                // An empty list is an error of the protocol.
                Some("noRecordsMatch") => Ok(records),
                code => Err(format!(
                    "{}: {}",
                    code.unwrap_or_default(),
                    error.text().unwrap_or_default()
                )
                .into()),
            };
        }
        for header in elements("header") {
            let identifier = header
                .children()
                .find(|node| node.tag_name().name() == "identifier");
            let identifier = identifier.and_then(|node| node.text()).unwrap_or_default();
            let is_deleted = header.attribute("status") == Some("deleted");
            records.push((identifier.to_owned(), is_deleted));
        }
        // The last page has an empty token, or none.
        let next = elements("resumptionToken").next();
        token = next
            .and_then(|node| node.text())
            .map(|text| text.trim().to_owned());
        if token.as_deref().is_none_or(str::is_empty) {
            return Ok(records);
        }
    }
}
