//! Unit tests.

use http::Method;

use super::target::{is_plain, problem_of};
use super::*;
use crate::wire::operation::Deletes;

#[test]
fn a_plain_path_is_one_that_needs_no_second_look() {
    for plain in [
        "/users",
        "/users/0a246f61-d85f-42b6-8dcc-48d25a46690b",
        "/a/B_9/-",
    ] {
        assert!(is_plain(plain), "{plain}");
        assert_eq!(Request::to(Method::DELETE, plain).target(), plain);
        assert_eq!(problem_of(&Method::DELETE, plain), None);
    }
    for other in [
        "",
        "/",
        "users",
        "/users/",
        "//users",
        "/users//x",
        "/users/..",
        "/users/.",
        "/a%2Fb",
        "/a b",
        "/é",
        "/a?b",
        "/a:b",
    ] {
        assert!(!is_plain(other), "{other}");
    }
}

#[test]
fn a_call_by_path_has_the_facts_of_where_it_goes() {
    let list = Request::to(Method::GET, "/users");
    assert_eq!(list.facts().deletes, Deletes::Unknown);
    let delete = list.clone().with_method(Method::DELETE);
    assert_eq!(delete.facts().deletes, Deletes::Matching);
    assert_eq!(delete.under("/5").facts().deletes, Deletes::Record);
}

#[test]
fn what_holds_secrets_is_a_fact_of_the_described_operation() {
    for sensitive in [
        "/authn/login",
        "/authn/login-with-expiry",
        "/authn/credentials",
        "/bl-users/login",
        "/authn/update",
    ] {
        assert!(
            Request::to(Method::POST, sensitive).is_sensitive(),
            "{sensitive}"
        );
    }
    for other in ["/", "/users", "/x-login", "/groups", "/password"] {
        assert!(!Request::to(Method::GET, other).is_sensitive(), "{other}");
    }
}
