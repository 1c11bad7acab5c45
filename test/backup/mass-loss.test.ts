import { packNames } from '../../src/store/name-list.js';
import { describe, expect, it } from 'vitest';
import { countListed, countStored } from '../../src/backup/count-mail.js';
import {
  DEFAULT_LOSS_LIMITS,
  describeAlarm,
  type LeftOut,
  MassLoss,
  type ObservedMail,
  refuseGoneStore,
} from '../../src/backup/mass-loss.js';
import type { Predecessor } from '../../src/backup/predecessor.js';

type Counts = Readonly<Record<string, number>>;

const toMap = (counts: Counts): Map<string, number> =>
  new Map(Object.entries(counts));

const beforeOf = (counts: Counts): Predecessor => ({
  stem: 'F20260201T010000Z',
  counts: toMap(counts),
  leavesOut: [],
});

/** Mail that was packed as it was listed. */
const allOf = (counts: Counts): ObservedMail => ({
  listed: toMap(counts),
  stored: toMap(counts),
  unlisted: [],
});

/** The alarms of a run, by kind and mailbox. */
function alarmsOf(
  before: Predecessor | undefined,
  mail: ObservedMail | undefined,
  leftOut: readonly LeftOut[] = [],
): string[] {
  const massLoss = new MassLoss(before, DEFAULT_LOSS_LIMITS);
  massLoss.observe(mail, leftOut);

  return massLoss.verdict().alarms.map((alarm) => {
    switch (alarm.kind) {
      case 'unreachable':
        return `${alarm.kind} ${alarm.path.name}`;
      case 'unlisted':
        return `${alarm.kind} ${alarm.name}`;
      default:
        return `${alarm.kind} ${alarm.loss.mailbox ?? 'all'}`;
    }
  });
}

describe('mass loss', () => {
  it('is half of a mailbox, or a fifth of all', () => {
    const before = beforeOf({ 'x/a': 10, 'x/b': 30 });

    expect(alarmsOf(before, allOf({ 'x/a': 10, 'x/b': 30 }))).toEqual([]);
    expect(alarmsOf(before, allOf({ 'x/a': 5, 'x/b': 30 }))).toEqual([
      'gone x/a',
    ]);
    expect(alarmsOf(before, allOf({ 'x/a': 6, 'x/b': 26 }))).toEqual([
      'gone all',
    ]);
  });

  it('is no handful of messages, and no new mailbox', () => {
    expect(alarmsOf(beforeOf({ 'x/a': 4 }), allOf({}))).toEqual([]);
    expect(alarmsOf(beforeOf({}), allOf({ 'x/a': 100 }))).toEqual([]);
    expect(alarmsOf(undefined, allOf({ 'x/a': 100 }))).toEqual([]);
  });

  it('names the largest loss first, and a mailbox once', () => {
    const before = beforeOf({ 'x/a': 10, 'x/b': 100 });
    const mail = {
      listed: toMap({ 'x/a': 10, 'x/b': 100 }),
      stored: toMap({ 'x/b': 20 }),
      unlisted: ['@backup/store/mail/x/c/'],
    };

    expect(alarmsOf(before, mail)).toEqual([
      'unread all',
      'unread x/b',
      'unread x/a',
      'unlisted @backup/store/mail/x/c/',
    ]);
  });

  it('is nothing where a run does not look at mail', () => {
    expect(alarmsOf(beforeOf({ 'x/a': 100 }), undefined)).toEqual([]);
  });

  it('is an alarm where the store could not be reached for a time', () => {
    const path = { name: 'f', reason: 'cannot be listed', errno: 'ESTALE' };

    expect(alarmsOf(undefined, undefined, [path])).toEqual(['unreachable f']);
    expect(
      alarmsOf(undefined, undefined, [{ ...path, errno: 'EACCES' }]),
    ).toEqual([]);
  });

  it('is worded for people', () => {
    expect(
      describeAlarm({
        kind: 'gone',
        loss: { mailbox: 'x/a', before: 9, now: 1 },
        before: 'F1',
      }),
    ).toBe(
      'far less mail than before: x/a has 1 message, F1.zip has 9; no archive is removed in this run',
    );
  });
});

describe('a store that went away', () => {
  const failure = { name: 'f.eml', reason: 'EIO', errno: 'EIO' };

  function refuse(mail: ObservedMail | undefined, leftOut: LeftOut[]): void {
    const massLoss = new MassLoss(undefined, DEFAULT_LOSS_LIMITS);
    massLoss.observe(mail, leftOut);
    refuseGoneStore(massLoss.verdict());
  }

  it('is refused where the mail cannot be listed', () => {
    const root = { name: '@backup/store/mail/', reason: 'r', errno: 'EIO' };

    expect(() => {
      refuse(undefined, [root]);
    }).toThrow(/the mail of the store cannot be listed: .*\(EIO\)/);
  });

  it('is refused where not one listed message could be read, and the disk is at fault', () => {
    const mail = { listed: toMap({ 'x/a': 2 }), stored: toMap({}) };

    expect(() => {
      refuse({ ...mail, unlisted: [] }, [failure]);
    }).toThrow(/not one of 2 listed messages can be read/);
    expect(() => {
      refuse({ ...mail, unlisted: [] }, [{ ...failure, errno: 'EACCES' }]);
    }).not.toThrow();
  });

  it('is worth a backup where one message is left', () => {
    const mail = { listed: toMap({ 'x/a': 2 }), stored: toMap({ 'x/a': 1 }) };

    expect(() => {
      refuse({ ...mail, unlisted: [] }, [failure]);
    }).not.toThrow();
  });
});

describe('counts of mail', () => {
  const prefix = '@backup/store/mail/x/a/INBOX/#msgs/';
  const listed = countListed([
    { prefix, files: packNames(['1.eml', '2.eml', 'index.fld']) },
    { prefix: '@backup/settings/', files: packNames(['3.eml']) },
  ]);

  it('are of messages, by mailbox', () => {
    expect([...listed]).toEqual([['x/a', 2]]);
  });

  it('grow by what is found later and shrink by what was lost', () => {
    const added = [{ prefix, names: ['4.eml', '5.eml'] }];
    const lost = [`${prefix}1.eml`, `${prefix}index.fld`];

    expect([...countStored(listed, added, lost)]).toEqual([['x/a', 3]]);
    expect([...countStored(listed, [], [`${prefix}1.eml`])]).toEqual([
      ['x/a', 1],
    ]);
  });
});
