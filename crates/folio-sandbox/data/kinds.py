"""Makes `kinds.jsonl` from recordings of a FOLIO: what is particular to each kind of record.

    python3 kinds.py FOLDER real-facts.md > kinds.jsonl

FOLDER has the recordings (`crud.jsonl`, `lists.jsonl`, `deletes.jsonl`, `acq.jsonl`), `real-facts.md` the table of all kinds.
Each line is a collection: the Java class of its records, the order of their fields, the form of `Location`, whether unknown fields are
rejected, the form of its list, what DELETE of the whole collection does, and the answers that are not those of every module ("cases").
`{id}`, `{value}` and `{folded}` stand for the id in the path or body, the value of the field that a case is about, and that value in
lower case.
"""
import collections
import json
import re
import sys

FOLDER, TABLE = sys.argv[1], sys.argv[2]
UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', re.I)


def rows(name):
    return [json.loads(line) for line in open(f'{FOLDER}/{name}.jsonl')]


def answer(row, body, path_id, value):
    text = row.get('text') or ''

    def template(text):
        if isinstance(value, str) and value:
            text = text.replace(value, '{value}')
            if value.lower() != value:
                text = text.replace(value.lower(), '{folded}')
        name = body.get('name') if isinstance(body, dict) else None
        if isinstance(name, str) and name and name != value:
            text = text.replace(name, '{name}')
        for own in (path_id, (body or {}).get('id') if isinstance(body, dict) else None):
            if isinstance(own, str) and own:
                text = text.replace(own, '{id}').replace(own.lower(), '{id}')
        return text
    out = {'status': row.get('status')}
    if row.get('status') is None:
        return {'hangs': True}
    if (row.get('type') or '').startswith('application/json'):
        if out['status'] < 300:
            return out
        try:
            out['errors'] = json.loads(template(text))['errors']
        except (ValueError, KeyError):
            return None
        out['line'] = text.startswith('{"errors"')
    elif out['status'] >= 400:
        out['text'] = template(text)
    return out


