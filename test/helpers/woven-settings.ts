import { expect } from 'vitest';
import type { PlannedAct } from './woven-plan.js';

/** What edits of a server's settings, schedule and log have promised, and whether mailserver.cfg has it. */

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DEFAULT_TIMES = Array.from({ length: 7 }, () => ['', 3600] as const);

/** A task: its description and its time in seconds. */
type Task = readonly [description: string, seconds: number];

interface Promised {
  /** Variables of mailserver.cfg. */
  readonly values: ReadonlyMap<string, string>;
  readonly tasks: readonly Task[];
  readonly isLogOn: boolean;
}

/** What a server is to have; what one act changes, or several of which none meets another's. */
export class WovenSettings {
  #now: Promised = { values: new Map(), tasks: [], isLogOn: false };

  /** @param config mailserver.cfg as it was laid down */
  constructor(config: string) {
    for (const name of ['RotationLimit', 'MaxFileSize', 'AdminNotify']) {
      this.noteValue(name, valueOf(config, name));
    }
  }

  /** The words of an edit, without those of a restart. */
  wordsOf({ kind, number }: PlannedAct): string[] {
    switch (kind) {
      case 'config set':
        return ['config', 'set', `keep=${number}`].concat(
          number % 2 === 0 ? [`volume-size=${100_000 + number}`] : [],
        );
      case 'another config set':
        return ['config', 'set', `notify=a${number}@example.com`];
      case 'schedule':
        return ['schedule', ...this.#scheduleWords(number)];
      case 'log':
        return ['log', number % 2 ? 'enable' : 'disable', 'store-backup'];
      default:
        return [];
    }
  }

  /** An edit that is made twice does what it does once; but a task's number means another task by then. */
  isRepeatable({ kind, number }: PlannedAct): boolean {
    return kind !== 'schedule' || this.#scheduleKind(number) !== 'rm';
  }

  /** An act has ended with 0. */
  note(act: PlannedAct): void {
    this.#now = this.#after(act);
  }

  /** The server has set this by itself. */
  noteValue(name: string, value: string): void {
    this.#now = { ...this.#now, values: this.#with({ [name]: value }) };
  }

  /** Whether an act that was killed is done; half of it is neither. */
  isDone(act: PlannedAct, config: string): boolean {
    const found = this.#read(config, act);
    const isDone = same(found, this.#after(act), act);
    if (!isDone && !same(found, this.#now, act)) {
      throw new Error(`half done: ${JSON.stringify([act, found])}`);
    }

    return isDone;
  }

  expectIn(config: string): void {
    for (const [name, value] of this.#now.values) {
      expect(valueOf(config, name), name).toBe(value);
    }

    expect(tasksOf(config)).toEqual(this.#now.tasks);
    expect(isLogOn(config)).toBe(this.#now.isLogOn);
  }

  /** Of what an act changes. */
  #read(config: string, act: PlannedAct): Promised {
    const names = Object.keys(valuesOf(act));
    const values = names.map((name) => [name, valueOf(config, name)] as const);

    return {
      values: new Map(values),
      tasks: tasksOf(config),
      isLogOn: isLogOn(config),
    };
  }

  #with(values: Readonly<Record<string, string>>): Map<string, string> {
    return new Map([...this.#now.values, ...Object.entries(values)]);
  }

  #after(act: PlannedAct): Promised {
    const { kind, number } = act;

    return {
      values: this.#with(valuesOf(act)),
      tasks: kind === 'schedule' ? this.#tasksAfter(number) : this.#now.tasks,
      isLogOn: kind === 'log' ? number % 2 === 1 : this.#now.isLogOn,
    };
  }

  /** The schedule is as the round before left it: one act of a round edits it. */
  #scheduleWords(number: number): string[] {
    const { description, time } = taskOf(number);
    const position = String(this.#positionOf(number) + 1);

    switch (this.#scheduleKind(number)) {
      case 'reset':
        return ['reset'];
      case 'rm':
        return ['rm', position];
      case 'edit':
        return ['edit', position, '--time', time];
      case 'add':
        return [
          ...['add', '--type', number % 2 ? 'full' : 'diff', '--time', time],
          ...['--day', DAYS[number % 7] ?? '', '--description', description],
        ];
    }
  }

  #scheduleKind(number: number): 'add' | 'edit' | 'reset' | 'rm' {
    const { length } = this.#now.tasks;
    if (number % 5 === 0) return 'reset';
    if (length < 2) return 'add';
    if (length > 8) return 'rm';

    return (['add', 'edit', 'rm'] as const)[number % 3] ?? 'add';
  }

  #positionOf(number: number): number {
    const { length } = this.#now.tasks;

    return length === 0 ? 0 : number % length;
  }

  #tasksAfter(number: number): readonly Task[] {
    const { tasks } = this.#now;
    const { description, seconds } = taskOf(number);
    const at = this.#positionOf(number);

    switch (this.#scheduleKind(number)) {
      case 'reset':
        return DEFAULT_TIMES;
      case 'rm':
        return tasks.toSpliced(at, 1);
      case 'edit':
        return tasks.with(at, [tasks[at]?.[0] ?? '', seconds]);
      case 'add':
        return [...tasks, [description, seconds]];
    }
  }
}

function valuesOf({ kind, number }: PlannedAct): Record<string, string> {
  switch (kind) {
    case 'config set':
      return {
        RotationLimit: String(number),
        ...(number % 2 === 0 ? { MaxFileSize: String(100_000 + number) } : {}),
      };
    case 'another config set':
      return { AdminNotify: `a${number}@example.com` };
    default:
      return {};
  }
}

function same(one: Promised, other: Promised, act: PlannedAct): boolean {
  const facts = ({ values, tasks, isLogOn: isOn }: Promised): unknown[] => [
    ...Object.keys(valuesOf(act)).map((name) => values.get(name)),
    ...(act.kind === 'schedule' ? tasks : []),
    ...(act.kind === 'log' ? [isOn] : []),
  ];

  return JSON.stringify(facts(one)) === JSON.stringify(facts(other));
}

/** The value of a variable of mailserver.cfg. */
export function valueOf(config: string, name: string): string {
  return new RegExp(`"${name}">([^<]*)<`).exec(config)?.[1] ?? '';
}

function tasksOf(config: string): Task[] {
  return [...config.matchAll(/"Time">(\d+)<[^]*?"Description">([^<]*)</g)].map(
    ([, seconds, description = '']) => [description, Number(seconds)],
  );
}

const isLogOn = (config: string): boolean =>
  /"EventName">backup<[^]*?"Enabled">1</.test(config);

function taskOf(number: number): {
  readonly description: string;
  readonly time: string;
  readonly seconds: number;
} {
  const hour = number % 24;
  const minute = number % 60;
  const time = [hour, minute]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');

  return {
    description: `task ${number}`,
    time,
    seconds: hour * 3600 + minute * 60,
  };
}
