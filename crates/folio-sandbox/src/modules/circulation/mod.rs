//! mod-circulation: its processing of the records of inventory, users, circulation and fees. Its
//! behaviour follows the recordings (`real-facts.md`, section 10), and otherwise its sources of the
//! same release (mod-circulation 24.2.7).

pub(crate) mod actions;
pub(crate) mod blocks;
pub(crate) mod calendar;
pub(crate) mod checkin;
pub(crate) mod checkout;
pub(crate) mod closed;
pub(crate) mod due;
pub(crate) mod fees;
pub(crate) mod items;
pub(crate) mod loan;
pub(crate) mod loans;
pub(crate) mod people;
pub(crate) mod policies;
pub(crate) mod queue;
pub(crate) mod renewal;
pub(crate) mod reports;
pub(crate) mod requests;
pub(crate) mod routes;
pub(crate) mod rules;
pub(crate) mod sessions;
pub(crate) mod slips;
