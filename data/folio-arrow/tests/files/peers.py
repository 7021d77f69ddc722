"""Compares a file with the rows that were written, as pyarrow and DuckDB read it: peers.py FILE EXPECTED.jsonl FACTS"""

import csv
import json
import sys
import uuid
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

file, facts = Path(sys.argv[1]), json.loads(sys.argv[3])
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def expect(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def typed(row):
    """The row with the types that readers give."""
    row = dict(row)
    for name in ["id", "typeId"]:
        row[name] = uuid.UUID(row[name]) if row[name] else None
    row["amount"] = Decimal(row["amount"]) if row["amount"] is not None else None
    row["created"] = EPOCH + timedelta(microseconds=row["created"]) if row["created"] is not None else None
    row["day"] = date(1970, 1, 1) + timedelta(days=row["day"]) if row["day"] is not None else None
    return row


rows = [json.loads(line) for line in open(sys.argv[2])]
expected = [typed(row) for row in rows]
names = list(pa.table({"id": [1]}).column_names)


def compare(found, reader):
    expect(len(found), len(expected), f"{reader}: number of rows")
    for at, (one, other) in enumerate(zip(found, expected)):
        for name, value in other.items():
            expect(one[name], value, f"{reader}: {name} of row {at}")
        expect(sorted(one), sorted(other), f"{reader}: columns of row {at}")
    print(f"{reader}: {len(found)} rows are equal")


def from_pyarrow(table):
    types = {field.name: field.type for field in table.schema}
    expect(types["id"], pa.uuid(), "type of id")
    expect(types["typeId"], pa.uuid(), "type of typeId")
    expect(types["amount"], pa.decimal128(38, 4), "type of amount")
    expect(types["created"], pa.timestamp("us", "UTC"), "type of created")
    expect(types["day"], pa.date32(), "type of day")
    expect(types["status"], pa.dictionary(pa.int32(), pa.string()), "type of status")
    found = table.to_pylist()
    compare(found, "pyarrow")


def from_duckdb(query):
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    result = db.execute(query)
    columns = [column[0] for column in result.description]
    found = [dict(zip(columns, row)) for row in result.fetchall()]
    types = dict(zip(columns, (str(column[1]) for column in result.description)))
    expect(types["id"], "UUID", "DuckDB: type of id")
    expect(types["amount"], "DECIMAL(38,4)", "DuckDB: type of amount")
    expect(types["created"], "TIMESTAMP WITH TIME ZONE", "DuckDB: type of created")
    compare(found, "DuckDB")
    return db


def check_parquet():
    metadata = pq.read_metadata(file)
    expect(metadata.num_rows, facts["rows"], "rows of the description")
    expect(metadata.num_row_groups, facts["groups"], "row groups")
    start = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        part = expected[start : start + group.num_rows]
        start += group.num_rows
        order = [(column.column_index, column.descending) for column in group.sorting_columns]
        expect(order, [(0, False)] if facts["sorted"] else [], "sorting columns")
        for at in range(group.num_columns):
            column = group.column(at)
            name = column.path_in_schema
            expect(column.compression, "ZSTD", f"compression of {name}")
            statistics = column.statistics
            expect(column.has_offset_index, True, f"offset index of {name}")
            if "." in name or name == "_extra":
                continue
            values = [row[name] for row in part if row[name] is not None]
            expect(statistics.null_count, len(part) - len(values), f"nulls of {name}")
            expect(column.has_column_index, True, f"column index of {name}")
            if name in ("id", "typeId"):
                values = [value.bytes for value in values]
            if name == "name":
                # Their order is that of UTF-8, and long ones are cut off.
                values = [value.encode() for value in values]
                least, most = statistics.min.encode(), statistics.max.encode()
                expect(least <= min(values) and most >= max(values), True, f"bounds of {name}")
                continue
            if name == "status":
                values = [value.encode() for value in values]
                expect((statistics.min.encode(), statistics.max.encode()), (min(values), max(values)), f"bounds of {name}")
                continue
            found = (statistics.min, statistics.max)
            if name in ("id", "typeId"):
                found = tuple(bound.bytes if isinstance(bound, uuid.UUID) else bound for bound in found)
            expect(found, (min(values), max(values)), f"bounds of {name} in row group {number}")
    from_pyarrow(pq.read_table(file))
    db = from_duckdb(f"SELECT * FROM '{file}'")
    # Reading one row by its identifier uses the statistics, and the filter if there is one.
    for at in [0, len(expected) // 2, len(expected) - 1]:
        row = db.execute(f"SELECT count FROM '{file}' WHERE id = ?", [expected[at]["id"]]).fetchall()
        expect(row, [(expected[at]["count"],)], f"row {at} by its id")
        if facts["bloom"]:
            probe = db.execute(
                f"SELECT bool_and(bloom_filter_excludes = false) FROM parquet_bloom_probe('{file}', 'id', '{expected[at]['id']}') WHERE row_group_id = ?",
                [at * facts["groups"] // len(expected)],
            )
            expect(probe.fetchall(), [(True,)], f"Bloom filter of row {at}")
    compared = db.execute(f"SELECT count(*) FROM '{file}' WHERE created > TIMESTAMPTZ '2026-01-01 00:00:00Z' AND amount < 0").fetchone()[0]
    wanted = [row for row in expected if row["created"] and row["created"] > datetime(2026, 1, 1, tzinfo=timezone.utc) and row["amount"] is not None and row["amount"] < 0]
    expect(compared, len(wanted), "rows by a time and an amount")


def check_csv():
    with open(file, newline="", encoding="utf-8") as lines:
        found = list(csv.DictReader(lines))
    expect(len(found), len(rows), "rows")
    for at, (one, other) in enumerate(zip(found, expected)):
        personal = other["personal"] or {"lastName": None, "contacts": None, "visits": None}
        contacts = personal["contacts"]
        if contacts is not None:
            contacts = [{name: value for name, value in contact.items() if value is not None} for contact in contacts]
        wanted = {**other, **{f"personal.{name}": value for name, value in personal.items()}}
        del wanted["personal"]
        wanted["personal.contacts"] = contacts
        expect(list(one), [name for name in one if name in wanted], f"columns of row {at}")
        for name, value in wanted.items():
            text = one[name]
            # Python's csv does not tell null from an empty text.
            if value is None or value == "":
                expect(text, "", f"{name} of row {at}")
            elif isinstance(value, datetime):
                expect(datetime.fromisoformat(text), value, f"{name} of row {at}")
            elif isinstance(value, bool):
                expect(text, str(value).lower(), f"{name} of row {at}")
            elif isinstance(value, Decimal):
                expect(Decimal(text), value, f"{name} of row {at}")
            elif isinstance(value, float):
                expect(float(text), value, f"{name} of row {at}")
            elif isinstance(value, list):
                expect(json.loads(text), value, f"{name} of row {at}")
            else:
                expect(text, str(value), f"{name} of row {at}")
    print(f"csv: {len(found)} rows are equal")
    # DuckDB tells null from an empty text, if quotation marks say so.
    db = duckdb.connect()
    found = db.execute(f"SELECT name FROM read_csv('{file}', header=true, all_varchar=true, nullstr='', allow_quoted_nulls=false, quote='\"', escape='\"', delim=',', new_line='\\n', parallel=false)").fetchall()
    expect([row[0] for row in found], [row["name"] for row in expected], "DuckDB: names")
    print(f"DuckDB: {len(found)} rows are equal")


if file.suffix == ".parquet":
    check_parquet()
elif file.suffix == ".csv":
    check_csv()
else:
    with pa.ipc.open_file(file) as reader:
        from_pyarrow(reader.read_all())
