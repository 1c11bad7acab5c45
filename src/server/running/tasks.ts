/** The tasks of the schedule, in the server's words and in those of mailserver.cfg. Pure. */
import { FailedError } from '../../errors.js';
import {
  JsonAnswer,
  type JsonObject,
  UnknownAnswerError,
} from '../../platform/json-answer.js';
import type { ConfigChange, ItemValues } from '../config/change.js';

/** The list of mailserver.cfg. */
export const TASK_LIST = 'StoreBackupSchedule';

/** `Format`; the third is the copy by hand, which nobody schedules. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['backupTypeFull', '1'],
  ['backupTypeDifferential', '2'],
  ['backupTypeMirror', '3'],
]);

/** `Date`. */
const DAYS: ReadonlyMap<string, string> = new Map(
  [
    'Monday',
    'Tuesday',
    'Wednesday',
    'Thursday',
    'Friday',
    'Saturday',
    'Sunday',
  ].map((day, index) => [day, String(index + 1)]),
);

/** A task as it is to be. */
export interface WantedTask {
  readonly item: JsonObject;
  /** The server adds what it keeps of it beside. */
  readonly isNew: boolean;
}

/** A task in the words of mailserver.cfg. @throws {UnknownAnswerError} */
export function toItem(task: JsonObject, index: number): ItemValues {
  const answer = new JsonAnswer(
    `Backup.getScheduleList: scheduleList[${index}]`,
    task,
  );
  const time = answer.field('time');
  const seconds =
    time.field('hours').wholeNumber(0, 23) * 3600 +
    time.field('minutes').wholeNumber(0, 59) * 60 +
    time.field('seconds').wholeNumber(0, 59);

  return [
    ['Format', answer.field('type').oneOf(TYPES)],
    ['Date', answer.field('day').oneOf(DAYS)],
    ['Time', String(seconds)],
    ['Description', answer.field('description').text()],
    ['Enabled', answer.field('isEnabled').flag() ? '1' : '0'],
    ['Guid', answer.field('id').text()],
  ];
}

/** The tasks after a change of the list. */
export function withTask(
  tasks: readonly WantedTask[],
  change: Exclude<ConfigChange, { kind: 'set' }>,
): WantedTask[] {
  if (change.kind === 'add-item') {
    const item = change.values.reduce<JsonObject>(
      (made, [name, value]) => withValue(made, name, value),
      {},
    );

    return [...tasks, { item, isNew: true }];
  }

  const old = tasks[change.index];
  if (!old) throw new FailedError('the schedule has no such task');
  if (change.kind === 'remove-item') return tasks.toSpliced(change.index, 1);

  const item = withValue(old.item, change.name, change.value);

  return tasks.with(change.index, { ...old, item });
}

/** A task with one value of mailserver.cfg; its number is the server's to give. */
function withValue(task: JsonObject, name: string, value: string): JsonObject {
  switch (name) {
    case 'Format':
      return { ...task, type: wordFor(TYPES, value) };
    case 'Date':
      return { ...task, day: wordFor(DAYS, value) };
    case 'Time':
      return { ...task, time: timeOf(task, Number(value)) };
    case 'Description':
      return { ...task, description: value };
    case 'Enabled':
      return { ...task, isEnabled: value === '1' };
    default:
      return task;
  }
}

function timeOf(task: JsonObject, seconds: number): JsonObject {
  return {
    ...(task['time'] as JsonObject | undefined),
    hours: Math.floor(seconds / 3600),
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
  };
}

function wordFor(words: ReadonlyMap<string, string>, meaning: string): string {
  const found = [...words].find(([, value]) => value === meaning);
  if (found) return found[0];

  throw new UnknownAnswerError(`the schedule's ${meaning} has no word`);
}
