import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { forkKms, type KmsFork } from './kms-fork.js';
import {
  buildInstallation,
  type Installation,
  message,
} from './installation.js';
import {
  readLiveFolder,
  removeMessages,
  renameMessage,
} from './live-mailbox.js';
import { makeRunningServer, type RunningServer } from './running-server.js';
import { freePort } from './smtp.js';
import { type Ended, expectDone, said } from './tools.js';
import {
  ARCHIVED,
  type ActKind,
  type PlannedAct,
  type PlannedRound,
} from './woven-plan.js';

/** One server that runs, with what it and this program have promised: rounds are played on it one after the other. */

/** Flags of the archived messages, as their index.fld has them. */
const BITS = [0, 1, 2, 3, 4, 5, 7, 16, 17, 0, 1, 6];
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** So many of the messages that came in stay from round to round. */
const KEPT_MAIL = 25;
const AT_ONCE = 3;

/** What the product documents as an answer while another run, or the server, is in the way. */
const REFUSALS =
  /^(11 [^]*^Code: LOCKED|13 [^]*^Code: ENGINE_RUNNING|1 [^]*^Code: IMAP_UNREACHABLE)$/m;

export interface EndedAct {
  readonly act: PlannedAct;
  readonly ended: Ended;
  readonly isDone: boolean;
}

export async function openLane(dir: string): Promise<WovenLane> {
  const server = buildInstallation(join(dir, 'server'), { store: STORE });
  const engine = makeRunningServer(server.serverDir);
  const env = {
    KMS_BACKUP_IMAP_PASSWORD: 'user-secret',
    // Each server's accounts are held by themselves, as on machines of their own.
    KMS_BACKUP_STATE_DIR: join(dir, 'state'),
  };
  const forks = await Promise.all(
    Array.from({ length: AT_ONCE }, () => forkKms(env)),
  );
  const lane = new WovenLane(server, engine, forks, await freePort());
  expectDone(await lane.call('backup', 'full'));

  return lane;
}

const idOf = (name: string): string =>
  message(`archived ${name}`).split('\r\n')[0] ?? '';
const ARCHIVED_IDS = new Set(ARCHIVED.map(idOf));

const STORE = {
  mail: {
    'example.com': {
      alice: {
        INBOX: {
          'status.fld': 'S1\r\n',
          'index.fld': ARCHIVED.map(
            (name, at) =>
              `U${name} F800000${(BITS[at] ?? 0).toString(16).padStart(2, '0')} S1 D43032abf\r\n`,
          ).join(''),
          '#msgs': Object.fromEntries(
            ARCHIVED.map((name) => [
              `${name}.eml`,
              message(`archived ${name}`),
            ]),
          ),
        },
      },
    },
  },
};

export class WovenLane {
  readonly #mailbox: string;
  readonly #inbox: string;
  /** First lines of messages that came in and are not removed. */
  readonly #mail = new Set<string>();
  /** Flags that were set last, by the message's name. */
  readonly #bits = new Map<string, number>();
  /** Variables of mailserver.cfg. */
  readonly #settings = new Map<string, string>();
  /** Time in seconds of the tasks, by description. */
  readonly #tasks = new Map<string, number>();
  #isLogOn: boolean | undefined;
  /** First lines of messages that IMAP recovers reported in a folder of their own. */
  #beside = new Set<string>();
  #ledgerBytes = 0;

  constructor(
    private readonly server: Installation,
    private readonly engine: RunningServer,
    private readonly forks: readonly KmsFork[],
    private readonly imapPort: number,
  ) {
    this.#mailbox = join(server.storeDir, 'mail/example.com/alice');
    this.#inbox = join(this.#mailbox, 'INBOX');
  }

  call(...words: string[]): Promise<Ended> {
    const [fork] = this.forks;
    if (!fork) throw new Error('no fork');

    return fork.call([...words, '--server-dir', this.server.serverDir]);
  }

  close(): void {
    this.engine.kill();
    for (const fork of this.forks) fork.end();
  }

