#!/usr/bin/env python3
"""Runs the Python functions of the page about the migration with FolioClient, against `folio-sandbox --demo`, and compares their results with
those of the Rust functions: tests/site/migration.rs writes the same results, in the same order.

    site_python.py FOLIO-SANDBOX docs/migration.md tests/site/migration.json
"""

import asyncio
import contextlib
import io
import json
import logging
import re
import socket
import subprocess
import sys
import time
import types
import urllib.request

binary, page, expected = sys.argv[1:]
TENANT, USER, PASSWORD = "diku", "diku_admin", "admin"


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def functions():
    """All Python blocks of the page, as one module."""
    blocks = re.findall(r"^```python\n(.*?)^```", open(page).read(), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 20, len(blocks)
    module = types.ModuleType("migration")
    exec(compile("\n\n".join(blocks), page, "exec"), module.__dict__)
    return module


def run(url, m):
    login = (url, TENANT, USER, PASSWORD)
    results = {"groups": sorted(group["group"] for group in m.groups(*login))}
    with m.FolioClient(*login) as folio:
        one = lambda path, key, query: folio.folio_get(path, key, query)[0]
        count_groups = lambda: len(list(folio.folio_get_all("/groups", "usergroups")))
        results["first_users"] = len(m.first_users(folio))
        user = one("/users", "users", 'username=="akesson01"')
        item = one("/item-storage/items", "items", 'barcode=="0004000000"')
        results["user"] = m.user(folio, user["id"])["barcode"]
        results["usernames"] = len(m.usernames(folio))
        loan = {"userId": user["id"], "itemId": item["id"], "loanDate": "2026-01-02T10:00:00.000Z", "action": "checkedout", "status": {"name": "Open"}}
        folio.folio_post("/loan-storage/loans", loan)
        results["open_loans"] = m.open_loans(folio)
        results["group_ids"] = len(m.group_ids(folio))
        results["by_barcode"] = [it["username"] for it in m.by_barcode(folio, "20250000")]

        group = m.create_group(folio, "night shift")
        results["create_group"] = group["group"]
        m.describe_group(folio, group["id"], "Staff of the night")
        changed = folio.folio_get_single_object(f"/groups/{group['id']}")
        results["describe_group"] = [changed["group"], changed["desc"]]
        m.delete_group(folio, group["id"])
        results["delete_group"] = count_groups()

        instances = lambda: len(list(folio.folio_get_all("/instance-storage/instances", "instances")))
        instance = one("/instance-storage/instances", "instances", "cql.allRecords=1")
        suppressed = {"title": "A test", "source": "FOLIO", "instanceTypeId": instance["instanceTypeId"], "discoverySuppress": True}
        before = instances()
        folio.folio_post("/instance-storage/instances", suppressed)
        with_it = instances()
        m.delete_suppressed(folio)
        results["delete_suppressed"] = [with_it - before, instances() - before]

    async def concurrent():
        async with m.FolioClient(*login) as folio:
            results["overview"] = list(await m.overview(folio))
            results["loans_of"] = list(await m.loans_of(folio, [user["id"], "00000000-0000-4000-8000-00000000dead"]))

    asyncio.run(concurrent())
    with m.FolioClient(*login) as folio:
        results["username"] = [m.username(folio, user["id"]), m.username(folio, "00000000-0000-4000-8000-00000000dead")]
        results["groups_of"] = len(m.groups_of(folio, TENANT))
        results["location_names"] = sorted(list(it) for it in m.location_names(folio).items())
        policy = m.loan_policy(folio, item["materialTypeId"], item["permanentLoanTypeId"], user["patronGroup"], item["effectiveLocationId"])
        results["loan_policy"] = folio.folio_get_single_object(f"/loan-policy-storage/loan-policies/{policy}")["name"]
        me, version = m.about(folio)
        results["about"] = [m.user(folio, me)["username"], version.removeprefix("v")]
        results["raw"] = list(m.raw(folio))
        with m.patient(*login) as other:
            results["patient"] = len(m.first_users(other))
        results["count_users"] = m.count_users(*login)
        names = ["staff", "day shift", "evening shift"]
        m.load_groups(folio, names)
        results["load_groups"] = count_groups()
        m.load_groups(folio, names)
        assert results["load_groups"] == count_groups()
        results["members"] = m.members(folio)
        posted = m.post_text(folio, "weekend")
        results["post_text"] = [posted["group"], posted["desc"]]
    return results


def claims(url, m):
    """What the page says of FolioClient, besides the functions: the claims that do not hold."""
    wrong = []

    def claim(text, holds):
        if not holds:
            wrong.append(f"not so in FolioClient: {text}")

    def raised(call):
        try:
            call()
        except Exception as error:
            return type(error).__name__
        return None

    with m.FolioClient(url, TENANT, USER, PASSWORD) as folio:
        claim("folio_get returns 10 records", len(folio.folio_get("/users", "users")) == 10)
        claim("the argument limit is ignored", len(folio.folio_get("/users", "users", limit=100)) == 10)
        nobody = "00000000-0000-4000-8000-00000000dead"
        claim("folio_delete of a record that does not exist is a JSONDecodeError", raised(lambda: m.delete_group(folio, nobody)) == "JSONDecodeError")
        claim("get_all_ids reads the whole list", len(folio.get_all_ids("/users")) > 10)
        claim("a list as payload is a TypeError", raised(lambda: folio.folio_post("/groups", [])) == "TypeError")
        claim("get_module_version has a v before the version", folio.get_module_version("mod-inventory-storage").startswith("v"))
        claim("a quotation mark changes the query", raised(lambda: m.by_barcode(folio, '1" or active=="true')) is None and m.by_barcode(folio, '1" or active=="true') != [])
        code = folio.locations[0]["code"]
        claim("get_location_id fails for a known code without a default", raised(lambda: folio.get_location_id(code)) == "ValueError")
    return wrong


port = free_port()
url = f"http://127.0.0.1:{port}"
sandbox = subprocess.Popen([binary, "--demo", "--quiet", "--port", str(port)], stdout=subprocess.DEVNULL)
try:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/_/proxy/health").read()
            break
        except OSError:
            time.sleep(0.1)
    # FolioClient prints, and logs errors that are expected.
    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        module = functions()
        results = run(url, module)
        unfounded = claims(url, module)
finally:
    sandbox.terminate()
    sandbox.wait()

wanted = json.load(open(expected))
wrong = [f"{name}: {results.get(name)!r} in Python, {wanted.get(name)!r} in Rust" for name in sorted({*results, *wanted}) if results.get(name) != wanted.get(name)]
wrong += unfounded
if wrong:
    sys.exit("\n".join(wrong))
print(f"{len(results)} functions of {page} return the same in Python and in Rust")
