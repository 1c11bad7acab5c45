import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { schemaFaults, SCHEMAS } from '../helpers/schemas.js';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
/** Files that this program keeps for itself: nobody else reads them. */
const OWN_FILES =
  /^(?:headers|history-line|lock|mass-loss|run-progress|mirror|publication|schedule-state|seal|spooled-mail|verified)$/;

/** The things that commands print, as the source names them. */
function printedThings(): string[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' });
  const things = files
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(SRC, name), 'utf8'))
    .flatMap((text) => [
      ...text.matchAll(/\bdocument\(\s*'([a-z-]+)'/g),
      ...text.matchAll(/schema: 'kms-backup\/([a-z-]+)\/1'/g),
    ])
    .map(([, thing = '']) => thing);

  return [...new Set(things)].filter((thing) => !OWN_FILES.test(thing)).sort();
}

/** Every field of a schema that says nothing of itself. */
function undescribed(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];

  return Object.entries(schema).flatMap(([key, value]) => {
    const here = `${path}/${key}`;
    if (key !== 'properties') return undescribed(value, here);

    return Object.entries(value as object).flatMap(
      ([name, field]: [string, object]) => [
        ...('description' in field || '$ref' in field
          ? []
          : [`${here}/${name}`]),
        ...undescribed(field, `${here}/${name}`),
      ],
    );
  });
}

describe('the schemas of docs/schema', () => {
  it('are there for everything that a command prints', () => {
    const files = printedThings().map((thing) => `${thing}-1.json`);

    expect(files.filter((name) => !SCHEMAS.has(name))).toEqual([]);
  });

  it('say of each field what it is', () => {
    const silent = [...SCHEMAS].flatMap(([name, schema]) =>
      undescribed(schema, name),
    );

    expect(silent).toEqual([]);
  });

  it('let no field pass that they do not know, however deep', () => {
    const check = { name: 'clock', state: 'ok', fact: 'right' };
    const doctor = { schema: 'kms-backup/doctor/1', problems: 0 };

    expect(schemaFaults({ ...doctor, checks: [check] } as object)).toEqual([]);
    expect(
      schemaFaults({ ...doctor, checks: [{ ...check, new: 1 }] } as object),
    ).toEqual([expect.stringContaining('"additionalProperty":"new"')]);
    expect(schemaFaults({ schema: 'kms-backup/doctor/1' })).toHaveLength(2);
  });
});