CASES = {
    'post same again': 'post id taken', 'post id not a uuid': 'post id invalid', 'post id empty text': 'post id empty',
    'post id nil-like uuid': 'post id version 0', 'get unknown id': 'get absent', 'get id not a uuid': 'get invalid',
    'put unknown id': 'put absent', 'put id not a uuid': 'put invalid', 'put other id in body': 'put other id',
    'put without id in body': 'put no id', 'delete again': 'delete absent', 'delete id not a uuid': 'delete invalid',
    'delete while referenced': 'delete referenced', 'post same id': 'post id taken',
    'delete': 'delete',
}
kinds = collections.defaultdict(lambda: {'cases': {}})
for row in rows('crud'):
    if not row['name'].startswith('/'):
        continue
    path, case = row['name'].split(': ', 1)
    kind, body = kinds[path], row.get('body')
    path_id = row.get('path', '')[len(path) + 1:].split('?')[0]
    value = None
    name = CASES.get(case)
    if name is None:
        for pattern, form in ((r'post same (\S+)$', 'post taken:{}'), (r'put (\S+) of another record$', 'put taken:{}'),
                              (r'post (\S+) of nothing$', 'post missing:{}'), (r'put (\S+) of nothing$', 'put missing:{}')):
            found = re.match(pattern, case)
            if found and isinstance(body, dict):
                name, value = form.format(found[1]), body.get(found[1])
    if case == 'get' and row.get('status', 0) >= 400:
        kind['cases']['get any'] = answer(row, None, None, None)
    if case == 'get id upper case' and row.get('status') == 404:
        kind['caseSensitive'] = True
    if case.startswith('post minimal without id (id required)'):
        kind['cases']['post no id'] = answer(row, body, None, None)
    if case.startswith('post minimal') and case.endswith('read back'):
        defaults = {key: value for key, value in row.get('diff', {}).get('added', {}).items()
                    if isinstance(value, (bool, int, float)) and key not in ('_version', 'usageNumber')}
        if defaults:
            kind['defaults'] = defaults
    if case == 'post full' and row.get('status') == 201:
        try:
            answered = json.loads(row['text'])
        except ValueError:
            answered = None
    if case == 'post full, read back' and answered:
        omitted = sorted(name for name in row.get('diff', {}).get('added', {}) if name not in answered)
        if omitted:
            kind['omitted'] = omitted
        answered = None
    if re.match(r'post \S+=null \(array\)$', case) and row.get('status') == 201 and (row.get('text') or '').endswith('}'):
        name = re.match(r'post (\S+)=', case)[1]
        kind['nullListsOmitted'] = f'"{name}"' not in (row.get('text') or '')
    found = re.match(r'post same (\S+) other case$', case)
    if found and isinstance(body, dict) and row.get('status', 0) >= 400:
        made = answer(row, body, None, body.get(found[1]))
        if made and '{folded}' in json.dumps(made):
            kind['cases'][f'post taken:{found[1]}'] = made
    if case == 'post full' and row.get('status') == 201:
        location = row.get('location')
        own = body.get('id')
        kind['location'] = location.replace(own, '{id}') if location and own else None
    if case == 'post full, read back':
        kind['order'] = row.get('diff', {}).get('order')
    if case == 'post unknown field':
        kind['unknown'] = 'keep' if row.get('status') == 201 else 'reject'
    found = re.search(r'org\.folio\.rest\.jaxrs\.model\.(\w+)', row.get('text') or '')
    if found and case in ('post array', 'post unknown field'):
        kind['class'] = found[1]
    if case == 'put unknown id, read back' and row.get('status') == 200:
        kind['putStores'] = True
    if case == 'put unchanged' and row.get('status') == 200:
        kind['putReturns'] = True
    if case == 'delete while a user has it as default':
        kind['cases'].pop('delete referenced', None)
        name = 'delete referenced'
    if name:
        if name == 'delete' and row.get('status') == 204:
            continue
        made = answer(row, body, path_id, value)
        if made and name not in kind['cases']:
            kind['cases'][name] = made

# The kinds that were recorded, but whose rows are not at hand: the statuses of the table.
COLUMNS = {2: 'post id taken', 4: 'post id invalid', 8: 'get absent', 10: 'put absent', 11: 'put other id', 12: 'put no id',
           14: 'delete referenced', 16: 'delete absent', 17: 'delete invalid'}
for line in open(TABLE):
    cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
    if len(cells) != 19 or not cells[0].startswith('/') or cells[0] in kinds and 'class' in kinds[cells[0]]:
        continue
    kind = kinds[cells[0]]
    kind['unknown'] = 'keep' if cells[6] == '201' else 'reject'
    kind['location'] = None if cells[18] == 'none' else cells[18].replace('<id>', '{id}')
    for column, case in COLUMNS.items():
        found = re.match(r'(\d+)', cells[column])
        if found:
            kind['cases'].setdefault(case, {'status': int(found[1])})
        elif cells[column] == 'HANGS':
            kind['cases'].setdefault(case, {'hangs': True})