  /** Plays a round on a server that has ended, and leaves it ended. */
  async play(round: PlannedRound): Promise<EndedAct[]> {
    this.#lose(round);
    const { seed, stopMs, dropRate } = round;
    this.engine.behave({
      ...{ isBusy: true, seed, stopMs, dropRate, imapPort: this.imapPort },
      owner: process.pid,
    });
    await this.engine.start();

    const all = await Promise.all(
      round.acts.map((act, at) => this.#run(act, at)),
    );
    for (const { act, ended, isDone } of all) {
      if (!isDone) expect(said(ended), act.kind).toMatch(REFUSALS);
    }

    await this.#runs();
    await this.#finish(round);
    await this.#end();

    for (const { act, isDone } of all) if (isDone) this.#note(act);
    this.#readLedger();
    this.#expectNothingLost();

    return all;
  }

  /** What users remove, and what time brings, while the server is stopped. */
  #lose({ lost, retaken, losesFolder }: PlannedRound): void {
    const { ids } = readLiveFolder(this.#inbox);
    const lostIds = new Set(lost.map(idOf));
    const live = [...ids].filter(([, id]) => this.#mail.has(id));
    const old = live.slice(0, Math.max(0, live.length - KEPT_MAIL));
    const gone = [...ids].filter(
      ([name, id]) =>
        lostIds.has(id) || old.some(([oldName]) => oldName === name),
    );

    removeMessages(this.#inbox, new Set(gone.map(([name]) => name)));
    for (const [name, id] of gone) {
      this.#mail.delete(id);
      this.#bits.delete(name);
    }

    const newest = live.at(-1)?.[0];
    const isFree = !readLiveFolder(this.#inbox).ids.has(retaken ?? '');
    if (retaken !== undefined && newest !== undefined && isFree) {
      renameMessage(this.#inbox, newest, retaken);
      const bits = this.#bits.get(newest);
      this.#bits.delete(newest);
      if (bits !== undefined) this.#bits.set(retaken, bits);
    }

    if (losesFolder) {
      this.#beside = new Set();
      for (const path of this.#besideFolders()) {
        rmSync(path, { recursive: true });
      }
    }
  }

  async #run(act: PlannedAct, at: number): Promise<EndedAct> {
    await sleep(act.startMs);
    const fork = this.forks[at];
    if (!fork) throw new Error('no fork');

    const words = [
      ...this.#wordsOf(act),
      '--server-dir',
      this.server.serverDir,
    ];
    const ended = await fork.call(words);

    return { act, ended, isDone: ended.status === 0 };
  }

  #wordsOf({ kind, messages, number }: PlannedAct): string[] {
    const restart = '--restart-server';

    switch (kind) {
      case 'additive with a restart':
        return [...this.#recover(messages), '--additive', restart];
      case 'additive on the live server':
        return [...this.#recover(messages), '--additive', '--force'];
      case 'additive, refused on the live server':
        return [...this.#recover(messages), '--additive'];
      case 'IMAP into INBOX':
        return [...this.#recover(messages), ...this.#imap(), '--into', 'INBOX'];
      case 'IMAP into a folder of its own':
        return [...this.#recover(messages), ...this.#imap()];
      case 'config set':
        return ['config', 'set', `keep=${number}`, restart].concat(
          number % 2 === 0 ? [`volume-size=${100_000 + number}`] : [],
        );
      case 'another config set':
        return ['config', 'set', `notify=a${number}@example.com`, restart];
      case 'schedule':
        return ['schedule', ...this.#scheduleWords(number), restart];
      case 'log':
        return [
          'log',
          number % 2 ? 'enable' : 'disable',
          'store-backup',
          restart,
        ];
    }
  }

  #recover(messages: readonly string[]): string[] {
    const names = messages.map((name) => `example.com/alice/INBOX/${name}`);
    const scope =
      names.length > 0
        ? names.flatMap((name) => ['--message', name])
        : ['-u', 'alice@example.com', '-f', 'INBOX'];

    return ['recover', this.server.backupDir, '--yes', ...scope];
  }

  #imap(): string[] {
    const account = ['--to-user', 'alice@example.com'];

    return ['--imap', `127.0.0.1:${this.imapPort}`, ...account];
  }

  /** The schedule is as the round before left it: one act of a round edits it. */
  #scheduleWords(number: number): string[] {
    const { description, time } = taskOf(number);
    const position = this.#positionOf(number);

    switch (this.#scheduleKind(number)) {
      case 'rm':
        return ['rm', String(position + 1)];
      case 'edit':
        return ['edit', String(position + 1), '--time', time];
      case 'add':
        return [
          ...['add', '--type', number % 2 ? 'full' : 'diff', '--time', time],
          ...['--day', DAYS[number % 7] ?? '', '--description', description],
        ];
    }
  }

  #scheduleKind(number: number): 'add' | 'edit' | 'rm' {
    if (this.#tasks.size < 2) return 'add';
    if (this.#tasks.size > 8) return 'rm';

    return (['add', 'edit', 'rm'] as const)[number % 3] ?? 'add';
  }

  #positionOf(number: number): number {
    return this.#tasks.size === 0 ? 0 : number % this.#tasks.size;
  }

  /** What an act that ended with 0 has promised. */
  #note({ kind, messages, number }: PlannedAct): void {
    switch (kind) {
      case 'IMAP into a folder of its own':
        for (const name of messages.length > 0 ? messages : ARCHIVED) {
          this.#beside.add(idOf(name));
        }

        return;
      case 'config set':
        this.#settings.set('RotationLimit', String(number));
        if (number % 2 === 0) {
          this.#settings.set('MaxFileSize', String(100_000 + number));
        }

        return;
      case 'another config set':
        this.#settings.set('AdminNotify', `a${number}@example.com`);

        return;
      case 'schedule':
        this.#noteTask(number);

        return;
      case 'log':
        this.#isLogOn = number % 2 === 1;

        return;
      case 'additive, refused on the live server':
        throw new Error('a recover without --force worked on a live server');
      default:
      // What it brought is expected of every round's end.
    }
  }

  #noteTask(number: number): void {
    const { description, seconds } = taskOf(number);
    const there = [...this.#tasks.keys()][this.#positionOf(number)] ?? '';

    switch (this.#scheduleKind(number)) {
      case 'rm':
        this.#tasks.delete(there);

        return;
      case 'edit':
        this.#tasks.set(there, seconds);

        return;
      case 'add':
        this.#tasks.set(description, seconds);
    }
  }

  /** The server runs again, whatever was done to it. */
  async #runs(): Promise<void> {
    for (let looks = 0; this.engine.pid() === undefined; looks++) {
      expect(looks, 'the server was left stopped').toBeLessThan(1000);
      await sleep(20);
    }
  }

  /** The next call brings what is missing, and doubles nothing. */
  async #finish({ ending }: PlannedRound): Promise<void> {
    const whole = this.#recover([]);

    switch (ending) {
      case 'IMAP':
        expectDone(
          await this.call(...whole, ...this.#imap(), '--into', 'INBOX'),
        );

        return;
      case 'additive on the live server':
        expectDone(await this.call(...whole, '--additive', '--force'));

        return;
      case 'additive on a stopped server':
        await this.#end();
        expectDone(await this.call(...whole, '--additive'));
        await this.engine.start();
    }
  }

  async #end(): Promise<void> {
    this.engine.stop();
    while (this.engine.pid() !== undefined) await sleep(10);
  }

  /** What the server promised in this round. */
  #readLedger(): void {
    const path = join(this.server.serverDir, 'stand-in.ledger');
    const text = readFileSync(path).subarray(this.#ledgerBytes).toString();
    this.#ledgerBytes = statSync(path).size;

    for (const line of text.split('\n').filter(Boolean)) {
      const [word = '', first = '', second = ''] = line.split(' ');
      const rest = line.slice(word.length + 1);

      if (word === 'mail') this.#mail.add(rest);
      if (word === 'flag') this.#bits.set(first.slice(0, 8), Number(second));
      if (word === 'set') this.#settings.set(first, second);
      if (word === 'append') this.#noteAppended(line);
    }
  }

  /** Flags that an IMAP recover gives are those of the archive. */
  #noteAppended(line: string): void {
    const [, name = '', bits = '', path, id = ''] =
      /^append (\S{8})\S* (\d+) (.*)\t(.*)$/.exec(line) ?? [];
    const archived = ARCHIVED.findIndex((each) => idOf(each) === id);

    expect(Number(bits), line).toBe(BITS[archived]);
    if (path === 'INBOX') {
      this.#bits.set(name, Number(bits));
    }
  }

  #expectNothingLost(): void {
    const { ids, bits } = readLiveFolder(this.#inbox);
    const present = [...ids.values()].sort();
    expect(present).toEqual([...this.#mail, ...ARCHIVED_IDS].sort());
    expect([...ids.keys()].filter((name) => !bits.has(name))).toEqual([]);

    const wrong = [...this.#bits].filter(
      ([name, value]) => bits.get(name) !== value,
    );
    expect(wrong, 'flags that were set').toEqual([]);

    this.#expectBeside();
    this.#expectSettings();
  }

  #expectBeside(): void {
    const found = this.#besideFolders().flatMap((path) => [
      ...readLiveFolder(join(path, 'INBOX')).ids.values(),
    ]);
    expect(found).toHaveLength(new Set(found).size);
    for (const id of this.#beside) expect(found).toContain(id);
    for (const id of found) expect(ARCHIVED_IDS).toContain(id);
  }

  #besideFolders(): string[] {
    return readdirSync(this.#mailbox)
      .filter((name) => name.startsWith('Recovered '))
      .map((name) => join(this.#mailbox, name));
  }

  #expectSettings(): void {
    const path = join(this.server.serverDir, 'mailserver.cfg');
    const config = readFileSync(path, 'utf8');

    for (const [name, value] of this.#settings) {
      expect(config).toContain(`"${name}">${value}<`);
    }

    const times = [
      ...config.matchAll(/"Time">(\d+)<[^]*?"Description">([^<]*)</g),
    ].map(([, seconds, description]) => [description, Number(seconds)]);
    expect(times).toEqual([...this.#tasks]);

    const isOn = /"EventName">backup<[^]*?"Enabled">1</.test(config);
    expect(isOn).toBe(this.#isLogOn ?? false);
  }
}

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

export type DoneCounts = Map<ActKind, { done: number; refused: number }>;
