import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  damage,
  Dice,
  type EntryLayout,
  KINDS,
  layoutOf,
  makeMessages,
  type Ranges,
  stateOf,
  writeStore,
} from '../../scripts/bench/damaged-archives.mjs';
import Recover from '../../src/commands/recover.js';
import type { RecoverReport } from '../../src/recover/request.js';
import { runInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, type NightOptions } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

/** Each of them is damaged in a way of its own. */
const DAMAGED = process.env['KMS_TEST_THOROUGH'] === undefined ? 25 : 200;
const BATCH = 25;
const FIRST_SEED = Number(process.env['KMS_TEST_SEED'] ?? 1);
const PREFIX = '@backup/store/';

/** A backup directory before it is damaged. */
interface Shelf {
  readonly dir: string;
  /** By volume. */
  readonly layouts: ReadonlyMap<string, readonly EntryLayout[]>;
  /** Messages by path below the store, as the last backup has them, and as the full has them. */
  readonly last: ReadonlyMap<string, Buffer>;
  readonly full: ReadonlyMap<string, Buffer>;
}

const root = temporaryDirectory('salvage');
const shelves: Shelf[] = [];

afterAll(() => {
  removeTemporary(root);
});

/** A server whose mail changes after the full: messages come, go and, as no server does, are written anew. */
async function makeShelf(
  name: string,
  options: NightOptions,
  hasDifferential: boolean,
): Promise<Shelf> {
  const full = makeMessages(shelves.length + 1);
  const server: Installation = buildInstallation(join(root, name), {
    store: {},
  });
  writeStore(server.storeDir, full);
  const night = { ...options, rotates: false };
  await backUpAt(server, 'full', '2026-01-01T01:00:00Z', night);

  const last = new Map(full);
  if (hasDifferential) {
    change(server.storeDir, last);
    await backUpAt(server, 'differential', '2026-01-02T01:00:00Z', night);
  }

  const layouts = new Map(
    readdirSync(server.backupDir)
      .filter((file) => file.endsWith('.zip'))
      .map((file) => [file, layoutOf(join(server.backupDir, file)).entries]),
  );

  return { dir: server.backupDir, layouts, full, last };
}

function change(storeDir: string, messages: Map<string, Buffer>): void {
  const paths = [...messages.keys()];
  const dice = new Dice(99);

  for (const path of paths.filter((_, at) => at % 11 === 3)) {
    messages.delete(path);
    rmSync(join(storeDir, path));
  }

  for (const path of paths.filter((_, at) => at % 13 === 5)) {
    if (!messages.has(path)) continue;

    messages.set(path, Buffer.from(dice.bytes(400).toString('hex')));
    writeFileSync(join(storeDir, path), messages.get(path) ?? '');
  }

  for (const path of paths.filter((_, at) => at % 5 === 1)) {
    const added = path.replace(/0000(....\.eml)$/, '0001$1');
    messages.set(added, Buffer.from(dice.bytes(700).toString('base64')));
    writeFileSync(join(storeDir, added), messages.get(added) ?? '');
  }
}

beforeAll(async () => {
  const small = { volumeLimitBytes: 24_000, oversize: 'split' } as const;
  shelves.push(
    await makeShelf('one', {}, false),
    await makeShelf('volumes', small, false),
    await makeShelf('pair', {}, true),
    await makeShelf('pair-of-volumes', small, true),
  );
});

interface Salvaged {
  readonly exitCode: number;
  readonly output: string;
  readonly report: Partial<RecoverReport>;
  /** Messages by path below the store. */
  readonly arrived: ReadonlyMap<string, Buffer>;
}

async function salvage(dir: string, place: string): Promise<Salvaged> {
  mkdirSync(join(place, 'cfg'), { recursive: true });
  const { exitCode, stdout, output } = await runInProcess(Recover, [
    dir,
    ...['--salvage', '--yes', '--json', '--server-dir', place],
    ...['--store', join(place, 'store'), '--cfgdir', join(place, 'cfg')],
  ]);
  const store = join(place, 'store');
  const files = existsSync(store)
    ? readdirSync(store, { recursive: true, encoding: 'utf8' })
    : [];
  const messages = files.filter((path) => path.endsWith('.eml'));

  return {
    exitCode,
    output,
    report: JSON.parse(stdout) as Partial<RecoverReport>,
    arrived: new Map(
      messages.map((path) => [path, readFileSync(join(store, path))]),
    ),
  };
}

/** The messages of the point that the damage left whole, and where each of the others lay. */
function sortOut(
  shelf: Shelf,
  touched: ReadonlyMap<string, Ranges>,
): {
  whole: Set<string>;
  others: Map<string, { volume: string; state: string }>;
  messages: ReadonlyMap<string, Buffer>;
} {
  const whole = new Set<string>();
  const others = new Map<string, { volume: string; state: string }>();
  // An archive of which no volume is left is none that anybody knows of.
  const stems = [...shelf.layouts.keys()]
    .filter((file) => !isGone(touched.get(file)))
    .map((file) => file.slice(0, 16));
  const newest = stems.sort().at(-1) ?? '';
  const differential = stems.find((stem) => /^[ID]/.test(stem));
  const point = differential ?? newest;

  const messages = differential === undefined ? shelf.full : shelf.last;

  for (const [path] of messages) {
    const pieces = [...shelf.layouts].flatMap(([volume, entries]) =>
      entries
        .filter(({ name }) => wholeName(name) === PREFIX + path)
        .map((entry) => ({ volume, entry })),
    );
    const own = pieces.filter(({ volume }) => volume.startsWith(point));
    const meant = own.length > 0 ? own : pieces;
    const states = meant.map(({ volume, entry }) => ({
      volume,
      state: stateOf(entry, touched.get(volume)),
    }));
    const bad = states.find(({ state }) => state !== 'whole');

    if (bad) others.set(path, bad);
    else whole.add(path);
  }

  return { whole, others, messages };
}

