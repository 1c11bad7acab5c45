/** What compresses the backups of this machine, as doctor says it. */
import type { CodecName } from '../archive/zip/codec-types.js';
import { engineFault, hasEngine } from '../archive/zip/codec.js';
import { type Check, ok, warning } from './check.js';

const NAME = 'compression';
const ADVICE =
  'Backups work and take longer. Say engine = zlib in kms-backup.ini to silence this.';

/** @param engine what kms-backup.ini says */
export function checkCompression(engine: CodecName | undefined): Check {
  if (engine === 'zlib') return ok(NAME, 'zlib, as kms-backup.ini says');
  if (hasEngine()) return ok(NAME, 'the own engine passed its test');

  const fault = engineFault() ?? 'there is no WebAssembly here';

  return warning(NAME, `zlib in the place of the own engine: ${fault}`, ADVICE);
}
