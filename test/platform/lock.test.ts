import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LockedError } from '../../src/errors.js';
import {
  acquireLock,
  describeHolder,
  removeDeadLock,
  sightLock,
} from '../../src/platform/lock.js';
import { temporaryDirectory } from '../helpers/store.js';

const clock = (): Date => new Date('2026-11-25T02:00:00Z');
const OLD = {
  pid: 2 ** 22 + 1,
  host: hostname(),
  command: 'backup full',
  since: '2026-11-20T01:00:00.000Z',
  birth: '',
};
const take = (path: string): ReturnType<typeof acquireLock> =>
  acquireLock({ path, what: 'the backup directory', command: 'rotate', clock });

describe('a lock', () => {
  it('is held by one at a time, and leaves nothing', async () => {
    const dir = temporaryDirectory();
    const path = join(dir, '.lock');
    const lock = await take(path);
    await expect(take(path)).rejects.toThrow(LockedError);
    expect(describeHolder(path, clock)).toMatch(
      /^rotate, pid \d+ on .*, since 2026-11-25 02:00 UTC, just now$/,
    );
    expect(sightLock(path, clock)?.isSuspicious).toBe(false);
    lock.release();
    expect(readdirSync(dir)).toEqual([]);
    (await take(path)).release();
  });

  it('of a dead run is taken over, and of another machine told with its day, its age and its file', async () => {
    const path = join(temporaryDirectory(), '.lock');
    writeFileSync(path, JSON.stringify(OLD));
    (await take(path)).release();
    writeFileSync(path, JSON.stringify(OLD));
    removeDeadLock(path, clock);
    expect(describeHolder(path, clock)).toBeUndefined();

    writeFileSync(path, JSON.stringify({ ...OLD, host: 'another' }));
    await expect(take(path)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(
        'pid 4194305 on another, since 2026-11-20 01:00 UTC, 5 days ago',
      ) as string,
      hints: expect.arrayContaining([
        expect.stringContaining(`rm '${path}'`),
      ]) as string[],
    });
    writeFileSync(
      path,
      JSON.stringify({
        ...OLD,
        host: 'another',
        since: '2027-01-01T00:00:00Z',
      }),
    );
    expect(describeHolder(path, clock)).toContain(
      'in the future: a clock is wrong',
    );
  });

  it.each(['null', '{}', '[]', '5', '', '{"pid":', '{"pid":7,"host":5}'])(
    'that holds %j counts as held',
    async (text) => {
      const path = join(temporaryDirectory(), '.lock');
      writeFileSync(path, text);
      await expect(take(path)).rejects.toMatchObject({
        code: 'LOCKED',
        message: expect.stringContaining(path) as string,
      });
      expect(sightLock(path, clock)).toMatchObject({
        isSuspicious: true,
        isJunk: true,
      });
    },
  );

  it('is free where an empty directory lies, and held where something is in it', async () => {
    const path = join(temporaryDirectory(), '.lock');
    mkdirSync(path);
    (await take(path)).release();
    mkdirSync(join(path, 'something'), { recursive: true });
    await expect(take(path)).rejects.toThrow(/is a directory without a holder/);
  });
});
