/** The documents that commands print with `--json`, and the fields that each of them has. */
import { hostname } from 'node:os';
import type { ExitCode } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { TOOL } from '../platform/tool.js';

/** A command's JSON document: `document('config', …)` has the schema `kms-backup/config/1`. */
export function document(
  thing: string,
  fields: object,
): { readonly schema: string } & object {
  return { schema: `kms-backup/${thing}/1`, ...fields };
}

/**
 * The document as it is printed: how the command ended, where, by which version and when stand in each under one name. A field
 * that the document itself has under such a name stays as it is.
 */
export function printedDocument(json: object, exitCode: ExitCode): object {
  const common = {
    // It is read first.
    schema: undefined,
    exitCode,
    host: hostname(),
    tool: TOOL,
    at: systemClock().toISOString(),
  };

  return { ...common, ...json };
}
