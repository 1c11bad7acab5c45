/** What the backup of a running server does, and what it did last. */
import {
  type JsonAnswer,
  UnknownAnswerError,
} from '../../platform/json-answer.js';
import type { AdminCalls } from './calls.js';

/** An archive as the server remembers it. */
interface RememberedArchive {
  readonly takenAt: Date;
  readonly sizeBytes: number;
}

export interface RunningBackupState {
  readonly isAtWork: boolean;
  /** 0 to 100. */
  readonly percent: number;
  readonly lastResult: 'none' | 'done' | 'failed';
  readonly last: {
    readonly full: RememberedArchive | undefined;
    readonly differential: RememberedArchive | undefined;
    readonly copy: RememberedArchive | undefined;
  };
}

const RESULTS: ReadonlyMap<string, RunningBackupState['lastResult']> = new Map([
  ['backupStatusNone', 'none'],
  ['backupStatusSuccessful', 'done'],
  ['backupStatusFailed', 'failed'],
]);

const UNITS: ReadonlyMap<string, number> = new Map(
  [
    'Bytes',
    'KiloBytes',
    'MegaBytes',
    'GigaBytes',
    'TeraBytes',
    'PetaBytes',
  ].map((unit, power) => [unit, 1024 ** power]),
);

/** @throws {UnknownAnswerError} */
export async function readBackupState(
  calls: AdminCalls,
): Promise<RunningBackupState> {
  const status = (await calls.ask('Backup.getStatus')).field('status');

  return {
    isAtWork: status.field('backupInProgress').flag(),
    percent: status.field('percents').wholeNumber(0, 100),
    lastResult: status.field('lastBackupStatus').oneOf(RESULTS),
    last: {
      full: toArchive(status.field('lastFull')),
      differential: toArchive(status.field('lastDifferential')),
      copy: toArchive(status.field('lastMirror')),
    },
  };
}

/** `Kerio Connect 10.0.8.9228`. */
export async function readVersion(calls: AdminCalls): Promise<string> {
  const answer = await calls.ask('Server.getVersion');

  return `${answer.field('product').text()} ${answer.field('version').text()}`;
}

function toArchive(info: JsonAnswer): RememberedArchive | undefined {
  if (!info.field('isCreated').flag()) return undefined;

  const size = info.field('size');
  const value = size.field('value').wholeNumber(0, Number.MAX_SAFE_INTEGER);

  return {
    takenAt: toMoment(info.field('created')),
    sizeBytes: value * size.field('units').oneOf(UNITS),
  };
}

/** Three spellings are known: `20261122T010003Z`, `20261122T010003+0000`, `2026-11-22T01:00:03Z`. */
function toMoment(answer: JsonAnswer): Date {
  const parts =
    /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(Z|[+-]\d\d:?\d\d)$/.exec(
      answer.text(),
    );

  if (parts) {
    const [, year, month, day, hour, minute, second, zone = 'Z'] = parts;
    const offset = zone.replace(/^(...)(\d\d)$/, '$1:$2');
    const moment = new Date(
      `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}${offset}`,
    );
    if (!Number.isNaN(moment.getTime())) return moment;
  }

  throw new UnknownAnswerError(
    `${answer.place} is ${JSON.stringify(answer.text().slice(0, 40))}, which is no moment`,
  );
}