for row in rows('lists'):
    found = re.match(r'(list|cql) (\S+): (.*)$', row['name'])
    if not found or row.get('status') is None:
        continue
    _, path, case = found.groups()
    text = row.get('text') or ''
    kind = kinds[path].setdefault('list', {})
    if case == 'default limit' and row['status'] in (400, 422):
        kinds[path]['bare'] = answer(row, None, None, None)
        kinds[path]['bare'].update({'type': row['type']} if 'ISO' in (row.get('type') or '') else {})
    if case == 'limit 0' and row['status'] == 200 and row.get('list_key'):
        kind['form'] = {'s': 'streamed', 'o': 'line', 'p': 'pretty'}.get(row['form'][0], 'pretty')
        kind['info'] = 'resultInfo' in (row.get('keys') or [])
        kind['total'] = 'totalRecords' in (row.get('keys') or [])
        kind['key'] = row['list_key'][0]
        kind['type'] = row.get('type')
    elif case == 'bad cql' and row['status'] >= 400:
        kind['errors'] = row['status']
        prefix = text.split('org.folio.cql2pgjson')[0]
        if prefix and prefix != text and 'HTTP request' not in prefix and '{' not in prefix:
            kind['prefix'] = prefix
    elif case == 'bad cql' and row['status'] == 200:
        kind['ignoresQuery'] = True
    elif case == 'empty query' and row['status'] == 200:
        kind['emptyQuery'] = True
    elif case == 'limit -1' and row['status'] == 422 and 'bare' in kinds[path]:
        kinds[path]['negativeLimit'] = True
    elif case == 'limit -1' and (row['status'] == 200 or '2201W' in text):
        kind['negativeLimit'] = True
        if row['status'] != 200:
            kind['negativeFails'] = True
    elif case == 'totalRecords none' and 'totalRecords' not in (row.get('keys') or ['totalRecords']) and kind.get('total'):
        kind['none'] = True
    elif case == 'all sortBy id' and 'got sortby' in text:
        kind['wrapped'] = True
    elif case == 'totalRecords word' and row['status'] == 400:
        kind['checksTotals'] = True
# Where the next release differs (section 16 of the facts): `Location`, and the answer of an id that is taken.
for path in ('/location-units/institutions', '/location-units/campuses', '/location-units/libraries', '/locations'):
    kinds[path]['ramsons'] = {'location': '{id}'}
kinds['/instance-storage/instances']['ramsons'] = {
    'location': None, 'omitted': ['_version'], 'class': 'InstanceWithoutPubPeriod',
    'cases': {'get absent': {'status': 404, 'text': ''}, 'post id taken': {'status': 400, 'text': 'Key (id)=({id}) already exists.'}}}

for path in list(kinds):
    if not kinds[path].get('list', {}).get('form'):
        kinds[path].pop('list', None)

# What a DELETE of the whole collection does.
deletes = collections.defaultdict(dict)
for row in rows('deletes'):
    found = re.match(r'delete (\S+): (\w) [^\[]*(\[.*)?$', row['name'])
    if not found or '[referenced]' in row['name']:
        continue
    path, case = found[1], found[2]
    gateway = row['route'] == 'gateway'
    if not gateway and '[gateway]' not in row['name']:
        # At the port of the module itself: all go, unless the module rejects it always.
        if row['status'] >= 400 and row['rows_before'] == row['rows_after']:
            kinds[path]['cases']['delete all'] = {'status': row['status'], 'text': row['text']}
        continue
    deletes[path][case] = (row['status'], row['rows_before'] == row['rows_after'])
for path, cases in deletes.items():
    if '{' in path or cases.get('a', (0,))[0] == 404:
        kinds[path]['delete'] = 'none' if cases.get('a', (0,))[0] == 404 else None
        continue
    if path == '/user-tenants':
        kinds[path]['delete'] = 'only row'
        continue
    if not set('abcdefg') <= set(cases):
        continue
    if cases['c'] == (204, False):
        mode = 'all'
    elif cases['a'] == (204, False):
        mode = 'query or all, empty too' if cases['b'] == (204, False) else 'query or all'
    else:
        mode = 'query'
    kinds[path]['delete'] = mode

# Acquisitions: the order of fields and the forms of lists.
for row in rows('acq'):
    path = row['path'].split('?')[0]
    text = row.get('text') or ''
    if row['method'] == 'POST' and row['status'] == 201 and row.get('sent', '').startswith('{'):
        try:
            record = json.loads(text)
        except ValueError:
            continue
        kind = kinds[path]
        order = kind.setdefault('order', [])
        before = None
        for key in record:
            if key not in order:
                order.insert(order.index(before) + 1 if before in order else len(order), key)
            before = key
        own = record.get('id')
        if own:
            kind['location'] = row['location'].replace(own, '{id}') if row.get('location') else None

