#!/usr/bin/env python3
"""What a user's builds cost, beside programs with other SDKs, in one run on an otherwise idle machine.

  .ci/package                                 # makes target/to-publish, the package as users get it
  benches/compile/clean_build.py [--repeat 1] [--only clean,incremental,full,doc] [--json FILE]

clean        `cargo build` of a program from nothing: user and system seconds of all processes, and the peak memory of the largest
incremental  the same program after one changed line, with incremental compilation: five operations of ours, five requests written by hand
full         `cargo check` of folio-sdk with all modules: per operation, and the peak memory
doc          `cargo doc` of folio-sdk with all modules: the peak memory

Sources are downloaded before; the comparison is with the newest versions of octocrab and async-stripe that cargo resolves.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "target/to-publish"
FEATURES = ["http2", "rustls", "users", "inventory-storage", "mod-circulation", "orders", "feesfines"]

TOKIO = 'tokio = { version = "1", features = ["macros", "rt-multi-thread"] }\n'

OURS = """
async fn calls() -> Result<(), Box<dyn std::error::Error>> {
    let folio = folio_sdk::FolioClient::from_env()?.connect().await?;
    println!("{}", folio.users().list_users().limit(5).await?.users.len());
    println!("{}", folio.inventory_storage().list_instances().limit(5).await?.instances.len());
    println!("{}", folio.circulation().list_loans().limit(5).await?.loans.len());
    println!("{}", folio.feesfines().list_accounts().limit(5).await?.accounts.len());
    println!("{}", folio.orders().list_composite_orders().limit(5).await?.purchase_orders.len());
    Ok(())
}
"""

BY_HAND = """
#[derive(serde::Deserialize)] struct User { id: String, username: Option<String> }
#[derive(serde::Deserialize)] struct Users { users: Vec<User> }
#[derive(serde::Deserialize)] struct Instance { id: String, title: String }
#[derive(serde::Deserialize)] struct Instances { instances: Vec<Instance> }
#[derive(serde::Deserialize)] struct Loan { id: String, status: Option<serde_json::Value> }
#[derive(serde::Deserialize)] struct Loans { loans: Vec<Loan> }
#[derive(serde::Deserialize)] struct Account { id: String, amount: f64 }
#[derive(serde::Deserialize)] struct Accounts { accounts: Vec<Account> }
#[derive(serde::Deserialize)] struct Order { id: String, #[serde(rename = "poNumber")] po_number: Option<String> }
#[derive(serde::Deserialize)] struct Orders { #[serde(rename = "purchaseOrders")] purchase_orders: Vec<Order> }

async fn get<T: serde::de::DeserializeOwned>(client: &reqwest::Client, path: &str) -> Result<T, reqwest::Error> {
    let request = client.get(format!("http://localhost:9130{path}?limit=5")).header("x-okapi-tenant", "diku");
    request.send().await?.error_for_status()?.json().await
}

