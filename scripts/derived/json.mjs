// docs/json.md: every field of every JSON document, out of docs/schema.
import { readdirSync, readFileSync } from 'node:fs';
import { format } from 'prettier';

const DIRECTORY = new URL('../../docs/schema/', import.meta.url);
const COMMON = 'common-1.json';
const EVERY = ['exitCode', 'host', 'tool', 'at'];

export async function jsonPaper() {
  const schemas = new Map(
    readdirSync(DIRECTORY)
      .sort()
      .map((name) => [
        name,
        JSON.parse(readFileSync(new URL(name, DIRECTORY), 'utf8')),
      ]),
  );
  const common = schemas.get(COMMON);
  schemas.delete(COMMON);

  const paper = [
    '# JSON documents',
    'Every command prints one with `--json`, on stdout, in one line. This paper is made of the schemas in [schema](schema) (JSON Schema, draft 2020-12), which ship with the program; `npm run derive` writes it. Every document that a test of this program reads is checked against them.',
    'Fields are added, never changed: a program that reads a document ignores what it does not know. A field with `?` is not always there. An archive is called by the file name of its first volume, `F20261122T010003Z.zip`; times are RFC 3339, UTC; sizes are bytes; names that end in `Ms` are milliseconds.',
    '## Every document',
    table([
      [
        'schema',
        { description: 'Which document it is: `kms-backup/THING/1`.' },
      ],
      ...EVERY.map((name) => [name, common.$defs[name]]),
    ]),
    ...[...schemas.values()].map((schema) => section(schema)),
    '## Parts of several documents',
    ...Object.entries(common.$defs)
      .filter(([name]) => !EVERY.includes(name))
      .map(([name, part]) => partText(name, part)),
  ];

  return format(paper.join('\n\n'), { parser: 'markdown' });
}

function section(schema) {
  const { title, description } = schema;
  const own = fieldsOf(schema).filter(
    ([name, field]) => name !== 'schema' && !isOfEvery(name, field),
  );

  return [`## ${title}`, description, table(own)].join('\n\n');
}

/** A document may have a field of such a name that means something else. */
function isOfEvery(name, { $ref = '' }) {
  return EVERY.includes(name.replace('?', '')) && $ref.startsWith(COMMON);
}

function partText(name, part) {
  const lines = [`### Part ${name}`, part.description];
  if (part.properties) lines.push(table(fieldsOf(part)));

  return lines.join('\n\n');
}

/** Returns each field of an object and of what is in it, under its path: `archives[].archive`. */
function fieldsOf(schema, before = '') {
  const { properties = {}, required = [] } = schema;

  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${before}${name}`;
    const item = field.items ?? field;
    const label = required.includes(name) ? path : `${path}?`;
    const below = `${path}${field.items ? '[]' : ''}.`;

    return [[label, field], ...fieldsOf(item, below)];
  });
}

function table(fields) {
  const rows = fields.map(
    ([name, field]) =>
      `| \`${name}\` | ${kindOf(field)} | ${field.description ?? ''} |`,
  );

  return ['| field | type | what it is |', '| --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function kindOf({ $ref, anyOf, enum: values, items, type }) {
  if ($ref) return linkTo($ref.replace(/^#/, `${COMMON}#`));
  if (anyOf) return anyOf.map(kindOf).join(' or ');
  if (values) return values.map((value) => `\`${value}\``).join(', ');
  if (items) {
    const isOptional = Array.isArray(type);

    return `list of ${kindOf(items)}${isOptional ? ' or null' : ''}`;
  }

  return [type ?? 'any'].flat().join(' or ');
}

/** `common-1.json#/$defs/check` and `rotate-1.json` as links to their sections. */
function linkTo($ref) {
  const name = $ref.replace(/^.*\//, '').replace(/-1\.json$/, '');
  const heading = $ref.startsWith(COMMON) ? `part-${name}` : name;

  return `[${name}](#${heading.toLowerCase()})`;
}
