"""Restores the records of a Parquet or Arrow file with pyarrow, as docs/arrow.md describes the columns and
`_extra`, and compares them with those that the server sent; then counts with DuckDB: restore.py FILE SOURCE.jsonl"""

import json
import sys
import uuid
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

file = Path(sys.argv[1])
loads = lambda text: json.loads(text, parse_float=Decimal, parse_int=Decimal)


def is_json(field):
    metadata = field.metadata or {}
    return str(field.type).startswith("extension<arrow.json") or metadata.get(b"ARROW:extension:name") == b"arrow.json"


def value(found, field):
    """A value of a column as JSON has it. Absent fields of structs are null in columns."""
    if found is None:
        return None
    kind = field.type
    if isinstance(found, uuid.UUID):
        return str(found)
    if is_json(field):
        return loads(found)
    if isinstance(found, datetime):
        text = found.strftime("%Y-%m-%dT%H:%M:%S.%f")
        return (text if found.microsecond % 1000 else text[:-3]) + "+00:00"
    if isinstance(found, date):
        return found.isoformat()
    if isinstance(found, bool):
        return found
    if isinstance(found, int):
        return Decimal(found)
    if isinstance(found, float):
        return Decimal(repr(found))
    if isinstance(found, list):
        return [value(element, kind.value_field) for element in found]
    if isinstance(found, dict):
        fields = [kind.field(at) for at in range(kind.num_fields)]
        members = {field.name: value(found[field.name], field) for field in fields}
        return {name: member for name, member in members.items() if member is not None}
    return found


def restore(row, schema):
    record = {}
    for field in schema:
        if field.name in ("_extra", "_json"):
            continue
        member = value(row[field.name], field)
        if member is not None:
            record[field.name] = member
    # Shorter pointers first.
    for pointer, json_value in sorted(loads(row["_extra"] or "{}").items()):
        if pointer == "":
            record = json_value
            continue
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        place = record
        for step in steps[:-1]:
            place = place[int(step)] if isinstance(place, list) else place[step]
        last = steps[-1]
        place[int(last) if isinstance(place, list) else last] = json_value
    return record


def same(one, other):
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


if file.suffix == ".parquet":
    table = pq.read_table(file)
else:
    with pa.ipc.open_file(file) as reader:
        table = reader.read_all()
source = [loads(line) for line in open(sys.argv[2], encoding="utf-8")]
source = {record["id"]: record for record in source}
rows = table.to_pylist()
if len(rows) != len(source):
    sys.exit(f"{len(rows)} rows, {len(source)} records")
for row in rows:
    record = restore(row, table.schema)
    if not same(record, source[record["id"]]):
        sys.exit(f"found {record}\nexpected {source[record['id']]}")
if file.suffix == ".parquet":
    db = duckdb.connect()
    (count, distinct, least, most) = db.execute(f"SELECT count(*), count(DISTINCT id), min(id)::VARCHAR, max(id)::VARCHAR FROM '{file}'").fetchone()
    expected = (len(source), len(source), min(source), max(source))
    if (count, distinct, least, most) != expected:
        sys.exit(f"DuckDB: found {(count, distinct, least, most)}, expected {expected}")
print(f"{len(rows)} records are equal")
