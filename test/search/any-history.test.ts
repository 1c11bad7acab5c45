import {
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const NIGHTS = 9;
const FOLDERS = ['INBOX', 'Sent', 'Old'];
const USERS = ['alice', 'bob'];
const TYPES = ['full', 'differential', 'differential', 'copy'] as const;

/** Where messages lie below `mail/`, and the number of each. */
type Snapshot = ReadonlyMap<string, number>;

interface Night {
  readonly archive: string;
  readonly at: string;
  readonly mail: Snapshot;
}

interface Sighted {
  readonly name: string;
  readonly lastSeen: string;
  readonly goneSince: string | null;
  readonly isLive: boolean;
  readonly archive: string;
}

let dir = '';

afterEach(() => {
  removeTemporary(dir);
});

/** Some have no Message-ID; of two with one Message-ID the size tells which. */
const textOf = (number: number): string =>
  [
    'From: weber@example.com',
    `Subject: report ${String(number % 4)}`,
    ...(number % 5 === 0
      ? []
      : [`Message-ID: <${String(number >> 1)}@example.com>`]),
    '',
    'x'.repeat(number),
    '',
  ].join('\r\n');
const idOf = (number: number): string | undefined =>
  number % 5 === 0 ? undefined : String(number >> 1);
const mailboxOf = (path: string): string => path.split('/')[1] ?? '';
const nameOf = (path: string): string =>
  path.replace('/#msgs/', '/').replace(/\.eml$/, '');

/** A mail server whose mail changes at random. */
class Story {
  readonly mail = new Map<string, number>();
  readonly nights: Night[] = [];
  #made = 0;

  constructor(
    private readonly server: Installation,
    private readonly random: Random,
  ) {}

  change(): void {
    for (let time = 0; time < 6; time++) {
      const paths = [...this.mail.keys()];
      const deed = this.random.next();
      const from = paths.length === 0 ? undefined : this.random.pick(paths);

      if (from === undefined || deed < 0.4) {
        this.#put(this.#free(), this.#made++);
      } else if (deed < 0.6) {
        this.#remove(from);
      } else if (deed < 0.8) {
        this.#move(from, this.#free(mailboxOf(from)));
      } else if (deed < 0.9) {
        this.#put(this.#free(), this.mail.get(from) ?? 0);
      } else {
        this.#comeBack();
      }
    }
  }

  note(archive: string, at: string): void {
    this.nights.push({ archive, at, mail: new Map(this.mail) });
  }

  /** Removes the oldest archive where no later one needs it. */
  forgetOldest(): void {
    const [first, ...later] = this.nights;
    const newest = later.at(-1);
    if (!first || !newest || first === newest) return;

    const nextFull = later.findIndex(({ archive }) => archive.startsWith('F'));
    const own = first.archive.startsWith('C')
      ? []
      : later.slice(0, nextFull < 0 ? later.length : nextFull);

    const isNeeded =
      own.some(({ archive }) => archive.startsWith('I')) ||
      (first.archive.startsWith('F') && nextFull < 0);
    if (isNeeded) return;

    rmSync(join(this.server.backupDir, first.archive));
    this.nights.shift();
  }

  /** A message of an earlier night, under its old name where that is free. */
  #comeBack(): void {
    const night = this.nights.at(0);
    for (const [path, number] of night?.mail ?? []) {
      if (this.mail.has(path)) continue;

      this.#put(path, number);
      return;
    }
  }

  #free(user = this.random.pick(USERS)): string {
    for (;;) {
      const file = `0000000${this.random.int(0, 15).toString(16)}.eml`;
      const path = `example.com/${user}/${this.random.pick(FOLDERS)}/#msgs/${file}`;
      if (!this.mail.has(path)) return path;
    }
  }

  #put(path: string, number: number): void {
    const target = this.#pathOf(path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, textOf(number));
    this.mail.set(path, number);
  }

  #remove(path: string): void {
    rmSync(this.#pathOf(path));
    this.mail.delete(path);
  }

  #move(from: string, to: string): void {
    mkdirSync(dirname(this.#pathOf(to)), { recursive: true });
    renameSync(this.#pathOf(from), this.#pathOf(to));
    this.mail.set(to, this.mail.get(from) ?? 0);
    this.mail.delete(from);
  }

  #pathOf(path: string): string {
    return join(this.server.storeDir, 'mail', path);
  }
}

