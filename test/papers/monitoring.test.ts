import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SCHEMAS } from '../helpers/schemas.js';

interface Item {
  readonly uuid: string;
  readonly key: string;
  readonly type: string;
  readonly master_item?: { readonly key: string };
  readonly preprocessing?: readonly { readonly parameters: string[] }[];
  readonly triggers?: readonly { uuid: string; expression: string }[];
}

interface Template {
  readonly template: string;
  readonly items: readonly Item[];
}

interface Field {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Field>>;
}

const text = readFileSync(
  new URL('../../docs/monitoring/zabbix-template.json', import.meta.url),
  'utf8',
);
const { templates } = (
  JSON.parse(text) as { zabbix_export: { templates: Template[] } }
).zabbix_export;
const template = templates[0]?.template ?? '';
const items = templates[0]?.items ?? [];

/** Whether documents of `status` have a field, however deep: `newestRecoverable.ageMs`. */
function isField(path: string): boolean {
  const common = SCHEMAS.get('common-1.json') as {
    $defs: Record<string, Field>;
  };
  let field: Field | undefined = SCHEMAS.get('status-1.json') as Field;

  for (const name of path.split('.')) {
    const part: string | undefined = field?.$ref?.split('/').at(-1);
    const whole: Field | undefined =
      part === undefined ? field : common.$defs[part];
    field = whole?.properties?.[name];
  }

  return field !== undefined;
}

describe("Zabbix' template", () => {
  it('reads fields that the document of status has, out of an item that it has', () => {
    const dependent = items.filter(({ type }) => type === 'DEPENDENT');
    expect(dependent.length).toBeGreaterThan(5);

    for (const { key, master_item: master, preprocessing } of dependent) {
      const path = preprocessing?.[0]?.parameters[0] ?? '';
      expect(isField(path.replace(/^\$\./, '')), `${key}: ${path}`).toBe(true);
      expect(items.map((item) => item.key)).toContain(master?.key);
    }

    expect(isField('newestRecoverable.age')).toBe(false);
  });

  it('has identifiers of its own, and triggers on its items', () => {
    const uuids = [...text.matchAll(/"uuid": "([^"]*)"/g)].map(
      ([, uuid]) => uuid,
    );
    expect(new Set(uuids).size).toBe(uuids.length);
    for (const uuid of uuids) {
      expect(uuid).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    }

    const keys = new Set(items.map(({ key }) => key));
    for (const { expression } of items.flatMap((it) => it.triggers ?? [])) {
      const [, of = '', key = ''] =
        /\/([^/]+)\/([^,)]+)/.exec(expression) ?? [];
      expect([of, keys.has(key)]).toEqual([template, true]);
    }
  });
});
