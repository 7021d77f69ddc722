//! The pages of `folio_sdk::guide` name each other by reference links, which the module leads to.

use folio_test_support::files::root;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn each_link_between_pages_leads_somewhere_in_the_documentation() {
    let guide = read("src/guide.rs");
    let pages: Vec<&str> = guide
        .lines()
        .filter_map(|line| line.split_once(" = \"")?.1.strip_suffix("\";"))
        .filter(|page| page.ends_with(".md"))
        .collect();
    assert!(pages.len() >= 8, "{pages:?}");
    let mut wrong = Vec::new();
    let mut links = 0;
    for page in pages {
        for line in read(&format!("docs/{page}")).lines() {
            // A relative link in brackets leads to a page that documentation does not have.
            for target in line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next())
            {
                if !target.starts_with('#') && !target.starts_with("http") && target.contains(".md")
                {
                    wrong.push(format!("{page}: ]({target}) is no reference link"));
                }
            }
            let Some(label) = line
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("]: "))
            else {
                continue;
            };
            if label.1.starts_with("http") || label.1.starts_with('#') {
                continue;
            }
            links += 1;
            if !guide.contains(&format!("\"[{}]: crate::", label.0)) {
                wrong.push(format!("{page}: [{}] is not in src/guide.rs", label.0));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(links > 10);
}
