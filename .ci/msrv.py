#!/usr/bin/env python3
"""Checks the stated minimum supported Rust version as far as one toolchain can.

Every crate that the SDK and its tools need must state a version that is not newer than ours. (That our own code uses nothing newer of the
standard library is clippy's lint `incompatible_msrv`.) Where a toolchain of that version is installed, the SDK is compiled with it.
"""
import json
import subprocess
import sys


def version(text):
    return tuple(int(part) for part in (text.split("-")[0] + ".0.0").split(".")[:3])


def main():
    metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--locked"]))
    packages = {package["id"]: package for package in metadata["packages"]}
    ours = {packages[member]["rust_version"] for member in metadata["workspace_members"]}
    if len(ours) != 1 or None in ours:
        sys.exit(f"the crates of the workspace state different versions: {ours}")
    (stated,) = ours
    newer = sorted(
        f"{package['name']} {package['version']} needs Rust {package['rust_version']}"
        for package in packages.values()
        if package["rust_version"] and version(package["rust_version"]) > version(stated)
    )
    if newer:
        sys.exit(f"stated is Rust {stated}, but\n" + "\n".join(newer))
    print(f"Rust {stated}: none of {len(packages)} crates needs a newer one")
    installed = subprocess.run(["rustup", "toolchain", "list"], capture_output=True, text=True, check=False).stdout
    if any(line.startswith(f"{stated}.") or line.startswith(f"{stated}-") for line in installed.splitlines()):
        subprocess.run(["cargo", f"+{stated}", "check", "--workspace", "--locked"], check=True)
        print(f"compiled with Rust {stated}")
    else:
        print(f"not compiled with Rust {stated}: that toolchain is not installed")


main()
