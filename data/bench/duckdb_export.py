"""Converts JSON Lines to Parquet with DuckDB and prints what it took: duckdb_export.py RECORDS.jsonl FILE.parquet"""

import json
import resource
import sys
import time
from pathlib import Path

import duckdb

source, target = sys.argv[1], Path(sys.argv[2])
start = time.monotonic()
db = duckdb.connect()
db.execute(
    f"COPY (SELECT * FROM read_json('{source}', format='newline_delimited')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
)
records = db.execute(f"SELECT count(*) FROM '{target}'").fetchone()[0]
wall = time.monotonic() - start
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "records": records, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024,
    "bytes": target.stat().st_size,
}))
