"""Reads all instances with FolioClient and prints what it took, as benches/speed does: folioclient_list.py URL PAGE"""

import json
import resource
import sys
import time

from folioclient import FolioClient

url, page = sys.argv[1], int(sys.argv[2])
start = time.monotonic()
records = total = 0
with FolioClient(url, "diku", "admin", "secret") as folio:
    for instance in folio.folio_get_all("/instance-storage/instances", "instances", "cql.allRecords=1 sortBy id", limit=page):
        records += 1
        total += len(instance["title"])
wall = time.monotonic() - start
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "records": records, "sum": total, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024,
}))
