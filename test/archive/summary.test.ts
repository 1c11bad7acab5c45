import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  formatSummaryText,
  formatVersionText,
  parseSummaryText,
  parseVersionText,
} from '../../src/archive/summary.js';

const seconds = fc
  .integer({ min: 1_000_000_000, max: 1_900_000_000 })
  // Local times that a clock change makes ambiguous are another matter.
  .map((at) => new Date(Math.floor(at / 86_400) * 86_400_000 + 43_200_000));
const digests = fc.array(fc.stringMatching(/^[0-9a-f]{64}$/), { maxLength: 4 });
const counts = fc.nat({ max: 1e9 });
/** What could break a line or a key is in it: `=`, `#`, `;`, brackets, quotes. */
const mailboxes = fc
  .array(
    fc.tuple(
      fc.stringMatching(/^[a-z.]{1,9}\/[a-z=#;[\]"' ä]{1,9}[a-z]$/),
      counts,
    ),
    { maxLength: 5 },
  )
  .map((entries) => new Map(entries));

it('a summary read again says what was written', () => {
  fc.assert(
    fc.property(
      fc.record({
        startedAt: seconds,
        fileCount: counts,
        totalBytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        messages: counts,
        volumeDigests: digests,
        mailboxes,
        lacks: fc.constantFrom(
          [],
          ['users.cfg'],
          ['mailserver.cfg', 'users.cfg'],
        ),
      }),
      ({ startedAt, ...rest }) => {
        const finishedAt = new Date(startedAt.getTime() + 5000);
        const volumes = rest.volumeDigests.length + 1;
        const text = { ...rest, volumes, finishedAt };

        expect(
          parseSummaryText(formatSummaryText({ ...text, startedAt })),
        ).toEqual(text);
      },
    ),
  );
});

it('a version text read again says what was written', () => {
  fc.assert(
    fc.property(
      fc.record({
        startedAt: seconds,
        hostname: fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/),
        tool: fc.constantFrom('kms-backup 1.2.3', undefined),
        base: fc.constantFrom('F20260101T010000Z', undefined),
        baseDigest: fc.constantFrom('ab12'.repeat(16), undefined),
        parts: fc.constantFrom(['lists', 'mail'], undefined),
      }),
      (text) => {
        expect(parseVersionText(formatVersionText(text))).toEqual(text);
      },
    ),
  );
});

it('what the server writes is understood, and what it does not write is not made up', () => {
  const text =
    'started     = 2021-03-04 19:24:14\nfinished    = 2021-03-04 19:24:15\n' +
    'count_files = 12\ntotal_size  = 3456\nduration    = 00:00:01.000\n';

  expect(parseSummaryText(text)).toMatchObject({
    fileCount: 12,
    totalBytes: 3456,
    volumeDigests: [],
    messages: undefined,
    mailboxes: undefined,
    lacks: undefined,
  });
});
