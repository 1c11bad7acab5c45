import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { canRefuse } from '../helpers/refuse-calls.js';

const SCRIPT = fileURLToPath(
  new URL('../../scripts/errno-sweep.mjs', import.meta.url),
);
const isThorough = process.env['KMS_TEST_THOROUGH'] === '1';
/** Prime, so that every call meets every error over the commands. */
const SAMPLE = isThorough ? '1' : '211';

it.skipIf(!canRefuse)(
  'whatever the system refuses, no command calls it a defect, publishes what does not verify or changes the store (needs gcc)',
  { timeout: isThorough ? 3_600_000 : 240_000 },
  () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [SCRIPT, '--sample', SAMPLE],
      { encoding: 'utf8' },
    );
    expect([status, stdout.match(/^WRONG .*(?:\n {6}.*)*/gm), stderr]).toEqual([
      0,
      null,
      '',
    ]);
    expect(stdout).toMatch(/^\d+ cases, 0 wrong$/m);
  },
);
