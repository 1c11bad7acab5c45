import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveState } from '../../src/archive/archive-state.js';
import { formatStem } from '../../src/archive/names.js';
import { retentionPolicy } from '../../src/rotate/choose-policy.js';
import { judgeArchives } from '../../src/rotate/policy.js';
import { PERIODS, type Period } from '../../src/rotate/policy-calendar.js';
import { Random } from '../helpers/random.js';
import { rulesOf, stateNamed } from '../helpers/retention.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone, hasTool, runTool } from '../helpers/tools.js';

const ZONE = 'Europe/Prague';
const IS_THOROUGH = process.env['KMS_TEST_THOROUGH'] === '1';
/** Each call of restic derives a key for half a second. */
const SNAPSHOTS = IS_THOROUGH ? 24 : 14;
/** Each is some of the snapshots; in every second one some of them are copies. */
const HISTORIES = ['h0', 'h1', 'h2', 'h3'];
const POLICIES_A_HISTORY = IS_THOROUGH ? 3 : 2;
const HOUR_MS = 3_600_000;

/** A snapshot as restic prints it. */
interface Snapshot {
  readonly id: string;
  readonly time: string;
  readonly tags: readonly string[];
}

const zoneBefore = process.env['TZ'];
const random = new Random(8);
const upTo = (most: number): number => random.int(1, most);
let dir = '';

function restic(...args: string[]): string {
  const env = {
    TZ: ZONE,
    RESTIC_REPOSITORY: join(dir, 'repository'),
    RESTIC_PASSWORD: 'known',
    RESTIC_CACHE_DIR: join(dir, 'cache'),
  };

  const ended = runTool('restic', args, { env, cwd: dir });
  expectDone(ended);

  return ended.stdout;
}

/** `2026-03-29 04:30:00` in the local zone, from `Date`. */
const localTime = (date: Date): string =>
  date.toLocaleString('sv-SE', { timeZone: ZONE });

describe.skipIf(!hasTool('restic'))(
  'the rules of restic (needs restic)',
  () => {
    let snapshots: readonly Snapshot[] = [];

    beforeAll(() => {
      process.env['TZ'] = ZONE;
      dir = temporaryDirectory('restic');
      writeFileSync(join(dir, 'file'), 'the same in each');
      restic('init', '--quiet');

      // Over the end of a year and both changes of the clock; several on some days, none in some months.
      let timeMs = Date.UTC(2025, 9, 24, 20);
      for (let count = 0; count < SNAPSHOTS; count++) {
        timeMs += upTo(3) * upTo(3) * upTo(3) * upTo(16) * HOUR_MS;
        const tags = HISTORIES.filter(() => upTo(3) > 1);
        const time = ['--time', localTime(new Date(timeMs))];

        restic('backup', '--quiet', ...time, '--tag', tags.join(), 'file');
      }

      snapshots = JSON.parse(restic('snapshots', '--json')) as Snapshot[];
    });
    afterAll(() => {
      removeTemporary(dir);
      if (zoneBefore === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zoneBefore;
    });

    const randomRules = (): Partial<Record<Period, number>> => {
      const chosen = PERIODS.filter(() => upTo(2) > 1);
      const periods = chosen.length > 0 ? chosen : PERIODS.slice(1, 2);

      return Object.fromEntries(periods.map((period) => [period, upTo(5)]));
    };

    /** The times of those that restic would keep. Later versions keep the oldest, too, while a rule has found less than it asks for. */
    function keptByRestic(
      history: string,
      rules: Partial<Record<Period, number>>,
    ): string[] {
      const flags = Object.entries(rules).flatMap(([period, count]) => [
        `--keep-${period}`,
        String(count),
      ]);
      const [group] = JSON.parse(
        restic(
          ...[
            'forget',
            '--dry-run',
            '--json',
            '--group-by',
            '',
            '--tag',
            history,
          ],
          ...flags,
        ),
      ) as {
        reasons: { snapshot: Snapshot; matches: string[] }[];
      }[];

      return (group?.reasons ?? [])
        .filter(({ matches }) => matches.some((why) => !/^oldest /.test(why)))
        .map(({ snapshot }) => snapshot.time);
    }

    it.each(HISTORIES)(
      'keep what these rules keep of history %s',
      (history) => {
        const hasCopies = HISTORIES.indexOf(history) % 2 === 1;
        const own = snapshots
          .filter(({ tags }) => tags.includes(history))
          .map(({ time }) => time)
          .sort((a, b) => Date.parse(a) - Date.parse(b));
        const states = own.map((time, at): ArchiveState => {
          const type = hasCopies && at % 3 !== 0 ? 'copy' : 'full';
          return stateNamed(formatStem(type, new Date(time)));
        });
        const newestFull = states.findLast(
          ({ facts }) => facts.files.type === 'full',
        );

        for (let count = 0; count < POLICIES_A_HISTORY; count++) {
          // Alone, "last" is a limit here, in which the newest full has its place.
          const rules = { daily: upTo(4), ...randomRules() };
          const ours = judgeArchives(
            states,
            retentionPolicy(rulesOf(rules), false),
            new Date('2030-01-01T00:00:00Z'),
          )
            .filter(({ action }) => action === 'keep')
            .map(({ state }) => state);
          const theirs = new Set(keptByRestic(history, rules));

          expect(ours, JSON.stringify(rules)).toEqual(
            states.filter(
              (state, at) => theirs.has(own[at] ?? '') || state === newestFull,
            ),
          );
        }
      },
    );
  },
);
