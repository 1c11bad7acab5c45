import { describe, expect, test } from 'vitest';
import { notificationFor } from '../../src/report/notification.js';
import { failedReport, runReport } from '../helpers/run-report.js';

describe('the notification of a run', () => {
  test('a good run is told with its counts, sizes and rotation', () => {
    const { subject, text } = notificationFor(runReport());
    expect(subject).toBe('[kms-backup] mail1: differential backup done');
    expect(text).toContain(
      'Messages   50,250: 1,204 new, 37 changed, 49,009 unchanged, 58 deleted, 3 vanished\n' +
        'Stored     14.2 MiB in 1 volume (11.9 MiB compressed), differential to F20261122T010003Z.zip\n' +
        'Verified   1,241 entries read back\n' +
        'Rotation   kept 2 of at most 2 complete backups, and 1 differential; removed F20261101T010004Z.zip\n',
    );
    expect(text).toContain(
      'F20261122T010003Z.zip  291.7 MiB  ' + '█'.repeat(38),
    );
    expect(text).not.toContain('Warnings');
  });

  test('the mail archive, and archives that were kept out, are named in text and HTML', () => {
    const { archive } = runReport();
    const mailArchive = { directory: '/srv/archive', files: 1204 };
    const report = runReport({
      archive: archive && {
        ...archive,
        mailArchive,
        keptOut: ['/srv/archive/second'],
      },
    });
    const { text, html } = notificationFor(report);

    expect(text).toContain(
      'With       1,204 files of the mail archive in /srv/archive\n' +
        'Kept out   /srv/archive/second: archives lie there\n',
    );
    expect(html).toContain('1,204 files of the mail archive in /srv/archive<');
  });

  test('what needs attention comes before the summary, in text and HTML', () => {
    const report = runReport({
      outcome: 'incomplete',
      exitCode: 3,
      warnings: ['mail of alice@example.com fell by 60 %'],
      skipped: [
        {
          path: 'example.com/bob/INBOX/0000000a.eml',
          reason: 'larger than a volume',
        },
      ],
    });
    const { subject, text, html } = notificationFor(report);
    expect(subject).toBe(
      '[kms-backup] mail1: differential backup INCOMPLETE: 1 file not in the archive',
    );
    for (const body of [text, html]) {
      expect(body.indexOf('fell by 60 %')).toBeGreaterThan(0);
      expect(body.indexOf('fell by 60 %')).toBeLessThan(
        body.indexOf('Messages'),
      );
      expect(body).toContain('0000000a.eml: larger than a volume');
    }
  });

  test('a failed run names the error and what to do', () => {
    const { subject, text } = notificationFor(failedReport());
    expect(subject).toBe(
      '[kms-backup] mail1: differential backup FAILED: not enough space in /srv/backup',
    );
    expect(text).toContain('Try this:\n  * Free 3 GiB.');
    expect(text).not.toContain('Archive');
  });

  test('names from outside cannot become markup or a second header', () => {
    const { subject, html } = notificationFor(
      failedReport({
        error: {
          code: 'X',
          message: 'bad <img src=x onerror="a"> &\r\nBcc: x@y',
          hints: [],
        },
      }),
    );
    expect(subject).not.toMatch(/[\r\n]/);
    expect(html).toContain('bad &lt;img src=x onerror=&quot;a&quot;&gt; &amp;');
    expect(html).not.toContain('<img');
  });

  test('a thousand skipped files are cut to a length that people read, and counted', () => {
    const skipped = Array.from({ length: 1000 }, (_, index) => ({
      path: `f${String(index)}`,
      reason: 'unreadable',
    }));
    const { text } = notificationFor(
      runReport({ outcome: 'incomplete', exitCode: 3, skipped }),
    );
    expect(text).toContain('  * f49: unreadable\n  * and 950 more');
  });

  test('the HTML holds no style sheet, script, picture or SVG, because mail clients drop them', () => {
    expect(notificationFor(runReport()).html).not.toMatch(
      /<(style|script|img|svg|link)/,
    );
  });
});