ACQUISITIONS = {
    'create same id': 'post id taken', 'create bad uuid': 'post id invalid', 'read not uuid': 'get invalid', 'read absent': 'get absent',
    'put absent': 'put absent', 'put not uuid': 'put invalid', 'put other body id': 'put other id', 'put without body id': 'put no id',
    'delete again': 'delete absent', 'delete not uuid': 'delete invalid',
}
for row in rows('acq'):
    path, name, text = row['path'].split('?')[0], row['name'], row.get('text') or ''
    try:
        body = json.loads(row.get('sent') or 'null')
    except ValueError:
        body = None
    parts = path.split('/')
    last = parts[-1] if parts[-1] == 'abc' or UUID.fullmatch(parts[-1]) else None
    base = '/'.join(parts[:-1]) if last else path
    if base not in kinds and not any(word in name for word in ('create', 'list')):
        continue
    if re.fullmatch(r'[a-z ]+ delete', name) and row['status'] == 404 and base in kinds:
        # A record that is not there; "delete again" may be about one that is still referred to.
        kinds[base]['cases']['delete absent'] = answer(row, body, last, None)
    for ending, case in ACQUISITIONS.items():
        if name.endswith(' ' + ending):
            made = answer(row, body, last, None)
            if made:
                kinds[base]['cases'].setdefault(case, made)
    found = re.search(r'create (bad|same) (\w+)$', name)
    if found and isinstance(body, dict) and row['method'] == 'POST' and row['status'] >= 400 and found[2] not in ('id', 'uuid'):
        made = answer(row, body, None, body.get(found[2]))
        kinds[base]['cases'].setdefault(f"post {'missing' if found[1] == 'bad' else 'taken'}:{found[2]}", made)
    if re.match(r'delete .* in use$', name) and row['status'] >= 400:
        kinds[base]['cases'].setdefault('delete referenced', answer(row, body, last, None))
    found = re.search(r'create (\w+) -[0-9.]+$', name)
    if found and row['status'] == 201:
        # A minimum that a later release has.
        kinds[base].setdefault('unbounded', []).append(found[1])
    if name.endswith('put stale') and row['status'] == 204:
        kinds[base]['noLocking'] = True
    if name.endswith('list: limit -1') and 'not all parameters' in text:
        kinds[base].setdefault('list', {})['limitText'] = 'not all parameters were passed properly'
    if name.endswith('list: limit 0') and row['status'] == 200:
        listed = kinds[base].setdefault('list', {})
        value = json.loads(text)
        listed.update({'form': 'pretty', 'info': 'resultInfo' in value, 'total': 'totalRecords' in value, 'type': row.get('type'),
                       'checksTotals': True})

# What the recorded kinds of a module have in common holds for its others too.
def common(values):
    counted = collections.Counter(json.dumps(value, sort_keys=True) for value in values)
    (most, count), = counted.most_common(1)
    return json.loads(most) if 2 * count > len(values) and count > 1 else None


for first in ('finance-storage', 'invoice-storage', 'orders-storage', 'organizations-storage', 'voucher-storage'):
    own = {path: kind for path, kind in kinds.items() if path.startswith(f'/{first}/') and kind['cases']}
    locations = [kind['location'].replace(path, '{path}') if kind.get('location') else None for path, kind in own.items()]
    lists = [{key: value for key, value in kind['list'].items() if key != 'key'} for kind in own.values() if kind.get('list')]
    cases = collections.defaultdict(list)
    for kind in own.values():
        for name, case in kind['cases'].items():
            if ':' not in name:
                cases[name].append(case)
    cases = {name: common(values) for name, values in cases.items()}
    shared = {'location': common(locations), 'list': common(lists), 'cases': {name: case for name, case in cases.items() if case}}
    kinds[f'/{first}/*'] = {key: value for key, value in shared.items() if value is not None}

for path, kind in kinds.items():
    kind = {key: value for key, value in kind.items() if value not in ({}, [])}
    print(json.dumps({'path': path, **kind}, ensure_ascii=False, separators=(',', ':')))
