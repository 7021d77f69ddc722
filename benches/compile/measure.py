#!/usr/bin/env python3
"""What generated code costs to compile: ours beside progenitor's own output of the same documents, in one run.

  benches/compile/measure.py [--specs specs/trillium] [--repeat 3] [--kinds check,dev,release] [module ...]

Prints, for `cargo check`, dev and release builds, the user CPU seconds and the peak memory of the rustc that compiles the generated crate,
the fastest of the repetitions each; dev builds have full debug information, which is cargo's default. Dependencies are compiled before and
do not count. Ours is the whole of folio-sdk with its handwritten core; `core` is folio-sdk without any module, so that ours less core is what
generation adds. Without modules, all of the folder are measured; the last line tells what an operation costs.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

WRAPPER = """#!/usr/bin/env python3
import os, resource, subprocess, sys
before = resource.getrusage(resource.RUSAGE_CHILDREN)
code = subprocess.call(sys.argv[1:])
after = resource.getrusage(resource.RUSAGE_CHILDREN)
name = sys.argv[sys.argv.index("--crate-name") + 1] if "--crate-name" in sys.argv else ""
if name == os.environ["MEASURED"] and "--test" not in sys.argv:
    with open(os.environ["MEASURE_LOG"], "a") as log:
        log.write(f"{after.ru_utime - before.ru_utime} {after.ru_maxrss}\\n")
sys.exit(code)
"""

STOCK = """[package]
name = "stock"
version = "0.0.0"
edition = "2021"
[workspace]
[dependencies]
bytes = "1"
chrono = { version = "0.4", features = ["serde"] }
futures-core = "0.3"
progenitor-client = "0.15"
reqwest = { version = "0.13", default-features = false, features = ["json", "query", "stream"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
serde_urlencoded = "0.7"
uuid = { version = "1", features = ["serde", "v4"] }
regress = "0.12"
"""


def run(command, cwd, **environment):
    subprocess.run(command, cwd=cwd, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def measure(name, cwd, touch, commands, repeat, work, target):
    wrapper = work / "wrapper"
    wrapper.write_text(WRAPPER)
    wrapper.chmod(0o755)
    figures = {}
    for label, command in commands.items():
        log = work / "log"
        best = None
        for _ in range(repeat + 1):  # the first fills the dependencies
            log.unlink(missing_ok=True)
            touch.touch()
            run(
                command, cwd, CARGO_TARGET_DIR=str(target), RUSTC_WRAPPER=str(wrapper), MEASURED=name, MEASURE_LOG=str(log),
                CARGO_INCREMENTAL="0", CARGO_PROFILE_DEV_DEBUG="2",
            )
            seconds, peak = (float(part) for part in log.read_text().split("\n")[-2].split())
            best = min(best or (seconds, peak), (seconds, peak))
        figures[label] = best
        print(f"{name} {label}: {best[0]:.2f} s, {best[1] / 1024:.0f} MB", file=sys.stderr, flush=True)
    return figures


def kinds(wanted, extra):
    commands = {
        "check": ["cargo", "check", "--quiet", "--lib", *extra],
        "dev": ["cargo", "build", "--quiet", "--lib", *extra],
        "release": ["cargo", "build", "--quiet", "--lib", "--release", *extra],
    }
    return {kind: commands[kind] for kind in wanted}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--specs", default=str(ROOT / "specs/trillium"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--builder", action="store_true", help="measure progenitor's Builder output too")
    parser.add_argument("--kinds", default="check,dev,release", type=lambda text: text.split(","))
    parser.add_argument("modules", nargs="*", help="mod-users ...")
    args = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        table = {}
        styles = ["positional"] + (["builder"] if args.builder else [])
        operations = ""
        for style in styles:
            crate = work / style
            (crate / "src").mkdir(parents=True)
            (crate / "Cargo.toml").write_text(STOCK)
            operations = subprocess.check_output(
                ["cargo", "run", "--quiet", "-p", "folio-codegen", "--example", "progenitor_baseline", "--", args.specs, str(crate / "src"), style, *args.modules],
                cwd=ROOT, text=True,
            ).strip()
            table[f"progenitor {style}"] = measure("stock", crate, crate / "src/lib.rs", kinds(args.kinds, []), args.repeat, work, work / "target")
        known = json.loads((ROOT / "specs/features.json").read_text())["modules"]
        documents = [path.stem for path in pathlib.Path(args.specs).glob("*.json") if path.stem not in ("common", "release")]
        features = [known[module]["feature"] for module in args.modules or documents]
        # Documents of one's own are measured where they lie.
        os.environ["FOLIO_SPECS_DIR"] = str(pathlib.Path(args.specs).resolve())
        for label, names in (("core", []), ("ours", features)):
            extra = ["--no-default-features", "--features", ",".join(["rustls", *names])]
            table[label] = measure("folio_sdk", ROOT, ROOT / "src/lib.rs", kinds(args.kinds, extra), args.repeat, work, work / "target")
        print(f"{operations} of {len(features)} modules")
        print(f"{'':<24}" + "".join(f"{kind:>18}" for kind in args.kinds))
        for label, figures in table.items():
            print(f"{label:<24}" + "".join(f"{seconds:>9.2f} s{peak / 1024:>5.0f} MB" for seconds, peak in figures.values()))
        stock = table["progenitor positional"]
        for label, base in (("ours : positional", None), ("(ours-core) : pos.", table["core"])):
            cells = []
            for kind, (seconds, _) in table["ours"].items():
                less = base[kind][0] if base else 0
                cells.append(f"{(seconds - less) / stock[kind][0]:>18.2f}")
            print(f"{label:<24}" + "".join(cells))
        cells = [f"{1000 * seconds / int(operations.split()[0]):>15.2f} ms" for seconds, _ in table["ours"].values()]
        print(f"{'ours, an operation':<24}" + "".join(cells))
    finally:
        shutil.rmtree(work)


main()