/** Says whether a whole volume is gone. */
const isGone = (ranges: Ranges = []): boolean =>
  ranges.some(([start, end]) => start === 0 && end === Infinity);

const wholeName = (name: string): string =>
  name.replace(/\.kms-part-\d+-of-\d+$/, '');

/** A damaged directory, and what came out of it. */
interface Case {
  readonly name: string;
  readonly shelf: Shelf;
  readonly touched: ReadonlyMap<string, Ranges>;
  readonly sorted: ReturnType<typeof sortOut>;
  readonly salvaged: Salvaged;
}

/** Damages a copy, salvages it, and tells what is not as it should be. */
async function judge(seed: number): Promise<string[]> {
  const dice = new Dice(seed * 7919);
  const shelf = shelves[seed % shelves.length];
  if (!shelf) throw new Error('no shelf');

  const kinds = [KINDS[seed % KINDS.length] ?? ''];
  if (seed % 5 === 4) kinds.push(dice.pick(KINDS));

  const place = join(root, 'places', String(seed));
  const dir = join(place, 'backups');
  cpSync(shelf.dir, dir, { recursive: true });
  rmSync(join(dir, '.kms-backup-verified.json'), { force: true });

  const { touched } = damage(dir, seed, kinds);
  const tried = {
    name: `seed ${String(seed)}, ${kinds.join(' and ')}`,
    shelf,
    touched,
    sorted: sortOut(shelf, touched),
    salvaged: await salvage(dir, place),
  };

  rmSync(place, { recursive: true, force: true });

  return [
    ...findUnbrought(tried),
    ...findWrong(tried),
    ...findUnnamed(tried),
  ].map((fault) => `${tried.name}: ${fault}`);
}

function findUnbrought({
  sorted: { whole, others },
  salvaged,
}: Case): string[] {
  const { exitCode, arrived, output } = salvaged;
  const left = [...whole].filter((path) => !arrived.has(path));
  const faults = left.map((path) => `whole, and not brought: ${path}`);

  if (![0, 3].includes(exitCode) && whole.size > 0) {
    faults.push(`exit ${String(exitCode)} ${output.slice(0, 400)}`);
  }

  return exitCode === 0 && others.size > 0
    ? [...faults, 'exit 0, although mail is lost']
    : faults;
}

function findWrong({ sorted: { messages }, shelf, salvaged }: Case): string[] {
  const { arrived, report } = salvaged;
  const isTold = (report.lost ?? []).some(({ kind }) => kind !== 'message');
  const isRight = (path: string, bytes: Buffer): boolean =>
    messages.get(path)?.equals(bytes) ??
    // Deleted since the full, and the list of that is lost.
    (isTold && shelf.full.get(path)?.equals(bytes) === true);

  return [...arrived]
    .filter(([path, bytes]) => {
      const isOlder = isTold && shelf.full.get(path)?.equals(bytes) === true;

      return !isRight(path, bytes) && !isOlder;
    })
    .map(([path]) => `wrong bytes: ${path}`);
}

function findUnnamed({
  sorted: { others },
  touched,
  salvaged,
}: Case): string[] {
  const { exitCode, arrived, report } = salvaged;
  if ([4, 10].includes(exitCode)) return [];

  const missing = report.lost ?? [];
  const isCovered = (volume: string): boolean =>
    missing.some(
      ({ kind, volume: own, name }) =>
        (['volume', 'break'].includes(kind) && own === volume) ||
        (kind === 'archive' && volume.startsWith(name.slice(0, 16))),
    );
  const mayBeNameless = (volume: string, state: string): boolean =>
    state === 'lost' ||
    touched.get(volume)?.some(([, end]) => end === Infinity) === true;

  return [...others]
    .filter(
      ([path, { volume, state }]) =>
        !arrived.has(path) &&
        !missing.some(({ entry }) => entry === PREFIX + path) &&
        !(mayBeNameless(volume, state) && isCovered(volume)),
    )
    .map(
      ([path, { volume, state }]) =>
        `not named: ${path} (${state} in ${volume})`,
    );
}

describe('recover --salvage', () => {
  for (let first = FIRST_SEED; first < FIRST_SEED + DAMAGED; first += BATCH) {
    it(`brings every whole message of ${String(BATCH)} damaged archives from seed ${String(first)} on, and names every other`, async () => {
      const faults: string[] = [];
      for (let at = 0; at < BATCH; at++) {
        faults.push(...(await judge(first + at)));
      }

      expect(faults).toEqual([]);
    });
  }
});