/** What a look at every message of every night finds. */
function naiveSearch(
  { nights, mail }: Story,
  isWanted: (path: string, number: number) => boolean,
): Sighted[] {
  const seen = new Map<
    string,
    { path: string; number: number; night: number }
  >();

  for (const [night, point] of nights.entries()) {
    const found = [...point.mail]
      .filter(([path, number]) => isWanted(path, number))
      .sort(([a], [b]) => (nameOf(a) > nameOf(b) ? -1 : 1));

    for (const [path, number] of found) {
      const what = idOf(number) === undefined ? path : '';
      seen.set(`${mailboxOf(path)} ${String(number)} ${what}`, {
        path,
        number,
        night,
      });
    }
  }

  const live = (path: string, number: number): boolean =>
    idOf(number) === undefined
      ? mail.has(path)
      : [...mail].some(
          ([other, one]) =>
            mailboxOf(other) === mailboxOf(path) && idOf(one) === idOf(number),
        );

  return [...seen.values()].map(({ path, number, night }) => ({
    name: nameOf(path),
    lastSeen: nights[night]?.at ?? '',
    goneSince: nights[night + 1]?.at ?? null,
    isLive: live(path, number),
    archive: nights[night]?.archive ?? '',
  }));
}

const ordered = (hits: readonly Sighted[]): string[] =>
  hits
    .map(({ name, lastSeen, goneSince, isLive, archive }) =>
      [name, lastSeen, String(goneSince), String(isLive), archive].join(' '),
    )
    .sort();

async function searchAll(
  server: Installation,
  ...flags: string[]
): Promise<string[]> {
  const { json } = await kmsJsonInProcess([
    'search',
    server.backupDir,
    '--server-dir',
    server.serverDir,
    ...flags,
  ]);

  return ordered(json['messages'] as Sighted[]);
}

/** Flags, and the messages that they ask for. */
type Case = [string[], (path: string, number: number) => boolean];

/** Compares searches with a look at everything; in what they keep of each other they may not differ. */
async function compare(
  story: Story,
  server: Installation,
  random: Random,
): Promise<void> {
  const number = random.int(0, 3);
  const user = random.pick(USERS);
  const folder = random.pick(FOLDERS);
  const isOfSubject = (_: string, one: number): boolean => one % 4 === number;
  const isOfUser = (path: string): boolean => mailboxOf(path) === user;
  const isInFolder = (path: string): boolean =>
    isOfUser(path) && path.split('/')[2] === folder;
  const has = (isWanted: (path: string) => boolean): boolean =>
    story.nights.some(({ mail }) => [...mail.keys()].some(isWanted));

  const cases: Case[] = [
    [['--subject', `REPORT ${String(number)}`], isOfSubject],
    [['--text', `report ${String(number)}`], isOfSubject],
  ];

  if (has(isOfUser)) cases.push([['-u', user], isOfUser]);
  if (has(isInFolder)) cases.push([['-u', user, '-f', folder], isInFolder]);

  for (const [flags, isWanted] of cases) {
    const expected = naiveSearch(story, isWanted);
    const more = random.chance(0.3) ? ['--no-cache'] : [];
    expect(await searchAll(server, ...flags, ...more), flags.join(' ')).toEqual(
      ordered(expected),
    );
    expect(await searchAll(server, ...flags, '--deleted')).toEqual(
      ordered(expected.filter(({ isLive }) => !isLive)),
    );
  }
}

describe('a search through any history of archives', () => {
  it.each(
    Array.from(
      { length: process.env['KMS_TEST_THOROUGH'] ? 40 : 4 },
      (_, seed) => seed,
    ),
  )(
    'finds what a look at every message of every point finds (%i)',
    async (seed) => {
      dir = temporaryDirectory('history');
      const random = new Random(seed);
      const server = buildInstallation(join(dir, 'server'), { store: {} });
      const story = new Story(server, random);

      for (let night = 1; night <= NIGHTS; night++) {
        story.change();

        const at = `2026-03-0${String(night)}T01:00:00.000Z`;
        const type = night === 1 ? 'full' : random.pick(TYPES);
        await backUpAt(server, type, at, { rotates: false });

        const letter = { full: 'F', differential: 'I', copy: 'C' }[type];
        const archive = `${letter}2026030${String(night)}T010000Z.zip`;
        story.note(archive, at);
        if (random.chance(0.4) || night === NIGHTS) {
          await compare(story, server, random);
        }

        if (random.chance(0.4)) story.forgetOldest();
      }

      expect(existsSync(join(server.backupDir, '.kms-backup-headers'))).toBe(
        true,
      );
    },
  );
});
