//! The pages of the site (`docs/`): each is listed once, its code is compiled and run, and what it
//! says of servers was recorded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod site {
    mod blocks;
    mod getting_started;
    mod migration;
    mod pages;
    mod snippets;
}
