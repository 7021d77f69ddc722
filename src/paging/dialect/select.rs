//! The dialect of each paging style.

use super::browse::BrowseList;
use super::cql::CqlList;
use super::definition::Dialect;
use super::erm::ErmList;
use super::offset::OffsetList;
use super::retrieve::RetrieveList;
use super::search::SearchList;
use super::stream::JsonStreamList;
use super::whole::WholeList;
use crate::wire::paging::PagingStyle;

/// The dialect of a style.
pub(crate) fn of(style: PagingStyle) -> &'static dyn Dialect {
    match style {
        PagingStyle::Cql => &CqlList,
        PagingStyle::Offset => &OffsetList,
        PagingStyle::Erm => &ErmList,
        PagingStyle::Search => &SearchList,
        PagingStyle::Browse => &BrowseList,
        PagingStyle::Retrieve => &RetrieveList,
        PagingStyle::Stream => &JsonStreamList,
        PagingStyle::Whole => &WholeList,
    }
}
