#!/usr/bin/env python3
"""Runs the page "Getting started" as a reader does: its commands, in order, in an empty directory next to the checkout, with the program that it
shows. `site_commands.py docs/getting-started.md`

The first block of shell commands runs in the background (the sandbox), all others in one shell. A free port takes the place of 9130.
The versions of dependencies are those of the checkout (Cargo.lock), so that what is compiled is reused.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
page = (ROOT / sys.argv[1]).read_text()
with socket.socket() as it:
    it.bind(("127.0.0.1", 0))
    port = str(it.getsockname()[1])

shell = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
program = re.findall(r"^```rust\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
printed = re.findall(r"^```text\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
assert len(shell) == 3 and len(program) == 1 and len(printed) == 1, (len(shell), len(program), len(printed))
start, create, run = shell
assert "9130" in printed[0] and "9130" in run

target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
environment = {**os.environ, "CARGO_TARGET_DIR": target, "CARGO_TERM_COLOR": "never"}
for name in ("FOLIO_URL", "FOLIO_TENANT", "FOLIO_USERNAME", "FOLIO_PASSWORD"):
    environment.pop(name, None)

with tempfile.TemporaryDirectory() as folder:
    # The page says "next to the checkout": `../folio-sdk` from the new package.
    os.symlink(ROOT, Path(folder) / "folio-sdk")
    log = Path(folder) / "sandbox.log"
    with open(log, "w") as out:
        command = start.strip() + f" --port {port}"
        sandbox = subprocess.Popen(["bash", "-euc", command], cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        settings = printed[0].replace("9130", port)
        for _ in range(6000):
            if settings in log.read_text():
                break
            if sandbox.poll() is not None:
                sys.exit(f"`{command}` ended:\n{log.read_text()}")
            time.sleep(0.1)
        else:
            sys.exit(f"`{command}` does not print\n{settings}\nbut\n{log.read_text()}")
        done = subprocess.run(["bash", "-euxc", create], cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"the package cannot be created:\n{done.stdout}{done.stderr}")
        package = Path(folder) / "first-program"
        (package / "src" / "main.rs").write_text(program[0])
        shutil.copy(ROOT / "Cargo.lock", package)
        for turn in ("first", "second"):
            done = subprocess.run(["bash", "-euc", run.replace("9130", port)], cwd=package, env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"the {turn} run failed:\n{done.stdout}{done.stderr}")
            print(f"{turn} run: {done.stdout.strip()}")
            if done.stdout.count("seen by the first program") != 1:
                sys.exit("the note is missing, or there twice")
        if "warning" in done.stderr:
            sys.exit(done.stderr)
    finally:
        os.killpg(sandbox.pid, signal.SIGTERM)
        sandbox.wait()
        # What the new package left among the artifacts of the checkout.
        for path in Path(target, "debug").glob("first-program*"):
            path.unlink()
