"""Makes rows for `schemas.py` from recordings: tables, unique values and references of the acquisition modules, whose schemas
`cql-indexes.jsonl` does not have. The facts are those that the recorded error messages show.

    python3 tables.py FOLDER > recorded.jsonl
"""
import json
import re
import sys

tables, out, seen = {}, [], set()


def add(**row):
    text = json.dumps(row, ensure_ascii=False, separators=(',', ':'))
    if text not in seen:
        seen.add(text)
        out.append(row)


rows = [json.loads(line) for line in open(f'{sys.argv[1]}/acq.jsonl')]
for row in rows:
    path, text = row['path'].split('?')[0], row.get('text') or ''
    found = re.match(r'id value already exists in table (\w+):', text) or re.match(
        r'duplicate key value violates unique constraint "(\w+)_pkey"', text)
    if found and row['method'] == 'POST' and row['status'] == 400:
        tables[path] = found[1]
for path, table in tables.items():
    add(module='acquisitions', table=table, path=path, kind='evaluation', field='id', all='uuid')
for row in rows:
    path, text, name = row['path'].split('?')[0], row.get('text') or '', row['name']
    if row['status'] != 400 or row['method'] != 'POST' or path not in tables:
        continue
    table = tables[path]
    key = constraint = None
    found = re.match(r"(.*) value already exists in table \w+: ", text)
    if found and found[1] != 'id':
        key, constraint = found[1], f'{table} {found[1]}'
    found = re.match(r'duplicate key value violates unique constraint "(\w+)": Key \((.*)\)=\(', text)
    if found and not found[1].endswith('_pkey'):
        key, constraint = found[2], found[1]
    if key:
        fields = re.findall(r"jsonb ->> '(\w+)'", key)
        compare = ' '.join(word for word, sign in (('lower', 'lower('), ('unaccent', 'f_unaccent(')) if sign in key) or 'exact'
        add(module='acquisitions', table=table, path=path, kind='unique', fields=fields, compare=compare, constraint=constraint,
            keyInErrors=key, rmbMessage=f'{key} value already exists in table {table}: {{value}}')
    field = re.search(r'create bad (\w+)$', name)
    found = re.match(r'Cannot set \w+\.(\w+) = .* because it does not exist in (\w+)\.id\.', text)
    if found and field:
        add(module='acquisitions', table=table, path=path, kind='foreignKey', field=field[1], column=found[1], target=found[2],
            constraint=f'{found[1]}_{found[2]}_fkey')
    found = re.match(r'insert or update on table "\w+" violates foreign key constraint "(\w+)": Key \((\w+)\)=.* in table "(\w+)"', text)
    if found and field:
        add(module='acquisitions', table=table, path=path, kind='foreignKey', field=field[1], column=found[2], target=found[3],
            constraint=found[1])
for row in out:
    print(json.dumps(row, ensure_ascii=False, separators=(',', ':')))
