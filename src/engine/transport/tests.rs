//! Unit tests.

use std::time::Duration;

use url::Url;

use super::gateway::base;
use super::*;
use crate::engine::memory::MemoryLimits;

#[test]
fn a_target_makes_the_url_that_it_reads_as() {
    let options = || Options {
        connect_timeout: Duration::from_secs(1),
        timeout: None,
        read_timeout: None,
        write_timeout: None,
        memory: MemoryLimits::default(),
        max_in_flight: 16,
        user_agent: "test".to_owned(),
        proxy: Default::default(),
        tls: Default::default(),
        service: None,
        layers: Vec::new(),
    };
    for root in ["http://h", "http://h/okapi", "http://[::1]:9130/a/b/"] {
        let gateway = Gateway::new(root, options()).unwrap();
        for target in [
            "/",
            "/users",
            "/users?",
            "/a%2Fb/c%20d?query=x==%22y%3F%22&limit=1",
            "/x/%C3%A9;v=1?a?b",
            "/x/a:b@c",
            "/x/'a'?q='b'",
            "/x/a b\"c?q={d}|e",
            "/x/.hidden/%2e?a",
            "/x/é?q=é",
        ] {
            let parsed = Url::parse(&gateway.url(target)).unwrap();
            let located = gateway.locate(target).map_err(|failure| failure.message);
            assert_eq!(
                located.unwrap().to_string(),
                parsed.as_str(),
                "{root} {target}"
            );
        }
    }
}

#[test]
fn a_gateway_may_have_a_path_and_a_slash() {
    assert_eq!(base("https://h/okapi/").unwrap(), "https://h/okapi");
    assert_eq!(
        base(" http://localhost:9130 ").unwrap(),
        "http://localhost:9130"
    );
    assert_eq!(base("https://h").unwrap(), "https://h");
}

#[test]
fn a_wrong_url_is_told_what_is_wrong_with_it() {
    let problems = [
        "",
        "folio.example.edu",
        "localhost:9130",
        "ftp://h",
        "https://",
        "https://h?x=1",
        "https://h#x",
        "https://u:secret@h",
        "http://[",
    ]
    .map(|url| (url, base(url).unwrap_err().to_string()));
    assert!(
        problems
            .iter()
            .all(|(_, problem)| !problem.contains("secret"))
    );
    insta::assert_debug_snapshot!(problems);
}
