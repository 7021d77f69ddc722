"""folioclient and folio_data_import against the FOLIO that the environment names.

The numbers are those that a real FOLIO gave for the same work.
"""
import asyncio
import json
import logging
import os
import pathlib
import sys
import tempfile
import uuid

import folioclient
import httpx
from folio_data_import.BatchPoster import BatchPoster
from folio_data_import.UserImport import UserImporter

failures = 0


def check(what, found, expected):
    global failures
    good = found == expected
    failures += not good
    shown = found if len(str(found)) < 80 or not good else f"{len(found)} as expected"
    print(f"{'ok  ' if good else 'FAIL'} {what}: {shown}" + ("" if good else f", expected {expected}"))


class Messages(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def folio():
    names = ("FOLIO_URL", "FOLIO_TENANT", "FOLIO_USERNAME", "FOLIO_PASSWORD")
    return folioclient.FolioClient(*(os.environ[name] for name in names))


def client(own):
    """What folioclient is used for: login, lists, and single records."""
    check("login", bool(own.access_token), True)
    groups = [{"group": f"group {n:03}", "desc": "x" if n % 2 else "y"} for n in range(250)]
    made = [own.folio_post("/groups", group) for group in groups]
    check("post returns the record", {record["group"] for record in made}, {group["group"] for group in groups})
    everything = list(own.folio_get_all("/groups", "usergroups", limit=100))
    mine = [record for record in everything if record["group"].startswith("group ")]
    check("get_all without a query", len(mine), 250)
    check("get_all without a query, each once", len({record["id"] for record in everything}), len(everything))
    found = list(own.folio_get_all("/groups", "usergroups", 'desc=="x" and group="group*"', limit=7))
    check("get_all with a query", len(found), 125)
    found = list(own.folio_get_all("/groups", "usergroups", 'cql.allRecords=1 sortBy group', limit=20))
    names = [record["group"] for record in found]
    check("get_all in an order", names, sorted(names))
    if hasattr(own, "get_all_ids"):
        ids = list(own.get_all_ids("/groups", 'group="group*"'))
    else:
        ids = [record["id"] for record in own.folio_get_all("/groups", "usergroups", 'group="group*" sortBy id')]
    check("all ids", (len(ids), set(ids)), (250, {record["id"] for record in mine}))
    first = made[0]
    first["desc"] = "changed"
    own.folio_put(f"/groups/{first['id']}", first)
    check("put", own.folio_get(f"/groups/{first['id']}")["desc"], "changed")
    own.folio_delete(f"/groups/{first['id']}")
    try:
        own.folio_get(f"/groups/{first['id']}")
        check("get after delete", "found", 404)
    except httpx.HTTPStatusError as error:
        check("get after delete", error.response.status_code, 404)
    try:
        own.folio_post("/groups", {"group": "group 001"})
        check("a name that is taken", "stored", 422)
    except httpx.HTTPStatusError as error:
        check("a name that is taken", error.response.status_code, 422)


async def users(own, folder):
    """40 users: one has a group that is unknown, one a barcode that another has."""
    file = folder / "users.jsonl"
    rows = []
    for n in range(40):
        rows.append(
            {
                "username": f"import{n:02}", "externalSystemId": f"ext{n:02}", "barcode": f"b{n:04}", "active": True, "type": "patron",
                "patronGroup": "no such group" if n == 7 else "group 001",
                "personal": {
                    "lastName": f"Last{n}", "firstName": "F", "email": f"u{n}@example.org", "preferredContactTypeId": "email",
                    "addresses": [{"addressTypeId": "Home", "addressLine1": f"{n} Harbour Street"}],
                },
            }
        )
    rows[23]["barcode"] = rows[3]["barcode"]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    messages = Messages()
    logging.getLogger().addHandler(messages)
    config = UserImporter.Config(
        library_name="Third party", user_file_paths=file, no_progress=True, batch_size=10, limit_simultaneous_requests=1,
        handle_permissions_user_objects=False,
    )
    async with own:
        importer = UserImporter(own, config)
        await importer.setup(folder / "users.err")
        await importer.do_import()
        await importer.close()
    stats = importer.get_stats()
    check("user import: created, updated, failed", (stats.created, stats.updated, stats.failed), (39, 0, 1))
    stored = list(folio().folio_get_all("/users", "users", 'username="import*"'))
    check("user import: stored", len(stored), 39)
    check("user import: addresses", all(len(user["personal"]["addresses"]) == 1 for user in stored), True)
    errors = (folder / "users.err").read_text() + "\n".join(messages.lines)
    check("user import: the message", "This barcode has already been taken" in errors, True)


async def instances(own, folder):
    """250 instances in batches of 100: one has a type that is unknown."""
    kind = next(iter(own.folio_get_all("/instance-types", "instanceTypes")))["id"]
    rows = [
        {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"third party {n}")), "title": f"Third party {n}", "source": "FOLIO", "instanceTypeId": kind}
        for n in range(250)
    ]
    rows[120]["instanceTypeId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, "no such type"))
    file = folder / "instances.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def config(upsert):
        return BatchPoster.Config(object_type="Instances", batch_size=100, upsert=upsert, rerun_failed_records=not upsert, no_progress=True)

    async with own:
        poster = BatchPoster(own, config(False), failed_records_file=folder / "failed.jsonl")
        async with poster:
            stats = await poster.do_work(file)
            found = (stats.records_created, stats.records_failed, stats.batches_failed)
            check("batch poster: created, failed, failed batches", found, (150, 100, 1))
            await poster.rerun_failed_records_one_by_one()
        check("batch poster, one by one: stored, rejected", (stats.rerun_succeeded, stats.rerun_still_failed), (99, 1))
    again = folio()
    async with again:
        poster = BatchPoster(again, config(True))
        async with poster:
            stats = await poster.do_work(file)
        found = (stats.records_updated, stats.records_failed, stats.batches_failed)
        check("batch poster, upsert: updated, failed, failed batches", found, (150, 100, 1))
    stored = list(folio().folio_get_all("/instance-storage/instances", "instances", 'title="Third party"'))
    check("batch poster: instances", (len(stored), len({one["hrid"] for one in stored})), (249, 249))
    check("batch poster: versions", sorted({one["_version"] for one in stored}), [1, 2])


def main():
    # What the programs log is looked at, not shown.
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger().addHandler(logging.NullHandler())
    print(f"folioclient and folio_data_import against {os.environ['FOLIO_URL']}")
    client(folio())
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(users(folio(), pathlib.Path(name)))
        asyncio.run(instances(folio(), pathlib.Path(name)))
    sys.exit(1 if failures else 0)


main()
