import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

const DIRECTORY = new URL('../../docs/schema/', import.meta.url);

/** The schemas of what commands print, by file name. */
export const SCHEMAS: ReadonlyMap<string, AnySchemaObject> = new Map(
  readdirSync(DIRECTORY).map((name) => [
    name,
    JSON.parse(
      readFileSync(new URL(name, DIRECTORY), 'utf8'),
    ) as AnySchemaObject,
  ]),
);

/** Programs that read documents take fields that they do not know; here such a field is one that nobody described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;

  const entries = Object.entries(schema).map(([key, value]) => [
    key,
    closed(value),
  ]);
  const isObject = 'properties' in schema && 'type' in schema;

  return {
    ...(Object.fromEntries(entries) as object),
    ...(isObject && { additionalProperties: false }),
  };
}

const ajv = new Ajv2020({ allErrors: true, strict: false });
for (const [name, schema] of SCHEMAS) {
  ajv.addSchema(closed(schema) as AnySchemaObject, name);
}

/** What a document says that its schema does not, or the other way round; empty where the two agree. */
export function schemaFaults(document: { readonly schema?: string }): string[] {
  const name = document.schema?.replace(/^kms-backup\/(.*)\/(\d+)$/, '$1-$2');
  const validate = ajv.getSchema(`${name ?? ''}.json`);
  if (!validate) return [`docs/schema lacks ${String(name)}.json`];
  if (validate(document)) return [];

  return (validate.errors ?? []).map(
    ({ instancePath, message = '', params }) =>
      `docs/schema/${String(name)}.json: ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Fails unless every field of a printed document is described, and those that all documents have are there. */
export function expectDescribed(document: { readonly schema?: string }): void {
  expect(schemaFaults(document)).toEqual([]);

  const isOfMail = document.schema === 'kms-backup/notify-test/1';
  expect(document).toMatchObject({
    exitCode: expect.any(Number) as number,
    host: isOfMail ? (expect.any(String) as string) : hostname(),
    tool: expect.stringMatching(/^kms-backup \d/) as string,
    at: expect.stringMatching(/Z$/) as string,
  });
}
