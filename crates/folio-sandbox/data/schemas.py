"""Makes rows of tables from the `schema.json` files of RMB's modules: unique values, references, and how CQL compares fields.

    python3 schemas.py table_paths.json RECORDED SCHEMA... > schemas.jsonl

`table_paths.json` has the collection that shows each table of each module. RECORDED are the rows of `tables.py`: what a recorded message
shows is right where a schema, or a default, says otherwise; some constraints are made by scripts, which the schemas do not have. Each
SCHEMA is named `<module>.json`. The defaults are RMB's: fields are compared without case and accents, except where an index says
otherwise; foreign keys have the name `<column>_<target>_fkey`.
"""
import json
import os
import re
import sys

PATHS = json.load(open(sys.argv[1]))


RECORDED = {}
for line in open(sys.argv[2]):
    fact = json.loads(line)
    RECORDED[(fact['table'], fact['kind'], str(fact.get('fields') or fact.get('field')))] = fact


def row(**values):
    values = {key: value for key, value in values.items() if value is not None}
    known = RECORDED.pop((values['table'], values['kind'], str(values.get('fields') or values.get('field'))), {})
    values |= {key: value for key, value in known.items() if key != 'module'}
    print(json.dumps(values, ensure_ascii=False, separators=(',', ':')))


def flag(index, name, default):
    return index.get(name, default) not in (False, 'false')


def expression(field, lower, unaccent):
    first, *rest = field.split('.')
    text = f"jsonb ->> '{first}'::text"
    for name in rest:
        text = f"({text.replace('->>', '->')}) ->> '{name}'::text"
    if unaccent:
        text = f'f_unaccent({text})'
    return f'lower({text})' if lower else text if unaccent else f'({text})'


for file in sys.argv[3:]:
    module = os.path.basename(file).removesuffix('.json')
    later = []
    for table in json.load(open(file))['tables']:
        name, path = table['tableName'], PATHS.get(module, {}).get(table['tableName'])
        if table.get('mode') == 'delete' or not path:
            continue

        def live(kind):
            return [index for index in table.get(kind, []) if index.get('tOps', 'ADD') != 'DELETE']
        own = dict(module=module, table=name, path=path)
        row(**own, kind='evaluation', field='id', all='uuid')
        fields = {}
        for kind in ('index', 'uniqueIndex', 'ginIndex', 'likeIndex', 'fullTextIndex'):
            for index in live(kind):
                if 'sqlExpression' not in index and ',' not in index['fieldName']:
                    fields.setdefault(index['fieldName'], {})[kind] = index
        for field, kinds in fields.items():
            def entry(*wanted):
                for kind in wanted:
                    if kind in kinds:
                        index = kinds[kind]
                        return dict(caseSensitive=flag(index, 'caseSensitive', False), removeAccents=flag(index, 'removeAccents', True), source=kind)
                return dict(caseSensitive=False, removeAccents=True, source='default')
            compare = entry('index') if 'index' in kinds else dict(source='none', collation='raw value')
            row(**own, kind='evaluation', field=field, equals_string=entry('uniqueIndex', 'ginIndex', 'likeIndex', 'index'),
                compare=compare, fullText=dict(removeAccents=entry('fullTextIndex')['removeAccents'], source='default'))
        for fact in [fact for fact in RECORDED.values() if fact['path'] == path and fact['kind'] == 'unique']:
            if not any(index['fieldName'] == ', '.join(fact['fields']) for index in live('uniqueIndex')):
                row(**own, **{key: value for key, value in fact.items() if key not in own})
        for index in live('uniqueIndex'):
            if 'sqlExpression' in index:
                continue
            names = [part.strip() for part in index['fieldName'].split(',')]
            lower, unaccent = not flag(index, 'caseSensitive', False), flag(index, 'removeAccents', True)
            key = ', '.join(expression(field, lower, unaccent) for field in names)
            row(**own, kind='unique', fields=names, compare=' '.join(word for word, on in (('lower', lower), ('unaccent', unaccent)) if on) or 'exact',
                constraint=f"{name}_{re.sub(r'[^A-Za-z0-9]+', '_', index['fieldName'])}_idx_unique", keyInErrors=key,
                rmbMessage=f'{key} value already exists in table {name}: {{value}}')
        for foreign in live('foreignKeys'):
            aliases = dict(parentAlias=foreign.get('targetTableAlias'), childAlias=foreign.get('tableAlias'))
            if 'targetPath' in foreign:
                later.append((2, dict(**own, kind='foreignPath', via=foreign['targetPath'], target=foreign['targetTable'], **aliases)))
                continue
            column = re.sub(r'[^a-z0-9]', '', foreign['fieldName'].lower())
            later.append(('tOps' in foreign, dict(**own, kind='foreignKey', field=foreign['fieldName'], column=column, target=foreign['targetTable'],
                          constraint=f"{column}_{foreign['targetTable']}_fkey", **aliases)))
    # PostgreSQL checks references in the order of their making: as recorded, those without an operation first.
    for _, values in sorted(later, key=lambda entry: int(entry[0])):
        row(**values)
