"""Exports all instances with LDLite to Parquet and prints what it took: ldlite_export.py URL FOLDER [SETTING...]

LDLite loads the records into a DuckDB database and expands them into tables; it has no export to Parquet,
so DuckDB, which it uses itself, writes the tables (without the raw records) to one file each.

Settings: `memory` keeps the database in memory, `drop-raw` drops the raw records after they were expanded.
`stages` are the seconds of LDLite's own history, and of the files.
"""

import json
import resource
import sys
import time
from pathlib import Path

import ldlite
from ldlite._folio import FolioClient
from httpx_folio.auth import FolioParams

url, folder, settings = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
start = time.monotonic()
ld = ldlite.LDLite()
ld._quiet = True
db = ld.connect_db(filename=None if "memory" in settings else str(folder / "ldlite.db"))
# connect_folio() accepts only https. The others do not use TLS here, so this saves LDLite its cost.
ld._folio = FolioClient(FolioParams(url, "diku", "admin", "secret"))
tables = ld.query(table="instances", path="/instance-storage/instances", keep_raw="drop-raw" not in settings)
loaded = time.monotonic()
history = "SELECT epoch(download_time), epoch(transform_time), epoch(index_time) FROM ldlite_system.load_history_v1"
download, transform, index = db.execute(history).fetchone()
records = db.execute("SELECT count(*) FROM instances__t").fetchone()[0]
size = 0
for table in tables:
    if table == "instances":
        continue
    name = table.replace('"', "")
    path = folder / f"{name}.parquet"
    db.execute(f"COPY (SELECT * FROM {table}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    size += path.stat().st_size
wall = time.monotonic() - start
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "records": records, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024,
    "bytes": size, "stages": {
        "download": download, "transform": transform, "index": index, "parquet": wall - (loaded - start),
    },
}))
