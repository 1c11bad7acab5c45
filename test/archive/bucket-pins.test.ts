import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import { isKeptByPin } from '../../src/archive/pin-words.js';
import type { Storage } from '../../src/archive/storage.js';
import { type NewPin, pinArchive } from '../../src/jobs/pin-archive.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import type { RotateReport } from '../../src/rotate/report-rotation.js';
import { runRotate } from '../../src/rotate/run-rotate.js';
import { bucketOf } from '../helpers/bucket-host.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const FIRST = 'F20260101T010000Z';
const NOW = '2026-02-01T01:00:00Z';

let dir: string;
let server: Installation;
let s3: S3Apart;
beforeEach(() => {
  dir = temporaryDirectory('bucket-pins');
  server = buildInstallation(dir);
});
afterEach(async () => {
  await s3.close();
  removeTemporary(dir);
});

/** The bucket, as a new run of a machine finds it. */
const bucket = (host = 'host'): Storage => bucketOf(s3, join(dir, host));

const pin = (wanted: NewPin | undefined): ReturnType<typeof pinArchive> =>
  pinArchive({
    storage: bucket(),
    archive: `${FIRST}.zip`,
    pin: wanted,
    lockWaitMs: 0,
    clock: clockFrom(NOW),
    signal: new AbortController().signal,
  });

async function rotate(storage = bucket()): Promise<RotateReport> {
  const { report } = await runRotate({
    storage,
    policy: limitPolicy(1, false),
    isDryRun: false,
    lockWaitMs: 0,
    clock: clockFrom(NOW),
  });

  return report;
}

describe('pins in a bucket', () => {
  it.each(['strict', 'ceph', 'swift'] as const)(
    'are changed without replacing or removing anything, and go with their archive, by a server of %s manners',
    async (manner) => {
      s3 = await startS3Apart({ manner });
      Object.assign(process.env, s3.env);
      for (const day of ['01', '02']) {
        const at = `2026-01-${day}T01:00:00Z`;
        await backUpAt(server, 'full', at, {
          storage: bucket(),
          rotates: false,
        });
      }

      await s3.forget();
      await pin({ reason: 'the move' });
      await pin({ until: new Date('2027-01-01T00:00:00Z') });
      expect((await s3.requests()).map(({ method }) => method)).not.toContain(
        'DELETE',
      );
      const pins = (await s3.keys()).filter((key) => key.includes('.pin.'));
      expect(pins).toEqual([
        `mail/${FIRST}.pin.1.json`,
        `mail/${FIRST}.pin.json`,
      ]);

      const kept = await rotate();
      expect(kept.verdicts[0]).toMatchObject({
        verdict: 'keep',
        reason: expect.stringMatching(/^pinned until 202[67]-/) as string,
      });

      await pin(undefined);
      expect((await pin(undefined)).file).toBeNull();
      const [state] = await inspectStorage(bucket());
      expect(isKeptByPin(state?.pin, new Date(NOW))).toBe(false);

      expect((await rotate()).verdicts[0]?.verdict).toBe('remove');
      expect((await s3.keys()).filter((key) => key.includes(FIRST))).toEqual(
        [],
      );
    },
  );

  it('that another machine writes while a rotation is under way keep the archive', async () => {
    s3 = await startS3Apart();
    Object.assign(process.env, s3.env);
    for (const day of ['01', '02']) {
      const at = `2026-01-${day}T01:00:00Z`;
      await backUpAt(server, 'full', at, { storage: bucket(), rotates: false });
    }

    // The last look at the whole list, before anything goes, is the second one of the rotation.
    const storage = bucket('other');
    const list = storage.list.bind(storage);
    let looks = 0;
    storage.list = async (isWanted) => {
      looks++;
      if (looks === 3) await pin({ reason: 'wait' });

      return list(isWanted);
    };

    const verified = await bucket().readRecord(
      '.kms-backup-verified.json',
      (json) => JSON.stringify(json),
    );
    if (verified.state !== 'sound') throw new Error('nothing was recorded');
    await storage.replaceRecord('.kms-backup-verified.json', verified.value);

    expect((await rotate(storage)).verdicts[0]).toMatchObject({
      verdict: 'keep',
      reasons: ['pinned meanwhile', 'over the limit of 1'],
    });
    expect(await s3.keys()).toContain(`mail/${FIRST}.zip`);
  });
});
