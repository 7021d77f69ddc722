//! A release from git: small repositories, created here, are fetched like those of FOLIO.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::RAML;

/// A folder of repositories, and one to import into.
struct Platform {
    folder: TempDir,
}

impl Platform {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn git(&self, repository: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.path(&format!("git/{repository}")))
            .args(["-c", "user.name=test", "-c", "user.email=test@example.org"])
            .args([
                "-c",
                "protocol.file.allow=always",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, repository: &str, files: &[(&str, &str)], tag: &str) {
        for (name, text) in files {
            self.write(&format!("git/{repository}/{name}"), text);
        }
        if !self.path(&format!("git/{repository}/.git")).exists() {
            self.git(repository, &["init", "--quiet"]);
        }
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        self.git(repository, &[&["add", "--"], &names[..]].concat());
        self.git(repository, &["commit", "--quiet", "--message", "x"]);
        self.git(repository, &["tag", "--annotate", "--message", tag, tag]);
    }

    /// Records a submodule as a commit of another repository, with whatever URL.
    fn submodule(&self, repository: &str, path: &str, url: &str, commit: &str) {
        let file = self.path(&format!("git/{repository}/.gitmodules"));
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        let text = format!("{before}[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n");
        std::fs::write(&file, text).unwrap();
        let cache = format!("160000,{commit},{path}");
        self.git(
            repository,
            &["update-index", "--add", "--cacheinfo", &cache],
        );
        self.git(repository, &["add", ".gitmodules"]);
    }

    fn import(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_folio-spec"))
            .args(["import", "--release", "next", "--specs"])
            .arg(self.path("specs"))
            .arg("--git-base")
            .arg(self.path("git"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// What a command said, without the folder it ran in, hashes and times.
    fn told(&self, output: &Output) -> String {
        let text = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        let text = text.replace(
            &self
                .folder
                .path()
                .canonicalize()
                .unwrap()
                .display()
                .to_string(),
            "…",
        );
        let text = text.replace(&self.folder.path().display().to_string(), "…");
        let words = text.split_inclusive([' ', '\n', ';', ':']).map(|word| {
            let plain = word.trim_end_matches([' ', '\n', ';', ':']);
            if plain.len() == 40 && plain.chars().all(|c| c.is_ascii_hexdigit()) {
                word.replace(plain, "<commit>")
            } else {
                word.to_owned()
            }
        });
        let text: String = words.collect();
        match text.rsplit_once(" in ") {
            Some((before, _)) if output.status.code() != Some(1) => before.to_owned(),
            _ => text,
        }
    }

    fn document(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.path(&format!("specs/next/{name}"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Three repositories: a module of RAML with a submodule that has one itself, one of OpenAPI
    /// with a base path, one of a descriptor only.
    fn new() -> Self {
        let platform = Self {
            folder: TempDir::new().unwrap(),
        };
        platform.write("specs/selection.toml", "libraries = [\"folio-tags\"]\n");
        platform.commit(
            "inner",
            &[("author.json", include_str!("releases/author.json"))],
            "v1.0.0",
        );
        let inner = platform.git("inner", &["rev-parse", "HEAD"]);
        // What was published since is not what the modules have recorded.
        platform.commit(
            "inner",
            &[("author.json", "{\"type\": \"array\"}")],
            "v2.0.0",
        );
        platform.commit(
            "raml",
            &[
                ("README.md", "An example follows."),
                (
                    "ramls/example.raml",
                    "#%RAML 1.0\ntitle: no API\n/example:\n  get:\n",
                ),
            ],
            "v1.0.0",
        );
        platform.submodule(
            "raml",
            "inner",
            "https://git.example.org/folio-org/inner.git",
            &inner,
        );
        platform.commit("raml", &[("more.txt", "x")], "v1.1.0");
        let raml = platform.git("raml", &["rev-parse", "HEAD"]);

        let mut files: Vec<(&str, &str)> = RAML
            .iter()
            .filter(|(name, _)| *name != "ModuleDescriptor.json")
            .copied()
            .collect();
        let book = include_str!("releases/book.json")
            .replace("../common/author.json", "raml-util/inner/author.json");
        files.push(("ramls/book.json", &book));
        let descriptor = include_str!("releases/descriptor.json").replacen(
            '{',
            "{\"id\": \"${artifactId}-${version}\",",
            1,
        );
        files.push(("descriptors/ModuleDescriptor-template.json", &descriptor));
        files.push((
            "src/test/resources/other.raml",
            "#%RAML 1.0\ntitle: test\n/test:\n  get:\n",
        ));
        platform.commit("mod-books", &files, "v1.2.0");
        platform.submodule("mod-books", "ramls/raml-util", "../raml", &raml);
        platform.commit("mod-books", &[("NEWS.md", "1.2.3")], "v1.2.3");
        platform.commit(
            "mod-books",
            &[
                ("NEWS.md", "2.0.0"),
                ("ramls/books.raml", "#%RAML 1.0\ntitle: later\n"),
            ],
            "v2.0.0",
        );

        platform.commit("folio-tags", &[("src/main/resources/swagger.api/tags.yaml", "openapi: 3.0.0\npaths:\n  /things/tags:\n    get: {responses: {'200': {content: {application/json: {schema: {type: object, properties: {tags: {type: array, items: {type: string}}}}}}}}}\n")], "v0.9.0");
        platform.commit(
            "mod-things",
            &[
                ("src/main/resources/swagger.api/things.yaml", "openapi: 3.0.0\nservers: [{url: 'https://folio.example.org/things'}]\npaths:\n  /{id}:\n    get: {responses: {'200': {content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}}}}\n"),
                ("service/src/main/okapi/ModuleDescriptor-template.json", "{\"id\": \"@artifactId@-@version@\", \"provides\": [{\"id\": \"things\", \"version\": \"${thingsVersion}\", \"handlers\": [{\"methods\": [\"GET\"], \"pathPattern\": \"/things/{thingId}\"}, {\"methods\": [\"GET\"], \"pathPattern\": \"/things/tags\"}]}]}"),
                ("service/gradle.properties", "appName=mod-things\nthingsVersion = 1.7\n"),
                ("pom.xml", "<project><properties><tags.version>0.9.0</tags.version></properties><dependencies><dependency><groupId>org.folio</groupId><artifactId>folio-tags</artifactId><version>${tags.version}</version></dependency></dependencies></project>"),
            ],
            "v3.1.0",
        );
        platform.commit("edge-notes", &[("src/main/resources/openapi/notes.json", "{\"openapi\": \"3.0.0\", \"servers\": [{\"url\": \"/notes\"}], \"paths\": {\"/notes/{id}\": {\"get\": {\"responses\": {\"204\": {\"description\": \"x\"}}}}}}")], "v1.0.0");
        platform
    }
}

#[test]
fn a_release_is_fetched_from_git_by_its_install_json() {
    let platform = Platform::new();
    platform.write(
        "install.json",
        r#"[{"id": "mod-books-1.2.3", "action": "enable"}, {"id": "mod-things-3.1.4", "action": "enable"}, {"id": "edge-notes-1.0.0", "action": "enable"},
            {"id": "mod-gone-1.0.0", "action": "enable"}, {"id": "folio_users-9.0.1", "action": "enable"}]"#,
    );
    let output = platform.import(&["--install-json", "install.json", "--keep", "kept"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_snapshot!("fetched", platform.told(&output));

    let books = platform.document("mod-books.json");
    // The author comes from the submodule of the submodule, at the commit that was recorded.
    assert_eq!(books["components"]["schemas"]["Author"]["type"], "object");
    assert!(books["paths"].get("/example").is_none() && books["paths"].get("/test").is_none());
    assert_eq!(
        books["paths"]["/book-storage/books"]["get"]["x-folio"]["paging"]["key"],
        "id"
    );
    let things = platform.document("mod-things.json");
    assert_eq!(
        things["paths"]["/things/{id}"]["get"]["x-folio"]["interface"],
        "things 1.7"
    );
    assert_eq!(
        things["paths"]["/things/tags"]["get"]["x-folio"]["source"],
        "external/folio-tags/src/main/resources/swagger.api/tags.yaml"
    );
    assert!(
        platform.document("edge-notes.json")["paths"]
            .get("/notes/{id}")
            .is_some()
    );
    let release = platform.document("release.json");
    assert_eq!(release["modules"]["mod-things"]["version"], "3.1.4");
    assert_eq!(release["modules"]["mod-things"]["tag"], "v3.1.0");
    let commit = platform.git("mod-books", &["rev-parse", "v1.2.3^{commit}"]);
    assert_eq!(release["modules"]["mod-books"]["commit"], *commit);

    // What was kept is a folder of sources, and gives the same.
    let before = crate::support::bytes(&platform.path("specs/next"));
    let again = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_folio-spec"))
            .args([
                "import",
                "--release",
                "next",
                "--from",
                "kept",
                "--specs",
                "specs",
            ])
            .args(arguments)
            .current_dir(platform.folder.path())
            .output()
            .unwrap()
    };
    let output = again(&[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(before, crate::support::bytes(&platform.path("specs/next")));
    // What is not there is an error, if the import is to be strict.
    let strict = again(&["--strict"]);
    assert_eq!(strict.status.code(), Some(1), "{strict:?}");
    assert!(String::from_utf8_lossy(&strict.stderr).contains("mod-gone"));
    let kinds: Vec<&str> = release["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["omitted", "substituted"]);
}

#[test]
fn a_release_is_fetched_from_git_by_its_platform_descriptor() {
    let platform = Platform::new();
    platform.write(
        "platform/platform-descriptor.json",
        r#"{"name": "platform", "version": "R1-2027", "eureka-components": [{"name": "mgr-tenants", "version": "1.0.0"}, {"name": "kong", "version": "3"}],
            "applications": {"required": [{"name": "app-books", "version": "1.0.0"}, {"name": "app-gone", "version": "1.0.0"}],
                             "optional": [{"name": "app-things", "version": "2.0.1"}]}}"#,
    );
    platform.write(
        "platform/app-books.json",
        r#"{"id": "app-books-1.0.0", "name": "app-books", "version": "1.0.0", "modules": [{"id": "mod-books-1.2.3", "name": "mod-books", "version": "1.2.3"}], "uiModules": [{"name": "folio_books", "version": "1.0.0"}]}"#,
    );
    platform.write(
        "apps/things.json",
        r#"{"name": "app-things", "version": "2.0.0", "modules": [{"id": "mod-things-3.1.0"}]}"#,
    );
    let output = platform.import(&[
        "--platform-descriptor",
        "platform/platform-descriptor.json",
        "--application-descriptor",
        "apps",
        "--out",
        "specs/next",
    ]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_snapshot!("fetched_by_platform", platform.told(&output));
}

#[test]
fn a_submodule_whose_commit_is_gone_is_replaced_by_the_newest() {
    let platform = Platform::new();
    platform.commit("raml", &[("more.txt", "y")], "v1.2.0");
    platform.submodule(
        "mod-things",
        "lost",
        "git@git.example.org:folio-org/raml.git",
        &"1".repeat(40),
    );
    platform.submodule(
        "mod-things",
        "nowhere",
        "https://git.example.org/folio-org/nowhere.git",
        &"1".repeat(40),
    );
    platform.commit("mod-things", &[("x", "x")], "v3.2.0");
    platform.write("install.json", r#"[{"id": "mod-things-3.2.0"}]"#);
    let output = platform.import(&["--install-json", "install.json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_snapshot!("fetched_without_submodules", platform.told(&output));
}

#[test]
fn a_repository_of_this_machine_that_the_command_does_not_name_is_not_fetched() {
    let platform = Platform::new();
    std::fs::create_dir_all(platform.path("git/private")).unwrap();
    platform.commit("private", &[("secret.json", "{\"secret\": 1}")], "v1.0.0");
    std::fs::rename(platform.path("git/private"), platform.path("private")).unwrap();
    let head = std::fs::read_to_string(platform.path("private/.git/refs/heads/main")).unwrap();
    let absolute = platform.path("private").display().to_string();
    for (index, url) in [
        absolute.clone(),
        format!("file://{absolute}"),
        "../../private".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        platform.submodule("mod-things", &format!("lost{index}"), url, head.trim());
    }
    platform.commit("mod-things", &[("x", "x")], "v3.2.0");
    platform.write("install.json", r#"[{"id": "mod-things-3.2.0"}]"#);
    let output = platform.import(&["--install-json", "install.json", "--keep", "kept"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    for index in 0..3 {
        let folder = platform.path(&format!("kept/mod-things/lost{index}"));
        assert!(!folder.join("secret.json").exists());
    }
    let told = platform.told(&output);
    assert_eq!(told.matches("the submodule lost").count(), 3, "{told}");
}

#[test]
fn what_cannot_be_fetched_is_told_and_nothing_is_written() {
    let platform = Platform::new();
    let mut told = String::new();
    for (name, text) in [
        ("broken", "[{"),
        ("no list", "{}"),
        ("no version", "[{\"id\": \"mod-books\"}]"),
        ("no module is there", "[{\"id\": \"mod-none-1.0.0\"}]"),
        ("a name that is a path", "[{\"id\": \"mod-../x-1.0.0\"}]"),
    ] {
        platform.write("install.json", text);
        let output = platform.import(&["--install-json", "install.json"]);
        assert!(!output.status.success());
        told += &format!("{name}: {}", platform.told(&output));
    }
    for text in [
        "[]",
        "{\"applications\": {\"required\": [{\"name\": \"app-x\", \"version\": \"1.0.0\"}]}}",
    ] {
        platform.write("platform.json", text);
        let output = platform.import(&["--platform-descriptor", "platform.json"]);
        assert!(!output.status.success());
        told += &platform.told(&output);
    }
    platform.write("install.json", r#"[{"id": "mod-things-3.1.0"}]"#);
    let output = Command::new(env!("CARGO_BIN_EXE_folio-spec"))
        .args([
            "import",
            "--release",
            "next",
            "--install-json",
            "install.json",
            "--specs",
            "specs",
        ])
        .current_dir(platform.folder.path())
        .env("PATH", Path::new("nowhere"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    told += &platform.told(&output);
    assert!(!platform.path("specs/next").exists());
    assert_snapshot!("fetched_nothing", told);
}

/// The checklist of `docs/regenerate.md`, with a release that there is not: each of its commands,
/// and what each tells.
#[test]
fn an_invented_release_is_imported_by_the_checklist() {
    let platform = Platform::new();
    // An older release has a module that the new one lacks.
    platform.write("specs/features.toml", "releases = [\"last\"]\n");
    platform.write(
        "specs/last/release.json",
        r#"{"release": "last", "modules": {"mod-oa": {"version": "1.0.0"}}}"#,
    );
    platform.write("specs/last/mod-oa.json", r#"{"openapi": "3.0.3", "info": {"title": "mod-oa", "version": "1.0.0"}, "paths": {}, "components": {"schemas": {}}, "x-folio": {"release": "last", "module": "mod-oa", "interfaces": {}}}"#);
    // Okapi describes itself by RAML and has descriptors of modules that its tests start.
    let descriptor = r#"{"id": "${artifactId}-${version}", "provides": [{"id": "auth", "version": "1.0", "handlers": [{"methods": ["GET"], "pathPattern": "/authn/token"}]}]}"#;
    let raml = "#%RAML 1.0\ntitle: okapi\n/_/proxy/modules:\n  get:\n    responses:\n      200:\n";
    platform.commit(
        "okapi",
        &[
            ("okapi-core/src/main/raml/okapi.raml", raml),
            (
                "okapi-test-auth-module/descriptors/ModuleDescriptor-template.json",
                descriptor,
            ),
        ],
        "v7.0.0",
    );
    // A file of submodules in which there are none.
    platform.commit(
        "mod-empty",
        &[
            (".gitmodules", ""),
            (
                "api/x.yaml",
                "openapi: 3.0.0\npaths:\n  /x:\n    get: {responses: {'204': {description: x}}}\n",
            ),
        ],
        "v1.0.0",
    );
    platform.write(
        "install.json",
        r#"[{"id": "okapi-7.0.0"}, {"id": "mod-empty-1.0.0"}, {"id": "mgr-unnumbered"}, {"id": "okapi"}]"#,
    );
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_folio-spec"))
            .args(arguments)
            .current_dir(platform.folder.path())
            .output()
            .unwrap()
    };

    let output = platform.import(&["--install-json", "install.json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = platform.told(&output);
    assert!(
        platform.document("okapi.json")["paths"]
            .get("/_/proxy/modules")
            .is_some(),
        "{told}"
    );
    assert!(
        platform.document("mod-empty.json")["paths"]
            .get("/x")
            .is_some(),
        "{told}"
    );
    for line in [
        "omitted      mgr-unnumbered: has no version",
        "omitted      okapi: has no version",
        "gone         mod-oa: last has it",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let kinds: Vec<String> = platform.document("release.json")["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| {
            format!(
                "{} {}",
                note["kind"].as_str().unwrap(),
                note["module"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        kinds,
        ["omitted mgr-unnumbered", "omitted okapi", "gone mod-oa"]
    );

    for arguments in [
        ["check", "next"],
        ["check", "specs/next"],
        ["check", "--release=next"],
    ] {
        let output = run(&arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    for (old, new) in [
        ("last", "next"),
        ("specs/last", "next"),
        ("last", "./specs/next"),
    ] {
        let output = run(&["diff", old, new]);
        assert!(output.status.success(), "{old} {new}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("mod-oa"));
    }

    // The new folder has to be named: nobody can tell where it stands among the others.
    platform.write(
        "Cargo.toml",
        "[features]\n# Written by `folio-spec features`, from here\n# to here.\n",
    );
    platform.write("docs/modules.md", "");
    let output = run(&["features"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("does not name next"),
        "{output:?}"
    );
    platform.write("specs/features.toml", "releases = [\"last\", \"next\"]\n");
    assert!(run(&["features"]).status.success());
    assert!(run(&["features", "--check"]).status.success());
    let manifest = std::fs::read_to_string(platform.path("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("okapi = []") && manifest.contains("last = []"),
        "{manifest}"
    );
}