async fn calls() -> Result<(), Box<dyn std::error::Error>> {
    let client = reqwest::Client::new();
    println!("{:?}", get::<Users>(&client, "/users").await?.users.iter().map(|user| (&user.id, &user.username)).collect::<Vec<_>>());
    println!("{:?}", get::<Instances>(&client, "/instance-storage/instances").await?.instances.iter().map(|it| (&it.id, &it.title)).collect::<Vec<_>>());
    println!("{:?}", get::<Loans>(&client, "/circulation/loans").await?.loans.iter().map(|it| (&it.id, &it.status)).collect::<Vec<_>>());
    println!("{:?}", get::<Accounts>(&client, "/accounts").await?.accounts.iter().map(|it| (&it.id, it.amount)).collect::<Vec<_>>());
    println!("{:?}", get::<Orders>(&client, "/orders/composite-orders").await?.purchase_orders.iter().map(|it| (&it.id, &it.po_number)).collect::<Vec<_>>());
    Ok(())
}
"""

BARE = 'async fn calls() -> Result<(), Box<dyn std::error::Error>> {\n    let value: serde_json::Value = reqwest::get("http://localhost:1/").await?.json().await?;\n    println!("{value}");\n    Ok(())\n}\n'
OCTOCRAB = 'async fn calls() -> Result<(), Box<dyn std::error::Error>> {\n    println!("{}", octocrab::instance().issues("a", "b").list().send().await?.items.len());\n    Ok(())\n}\n'
STRIPE = 'async fn calls() -> Result<(), Box<dyn std::error::Error>> {\n    let client = stripe::Client::new("key");\n    println!("{:?}", stripe_core::customer::ListCustomer::new().send(&client).await?.data.len());\n    Ok(())\n}\n'

REQWEST = 'reqwest = { version = "0.13", features = ["json"] }\nserde = { version = "1", features = ["derive"] }\nserde_json = "1"\n'


def ours(path):
    return f'folio-sdk = {{ path = "{path}", default-features = false, features = {json.dumps(FEATURES)} }}\n'


def from_git(work):
    """The package as a dependency from git: cargo compiles that as one from a registry. One from a path is compiled incrementally, into more and larger parts."""
    repository = work / "folio-sdk.git"
    shutil.copytree(PACKAGE, repository, ignore=shutil.ignore_patterns("target", ".git"))
    for command in (["init", "--quiet"], ["add", "--all", "--force"], ["-c", "user.name=benches", "-c", "user.email=", "commit", "--quiet", "-m", "package"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    return ours("").replace('path = ""', f'git = "file://{repository}"')


def programs():
    return {
        "bare reqwest": (REQWEST, BARE),
        "folio-sdk, the package, five modules": (ours(PACKAGE), OURS),
        "folio-sdk, the repository, five modules": (ours(ROOT), OURS),
        "octocrab": ('octocrab = "0.54"\n', OCTOCRAB),
        "async-stripe, two features": (
            'async-stripe = { version = "=1.0.0-rc.10", default-features = false, features = ["rustls-tls-native", "rustls-aws-lc-rs"] }\n'
            'async-stripe-core = { version = "=1.0.0-rc.10", features = ["customer", "charge"] }\n',
            STRIPE,
        ),
    }


def program(folder, name, dependencies, code):
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\n{TOKIO}{dependencies}'
    )
    (folder / "src/main.rs").write_text(
        "#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {\n    calls().await\n}\n" + code
    )
    subprocess.run(["cargo", "fetch", "--quiet"], cwd=folder, check=True)


def spent(command, cwd, **environment):
    """User and system seconds of the command with all its processes, and the peak memory of the largest, in MB."""
    # In a process of its own, as a peak is that of all children so far.
    code = (
        "import json, resource, subprocess, sys\n"
        "status = subprocess.call(sys.argv[1:])\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, status]))\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=cwd, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    seconds, peak, status = json.loads(output.strip().splitlines()[-1])
    if status:
        sys.exit(f"{' '.join(command)} failed in {cwd}")
    return seconds, peak


def incrementally(folder):
    return {"CARGO_INCREMENTAL": "1", "CARGO_TARGET_DIR": str(folder / "target")}


def row(table, label, seconds, peak):
    table[label] = {"cpu_seconds": round(seconds, 2), "peak_mb": round(peak)}
    print(f"{label:<60}{seconds:>9.2f} s{peak:>8.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", default="clean,incremental,full,doc", type=lambda text: text.split(","))
    parser.add_argument("--programs", default="", help="of the clean builds: only those whose name has this text")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    if not PACKAGE.is_dir():
        sys.exit(f"{PACKAGE} is missing: run .ci/package first")
    work = pathlib.Path(tempfile.mkdtemp())
    table = {}
    try:
        if "clean" in args.only:
            for number, (label, (dependencies, code)) in enumerate(programs().items()):
                if args.programs not in label:
                    continue
                folder = work / f"clean{number}"
                program(folder, f"clean{number}", dependencies, code)
                figures = []
                for _ in range(args.repeat):
                    shutil.rmtree(folder / "target", ignore_errors=True)
                    figures.append(spent(["cargo", "build", "--quiet", "--offline"], folder, CARGO_INCREMENTAL="0", CARGO_TARGET_DIR=str(folder / "target")))
                row(table, f"clean: {label}", *min(figures))
                shutil.rmtree(folder / "target")
        if "incremental" in args.only:
            command = ["cargo", "build", "--quiet", "--offline"]
            folders, changed = {}, collections.defaultdict(list)
            for label, dependencies, code in [("by hand, five requests", REQWEST, BY_HAND), ("folio-sdk, five operations", from_git(work), OURS)]:
                folder = folders[label] = work / label.split(",")[0].replace(" ", "-")
                program(folder, folder.name, dependencies, code)
                spent(command, folder, **incrementally(folder))
            # In turns, as the speed of the machine changes.
            for limit in range(6, 18):
                for label, folder in folders.items():
                    main_rs = folder / "src/main.rs"
                    main_rs.write_text(main_rs.read_text().replace(f"limit({limit - 1})", f"limit({limit})", 1).replace(f"limit={limit - 1}", f"limit={limit}", 1))
                    changed[label].append(spent(command, folder, **incrementally(folder)))
            for label, folder in folders.items():
                row(table, f"one changed line: {label}", *min(changed[label]))
                shutil.rmtree(folder / "target")
        operations = 0
        if "full" in args.only or "doc" in args.only:
            for path in (ROOT / "specs/trillium").glob("*.json"):
                for methods in json.loads(path.read_text()).get("paths", {}).values():
                    operations += sum(1 for method in methods if method in ("get", "put", "post", "patch", "delete", "head", "options"))
        for kind, command in (("full", "check"), ("doc", "doc")):
            if kind not in args.only:
                continue
            target = work / kind
            extra = ["--no-default-features", "--features", "rustls,full"]
            arguments = ["cargo", command, "--quiet", "--offline", "-p", "folio-sdk", "--lib", *extra]
            environment = {"CARGO_INCREMENTAL": "0", "CARGO_TARGET_DIR": str(target)}
            if kind == "doc":
                arguments.append("--no-deps")
            else:
                # What remains is folio-sdk alone, whose dependencies are built.
                spent(arguments, PACKAGE, **environment)
                (PACKAGE / "src/lib.rs").touch()
            seconds, peak = spent(arguments, PACKAGE, **environment)
            row(table, f"{kind}: cargo {command}, {operations} operations, {1000 * seconds / operations:.2f} ms for one", seconds, peak)
            shutil.rmtree(target)
        if args.json:
            args.json.write_text(json.dumps(table, indent=1) + "\n")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
