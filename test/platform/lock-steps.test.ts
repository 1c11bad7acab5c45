import { describe, expect, it } from 'vitest';
import type { Claim } from '../../src/platform/lock/lock-disk.js';
import type { Holder } from '../../src/platform/lock/holder.js';
import {
  findLast,
  releaseLock,
  type Steps,
  takeLock,
} from '../../src/platform/lock/take-lock.js';
import { ModelDisk } from '../helpers/lock-model.js';

const PATH = '/disk/.kms-backup.lock';

const holderOf = (id: string): Holder => ({
  ...{
    id,
    pid: 1,
    host: 'mail1',
    command: 'backup full',
    since: '2026-11-20T01:00:00.000Z',
    system: 'linux',
  },
  ...{
    boot: 'b',
    isBootNested: false,
    pidNamespace: 'p',
    timeNamespace: 't',
    started: id,
    machine: 'm',
    hardware: [],
  },
  ...{ isOnLocalDisk: true, isOldFormat: false },
});

/** What a disk holds before anybody comes. */
type Start = (disk: ModelDisk) => void;

const nothing: Start = () => undefined;
const deadFile: Start = (disk) => {
  disk.tree.set(PATH, holderOf('dead'));
};

const deadDirectory: Start = (disk) => {
  disk.prepareDirectory(PATH, holderOf('dead'));
};

const deadFollower: Start = (disk) => {
  disk.prepareDirectory(PATH, holderOf('dead'));
  disk.prepareDirectory(`${PATH}/after-dead`, holderOf('dead2'));
};

const deadRemover: Start = (disk) => {
  deadFile(disk);
  disk.prepareDirectory(`${PATH}.takeover`, holderOf('dead2'));
};

const emptyDirectory: Start = (disk) => {
  disk.tree.set(PATH, 'directory');
};

interface World {
  readonly disk: ModelDisk;
  /** Who believes that he holds the lock now. */
  readonly inside: Set<string>;
  readonly everInside: Set<string>;
}

/** One taker: takes the lock, is inside for a step, and gives it up; whoever is late tries again, `tries` times in all. */
function* taker(
  world: World,
  name: string,
  { tries, disk }: { tries: number; disk: ModelDisk },
): Steps<void> {
  for (let count = 1; count <= tries; count++) {
    const mine = holderOf(`${name}${String(count)}`);
    const isDead = ({ id }: Holder): boolean => id.startsWith('dead');
    const taken = yield* takeLock(disk, {
      path: PATH,
      mine,
      isDead,
      mayBeNameless: name.startsWith('n'),
    });
    if (taken.outcome === 'held') return;
    if (taken.outcome === 'again') continue;

    world.inside.add(name);
    world.everInside.add(name);
    if (world.inside.size > 1) {
      throw new Error(`two are in: ${[...world.inside].join(' and ')}`);
    }

    yield 'work';
    world.inside.delete(name);
    yield* releaseLock(disk, taken.hold);
    return;
  }
}

interface Run {
  readonly names: readonly string[];
  readonly tries: number;
  readonly start: Start;
  readonly hasLinks: boolean;
  readonly isFull?: boolean;
}

/**
 * Goes through every order of all takers' steps. Two orders that lead to one state of the disk and to one place in each
 * taker, after the same answers, go on in the same ways, so the second is not gone on with.
 * @returns how many states there were, and who was inside at the end of each order
 */
function exploreAll(run: Run): { states: number; ends: Set<string> } {
  const seen = new Set<string>();
  const ends = new Set<string>();
  const waiting: number[][] = [[]];

  for (let order = waiting.pop(); order !== undefined; order = waiting.pop()) {
    const { state, alive, world } = replay(run, order);
    if (seen.has(state)) continue;
    seen.add(state);
    if (alive.length === 0) ends.add(endOf(world));
    for (const index of alive) waiting.push([...order, index]);
  }

  return { states: seen.size, ends };
}

function replay(
  run: Run,
  order: readonly number[],
): { state: string; alive: number[]; world: World } {
  const disk = new ModelDisk({ hasLinks: run.hasLinks });
  run.start(disk);
  if (run.isFull === true) {
    Object.assign(disk, { features: { hasLinks: run.hasLinks, isFull: true } });
  }

  const world: World = { disk, inside: new Set(), everInside: new Set() };
  // What a taker does next depends on nothing but the answers that he was given.
  const answers = run.names.map(() => [] as string[]);
  const steps = run.names.map((name, index) =>
    taker(world, name, {
      tries: run.tries,
      disk: recording(disk, answers[index] ?? []),
    }),
  );
  const done = run.names.map(() => false);

  for (const index of order) {
    answers[index]?.push('then');
    done[index] = steps[index]?.next().done === true;
  }

  const alive = [...run.names.keys()].filter((index) => done[index] === false);
  const state = JSON.stringify([
    disk.state,
    [...world.inside],
    answers.map((own) => own.join()),
    done,
  ]);
  return { state, alive, world };
}

function recording(disk: ModelDisk, answers: string[]): ModelDisk {
  return new Proxy(disk, {
    get(target, name: keyof ModelDisk) {
      const found = Reflect.get(target, name) as unknown;
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(found, target, args);
        answers.push(`${name}=${wordOf(answer)}`);
        return answer;
      };
    },
  });
}

function wordOf(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return String(answer);
  const claim = answer as Claim;
  return claim.state === 'held' ? claim.holder.id : claim.state;
}

/** After all have gone, the next one must find the lock free, or a dead one's. */
function endOf({ disk, everInside }: World): string {
  const look = findLast(disk, PATH);
  let last = look.next();
  while (last.done !== true) last = look.next();
  const { claim } = last.value;
  const isOpen =
    claim.state === 'free' ||
    (claim.state === 'held' && claim.holder.id.startsWith('dead'));

  const left = [...disk.tree.keys()].filter((path) => !path.startsWith(PATH));
  return `${isOpen ? 'open' : 'shut for ever'}, ${everInside.size > 0 ? 'somebody' : 'nobody'} was in, ${String(left.length)} left`;
}

const STARTS = {
  nothing,
  deadFile,
  deadDirectory,
  deadFollower,
  deadRemover,
  emptyDirectory,
};
const DISKS = [true, false].flatMap((hasLinks) =>
  Object.entries(STARTS).map(([start, begin]) => ({ hasLinks, start, begin })),
);

describe('every order of the steps of a lock', () => {
  it.each(DISKS)(
    'of two takers that try twice, hard links $hasLinks, from $start',
    ({ hasLinks, begin }) => {
      const { states, ends } = exploreAll({
        names: ['a', 'b'],
        tries: 2,
        start: begin,
        hasLinks,
      });
      expect(states).toBeGreaterThan(20);
      expect([...ends]).toEqual(['open, somebody was in, 0 left']);
    },
  );

  it.each([
    { hasLinks: false, start: 'deadDirectory', tries: 1 },
    { hasLinks: true, start: 'nothing', tries: 1 },
  ] as const)(
    'of three takers, hard links $hasLinks, from $start',
    ({ hasLinks, start, tries }) => {
      const { states, ends } = exploreAll({
        names: ['a', 'b', 'c'],
        tries,
        start: STARTS[start],
        hasLinks,
      });
      expect(states).toBeGreaterThan(100);
      expect([...ends]).toEqual(['open, somebody was in, 0 left']);
    },
  );
});
