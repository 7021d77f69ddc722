#!/usr/bin/env python3
"""Checks the stated minimum supported Rust versions as far as one toolchain can.

  .ci/msrv.py [MANIFEST]      of the workspace with this manifest, by default that of the SDK

Every crate that a member of the workspace needs must state a version that is not newer than the member's. (That our own code uses nothing newer
of the standard library is clippy's lint `incompatible_msrv`.) Where a toolchain of that version is installed, the member is compiled with it.
"""
import json
import subprocess
import sys


def version(text):
    return tuple(int(part) for part in (text.split("-")[0] + ".0.0").split(".")[:3])


def needed(member, nodes):
    """The crates that a member needs, itself among them."""
    found, left = {member}, [member]
    while left:
        for dependency in nodes[left.pop()]["dependencies"]:
            if dependency not in found:
                found.add(dependency)
                left.append(dependency)
    return found


def main():
    manifest = sys.argv[1] if len(sys.argv) > 1 else "Cargo.toml"
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--manifest-path", manifest]
    metadata = json.loads(subprocess.check_output(command))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    stated = {}
    for member in metadata["workspace_members"]:
        own = packages[member]["rust_version"] or sys.exit(f"{packages[member]['name']} states no version")
        crates = [packages[crate] for crate in needed(member, nodes)]
        newer = sorted(
            f"{crate['name']} {crate['version']} needs Rust {crate['rust_version']}"
            for crate in crates
            if crate["rust_version"] and version(crate["rust_version"]) > version(own)
        )
        if newer:
            sys.exit(f"{packages[member]['name']} states Rust {own}, but\n" + "\n".join(newer))
        stated.setdefault(own, []).append((packages[member]["name"], len(crates)))
    installed = subprocess.run(["rustup", "toolchain", "list"], capture_output=True, text=True, check=False).stdout
    for own, members in sorted(stated.items()):
        most = max(count for _, count in members)
        print(f"Rust {own}: {len(members)} members, none of their crates (at most {most}) needs a newer one")
        if any(line.startswith(f"{own}.") or line.startswith(f"{own}-") for line in installed.splitlines()):
            names = [argument for name, _ in members for argument in ("-p", name)]
            subprocess.run(["cargo", f"+{own}", "check", "--locked", "--manifest-path", manifest, *names], check=True)
            print(f"compiled with Rust {own}")
        else:
            print(f"not compiled with Rust {own}: that toolchain is not installed")


main()
