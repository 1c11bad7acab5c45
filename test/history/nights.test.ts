import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  canFakeTime,
  canInject,
  kmsWithFaultsAside,
} from '../helpers/faults.js';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { type SmtpService, startSmtp } from '../helpers/smtp.js';
import {
  buildTree,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import type { Json } from '../helpers/tools.js';

/**
 * Nights with a moved clock. The test keeps a record of its own, of what it did and what came of it; each morning everything that tells
 * people about backups must say the same.
 */
type Event =
  | 'sound'
  | 'broken ini'
  | 'broken cfg'
  | 'failing hook'
  | 'left out'
  | 'unmounted'
  | 'full disk'
  | 'killed'
  | 'killed while writing'
  | 'off'
  | 'loss'
  | 'acknowledged';

/** What a night does, by its number; every other one is sound. */
const THOROUGH: Readonly<Record<number, Event>> = {
  ...{ 4: 'broken ini', 5: 'broken ini', 9: 'killed', 12: 'left out' },
  ...{ 16: 'failing hook', 17: 'killed', 18: 'broken cfg' },
  ...{ 22: 'unmounted', 25: 'full disk', 30: 'loss', 36: 'acknowledged' },
  ...{ 41: 'off', 46: 'killed while writing', 47: 'off' },
  // A week in which the machine was off.
  ...{ 50: 'off', 51: 'off', 52: 'off', 53: 'off' },
  ...{ 54: 'off', 55: 'off', 56: 'off' },
  ...{ 60: 'unmounted', 61: 'unmounted', 62: 'unmounted', 70: 'loss' },
  ...{ 71: 'failing hook', 75: 'acknowledged', 80: 'left out' },
  ...{
    81: 'full disk',
    82: 'full disk',
    90: 'broken cfg',
    99: 'killed while writing',
  },
  ...{ 100: 'off', 101: 'broken ini', 110: 'left out', 111: 'loss' },
  ...{ 112: 'off', 113: 'off', 118: 'failing hook', 119: 'failing hook' },
};
const SAMPLE: Readonly<Record<number, Event>> = {
  ...{ 2: 'broken ini', 4: 'left out', 6: 'failing hook', 7: 'broken cfg' },
  ...{ 8: 'killed while writing', 9: 'unmounted', 10: 'full disk' },
  ...{ 11: 'loss', 13: 'acknowledged', 14: 'off', 15: 'off' },
};

const isThorough = Boolean(process.env['KMS_TEST_THOROUGH']);
const EVENTS = isThorough ? THOROUGH : SAMPLE;
const NIGHTS = isThorough ? 120 : 17;
/** The clocks change on the fifty-seventh night of the long form, and on the third of the short one. */
const FIRST = isThorough ? [2026, 1, 1] : [2026, 2, 27];

/** What the test knows. */
interface Truth {
  failedInARow: number;
  missed: number;
  lastExit: number | undefined;
  newest: Date | undefined;
  leftOut: boolean;
  loss: boolean;
}

let dir = '';
let server: Installation;
let smtp: SmtpService;
let zone: string | undefined;

beforeEach(async () => {
  zone = process.env['TZ'];
  process.env['TZ'] = 'Europe/Prague';
  dir = temporaryDirectory('nights');
  smtp = await startSmtp();
  server = buildInstallation(join(dir, 'server'), {
    store: store(40),
    keep: 2,
  });
});

afterEach(async () => {
  vi.useRealTimers();
  process.env['TZ'] = zone;
  await smtp.close();
  removeTemporary(dir);
});

const store = (count: number): Tree => ({
  mail: {
    'example.com': {
      alice: { INBOX: { '#msgs': messages(count), 'status.fld': 'S' } },
    },
  },
});

const messages = (count: number): Tree =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${index.toString(16).padStart(8, '0')}.eml`,
      message(`message ${String(index)}`),
    ]),
  );

const pathOf = (...names: string[]): string => join(server.serverDir, ...names);
const pagePath = (): string => join(dir, 'page.html');
const metricsPath = (): string => join(dir, 'kms.prom');

function writeIni(extra = ''): void {
  const lines = [
    `[smtp]\nhost = 127.0.0.1\nport = ${String(smtp.port)}\ntls = none`,
    'to = admin@example.com',
    `[metrics]\ntextfile = ${metricsPath()}`,
    `[status]\nhtml = ${pagePath()}`,
  ];
  writeFileSync(pathOf('kms-backup.ini'), `${lines.join('\n')}\n${extra}`);
}

const call = (...words: string[]) =>
  kmsInProcess([...words, '--server-dir', server.serverDir]);

function moveClock(night: number, hour: number): Date {
  const [year = 0, month = 0, day = 0] = FIRST;
  const at = new Date(year, month, day + night, hour, 0, 5);
  vi.useFakeTimers({ toFake: ['Date'], now: at });

  return at;
}

const hidden = (path: string): string => `${path}.hidden`;
const inbox = (): string =>
  join(server.storeDir, 'mail', 'example.com', 'alice', 'INBOX', '#msgs');

/** Lays the night's fault; the returned function takes it away. */
const FAULTS: Readonly<Partial<Record<Event, () => () => void>>> = {
  'broken ini': () => {
    writeIni('[nothing]\n');

    return () => {
      writeIni();
    };
  },
  'broken cfg': () => {
    const text = readFileSync(pathOf('mailserver.cfg'));
    writeFileSync(pathOf('mailserver.cfg'), '<config');

    return () => {
      writeFileSync(pathOf('mailserver.cfg'), text);
    };
  },
  'failing hook': () => {
    writeIni('[hooks]\nbefore = exit 7\n');

    return () => {
      writeIni();
    };
  },
  'left out': () => {
    symlinkSync('/etc/hostname', join(inbox(), 'ffffffff.eml'));

    return () => {
      rmSync(join(inbox(), 'ffffffff.eml'));
    };
  },
  unmounted: () => {
    renameSync(server.backupDir, hidden(server.backupDir));
    writeFileSync(server.backupDir, 'not mounted');

    return () => {
      rmSync(server.backupDir);
      renameSync(hidden(server.backupDir), server.backupDir);
    };
  },
  loss: () => {
    rmSync(inbox(), { recursive: true });
    mkdirSync(inbox());
    buildTree(inbox(), messages(3));

    return () => {
      buildTree(inbox(), messages(40));
    };
  },
};

/** The faults of the system that need a process of their own. */
const INJECTED: Readonly<Partial<Record<Event, string>>> = {
  'full disk': 'pwrite64:error=ENOSPC',
  killed: 'rename:signal=SIGKILL:when=1',
  // The archive is half written.
  'killed while writing': 'pwrite64:signal=SIGKILL:when=2',
};

async function backUp(
  event: Event,
  at: Date,
  type: 'full' | 'diff',
): Promise<number | undefined> {
  const fault = INJECTED[event];
  if (fault === undefined) {
    const { status } = await call('backup', type);

    return status ?? undefined;
  }

  const frozenAt = at.toISOString().slice(0, 19).replace('T', ' ');
  const words = ['backup', type, '--server-dir', server.serverDir];

  return kmsWithFaultsAside(words, { inject: [fault], frozenAt });
}

/** Plays one night and tells the record. */
async function play(night: number, truth: Truth): Promise<Event> {
  const event = EVENTS[night] ?? 'sound';
  const at = moveClock(night, 1);
  if (event === 'acknowledged') {
    await call('status', '--acknowledge');
    truth.loss = false;
  }

  if (event === 'off') {
    truth.missed++;
    return event;
  }

  const undo = FAULTS[event]?.();
  const type =
    at.getDay() === 0 || truth.newest === undefined ? 'full' : 'diff';
  const mails = smtp.mails.length;
  const exit = await backUp(event, at, type);
  const publishes = exit === 0 || exit === 3;

  expect(publishes, `night ${String(night)}, ${event}`).toBe(
    PUBLISHING.has(event),
  );
  expect(exit === 3, event).toBe(event === 'left out' || event === 'loss');

  truth.missed = 0;
  truth.lastExit = exit;
  truth.failedInARow = publishes ? 0 : truth.failedInARow + 1;
  truth.leftOut = event === 'left out';
  truth.loss ||= event === 'loss';
  if (publishes) truth.newest = at;
  await checkTold(event, truth, mails);
  undo?.();

  return event;
}

const PUBLISHING: ReadonlySet<Event> = new Set([
  ...(['sound', 'left out'] as const),
  ...(['loss', 'acknowledged'] as const),
]);

const toldThemselves = (event: Event): boolean =>
  event !== 'off' && !isKill(event);

const isKill = (event: Event): boolean => event.startsWith('killed');

/** The mail, the page and the metrics that the run itself left. */
async function checkTold(
  event: Event,
  truth: Truth,
  mailsBefore: number,
): Promise<void> {
  const isWell = truth.lastExit === 0 && !truth.loss;
  if (!isKill(event)) {
    const page = readFileSync(pagePath(), 'utf8');
    expect(page.includes('All is well'), event).toBe(isWell);
  }

  const mail = smtp.mails.slice(mailsBefore).at(-1)?.raw ?? '';
  if (!toldThemselves(event)) return;

  const { subject = '' } = await PostalMime.parse(mail);
  expect(subject.includes('FAILED'), `${event}: ${subject}`).toBe(
    truth.failedInARow > 0,
  );
  expect(
    readFileSync(metricsPath(), 'utf8').match(
      /last_run_exit_code\{type="\w+"\} \d+/g,
    ),
  ).toContainEqual(
    expect.stringMatching(new RegExp(` ${String(truth.lastExit)}$`)),
  );
}

/** The level that the record says a monitoring system must show in the morning. */
function levelOf({ failedInARow, missed, leftOut, loss }: Truth): string {
  if (failedInARow > 1 || missed > 1) return 'critical';

  return failedInARow > 0 || missed > 0 || leftOut || loss ? 'warning' : 'ok';
}

/** Everything that is asked in the morning says what the record says. */
async function checkMorning(night: number, truth: Truth): Promise<void> {
  moveClock(night, 8);
  const what = `night ${String(night)}: ${JSON.stringify(truth)}`;
  const files = ['--html', pagePath(), '--prometheus', metricsPath()];
  const { stdout } = await call('status', '--json', ...files);
  const status = JSON.parse(stdout) as Json & {
    warnings: string[];
    runs: { failing?: { nights: number } };
    newestRecoverable?: { takenAt: string };
  };

  expect(status['level'], `${what} ${status.warnings.join('; ')}`).toBe(
    levelOf(truth),
  );
  expect(status.runs.failing?.nights ?? 0, what).toBe(truth.failedInARow);
  expect(status.newestRecoverable?.takenAt, what).toBe(
    truth.newest && newestOf(truth.newest),
  );

  const page = readFileSync(pagePath(), 'utf8');
  expect(page.includes('All is well'), what).toBe(levelOf(truth) === 'ok');

  const check = await call('status', '--max-age', '8h');
  const isFresh =
    truth.newest !== undefined &&
    Date.now() - truth.newest.getTime() < 8 * 3_600_000;
  expect(check.status === 0, what).toBe(isFresh && levelOf(truth) === 'ok');

  checkMetrics(truth, what);
  await checkHistory(truth, what);
}

function checkMetrics(
  { lastExit, failedInARow, missed, newest }: Truth,
  what: string,
): void {
  const text = readFileSync(metricsPath(), 'utf8');
  const valueOf = (name: string): number | undefined => {
    const line = new RegExp(`^kms_backup_history_${name} (\\S+)$`, 'm');
    const value = line.exec(text)?.[1];

    return value === undefined ? undefined : Number(value);
  };

  expect(
    {
      exitCode: valueOf('last_run_exit_code'),
      nights: valueOf('failing_nights'),
      missed: valueOf('missed_tasks'),
      success: valueOf('last_success_timestamp_seconds'),
    },
    what,
  ).toEqual({
    exitCode: lastExit ?? -1,
    nights: failedInARow,
    missed,
    success: newest && Math.floor(newest.getTime() / 1000),
  });
}

async function checkHistory(truth: Truth, what: string): Promise<void> {
  const { stdout } = await call('history', '--last', '1', '--json');
  const [last] = (JSON.parse(stdout) as { runs: Json[] }).runs;

  expect(last?.['exitCode'], what).toBe(truth.lastExit);
  expect(last?.['state'], what).toBe(stateOf(truth.lastExit));
}

const stateOf = (exit: number | undefined): string =>
  ({ 0: 'done', 3: 'incomplete' })[exit ?? -1] ??
  (exit === undefined ? 'died' : 'failed');
/** An archive is dated to the second. */
const newestOf = (at: Date): string =>
  new Date(Math.floor(at.getTime() / 1000) * 1000).toISOString();

describe.runIf(canInject && canFakeTime)('nights', () => {
  it('are told by everything as they were', async () => {
    writeIni();
    moveClock(0, 0);
    for (const day of ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']) {
      const type = day === 'sun' ? 'full' : 'diff';
      const words = ['--type', type, '--day', day, '--time', '01:00'];
      await call('schedule', 'add', ...words);
    }

    const truth: Truth = {
      ...{ failedInARow: 0, missed: 0, lastExit: undefined },
      ...{ newest: undefined, leftOut: false, loss: false },
    };

    for (let night = 0; night < NIGHTS; night++) {
      await play(night, truth);
      await checkMorning(night, truth);
    }

    expect(existsSync(pathOf('kms-backup-history.jsonl'))).toBe(true);
  });
});
