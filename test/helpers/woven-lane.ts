import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
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
import { type Ended, expectDone, runTool, said } from './tools.js';
import {
  archivesIn,
  dropArchive,
  expectBetween,
  lookAt,
  type Sight,
} from './woven-archive.js';
import {
  callToKill,
  hasUnfinishedJournal,
  KILLED,
  namesIn,
  rest,
} from './woven-kill.js';
import {
  ARCHIVED,
  type ActKind,
  type KillStep,
  type PlannedAct,
  type PlannedRound,
} from './woven-plan.js';
import { WovenSettings } from './woven-settings.js';

/** One server that runs, with what it and this program have promised: rounds are played on it one after the other. */

/** Flags of the archived messages, as their index.fld has them. */
const BITS = [0, 1, 2, 3, 4, 5, 7, 16, 17, 0, 1, 6];
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
  readonly isKilled: boolean;
  /** What there was when it began. */
  readonly before: Sight;
}

export async function openLane(dir: string): Promise<WovenLane> {
  const server = buildInstallation(join(dir, 'server'), { store: STORE });
  const engine = makeRunningServer(server.serverDir);
  const env = {
    KMS_BACKUP_IMAP_PASSWORD: 'user-secret',
    // Each server's accounts are held by themselves, as on machines of their own.
    KMS_BACKUP_STATE_DIR: join(dir, 'state'),
  };
  const fork = (): Promise<KmsFork> => forkKms(env);
  const forks = await Promise.all(Array.from({ length: AT_ONCE }, fork));
  const lane = new WovenLane(
    { server, engine, imapPort: await freePort() },
    forks,
    fork,
  );
  await lane.archive();

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

interface Place {
  readonly server: Installation;
  readonly engine: RunningServer;
  readonly imapPort: number;
}

export class WovenLane {
  readonly #mailbox: string;
  readonly #inbox: string;
  /** First lines of messages that came in and are not removed. */
  readonly #mail = new Set<string>();
  /** Flags that were set last, by the message's name. */
  readonly #bits = new Map<string, number>();
  readonly #settings: WovenSettings;
  /** First lines of messages that IMAP recovers reported in a folder of their own. */
  #beside = new Set<string>();
  #ledgerBytes = 0;
  #archive = '';
  /** How often something was met after a kill. */
  readonly met = new Map<string, number>();

  constructor(
    private readonly place: Place,
    private readonly forks: KmsFork[],
    private readonly fork: () => Promise<KmsFork>,
  ) {
    const { server } = place;
    this.#mailbox = join(server.storeDir, 'mail/example.com/alice');
    this.#inbox = join(this.#mailbox, 'INBOX');
    this.#settings = new WovenSettings(this.#config());
  }

  call(...words: string[]): Promise<Ended> {
    const [fork] = this.forks;
    if (!fork) throw new Error('no fork');

    return fork.call([...words, '--server-dir', this.place.server.serverDir]);
  }

  /** Makes the archive that recovers bring mail from. */
  async archive(): Promise<void> {
    const { backupDir } = this.place.server;
    expectDone(await this.call('backup', 'full'));
    this.#archive = join(backupDir, archivesIn(backupDir)[0] ?? '');
  }

  close(): void {
    this.place.engine.kill();
    for (const fork of this.forks) fork.end();
  }

  /** Plays a round on a server that has ended, and leaves it ended. */
  async play(round: PlannedRound): Promise<EndedAct[]> {
    this.#lose(round);
    const { seed, stopMs, dropRate } = round;
    this.place.engine.behave({
      ...{
        isBusy: true,
        seed,
        stopMs,
        dropRate,
        imapPort: this.place.imapPort,
      },
      owner: process.pid,
    });
    await this.place.engine.start();

    const all = await Promise.all(
      round.acts.map((act, at) => this.#run(act, at)),
    );
    for (const { act, ended, isDone, isKilled } of all) {
      if (!isDone && !isKilled) {
        expect(said(ended), act.kind).toMatch(REFUSALS);
      }
    }

    const ends = await this.#mend(all);
    await this.#runs();
    await this.#finish(round);
    await this.#end();

    for (const { act, isDone } of ends) if (isDone) this.#note(act);
    expectRefused(ends);
    this.#readLedger();
    this.#expectNothingLost();
    await this.#expectArchives(ends);

    return ends;
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
    const { server } = this.place;
    const before = lookAt(server);
    const words = [...this.#wordsOf(act), '--server-dir', server.serverDir];
    const called = await this.#callAct(act, at, words);

    // One that was called again at once has got in the way of others, or is done.
    const isRefused =
      called.isKilled && called.ended.status !== null && !isDone(called);
    if (isRefused) {
      expect(said(called.ended), act.kind).toMatch(REFUSALS);
    }

    return { act, before, ...called, isDone: isDone(called) };
  }

  async #callAct(
    { kind, kill }: PlannedAct,
    at: number,
    words: string[],
  ): Promise<{ ended: Ended; isKilled: boolean }> {
    const fork = this.forks[at];
    if (!fork) throw new Error('no fork');
    if (!kill) return { ended: await fork.call(words), isKilled: false };

    const shows = this.#sightOf(kill.after, kind);
    const { ended, isGone } = await callToKill(fork, words, kill, shows);
    const next = isGone ? await this.fork() : fork;
    this.forks[at] = next;
    // It may have answered just before.
    if (ended !== KILLED) return { ended, isKilled: false };

    const isAtOnce = kill.wayOut === 'again at once';

    return {
      ended: isAtOnce ? await next.call(words) : KILLED,
      isKilled: true,
    };
  }

  /** Whether a call has come to a step. */
  #sightOf(step: KillStep, kind: ActKind): () => boolean {
    const { serverDir, storeDir } = this.place.server;
    const record = join(serverDir, 'kms-backup-restart.json');
    const staging = join(storeDir, '.kms-backup-recover');
    const ledger = join(serverDir, 'stand-in.ledger');
    const names = namesIn(staging).join();
    const bytes = this.#ledgerBytes;

    switch (step) {
      case 'called':
        return () => true;
      case 'noted':
        return () => existsSync(record);
      case 'stopped':
        return () =>
          existsSync(record) && this.place.engine.pid() === undefined;
      case 'adding':
        return kind.startsWith('IMAP')
          ? () =>
              existsSync(ledger) &&
              readFileSync(ledger).subarray(bytes).includes('append ')
          : () => namesIn(staging).join() !== names;
    }
  }

  /** Does what an administrator does who finds calls killed. @returns the same acts, and which of them are done now */
  async #mend(all: readonly EndedAct[]): Promise<EndedAct[]> {
    const killed = all.filter(({ isKilled, isDone }) => isKilled && !isDone);
    if (!all.some(({ isKilled }) => isKilled)) return [...all];

    await rest(this.place.server.serverDir, this.place.engine);
    const done = new Set<PlannedAct>();
    for (const { act } of killed.toSorted(byRestart)) {
      if (await this.#mendOne(act)) done.add(act);
    }

    await this.#expectTold();
    expect(this.place.engine.pid(), 'left stopped').toBeDefined();

    return all.map((end) => ({
      ...end,
      isDone: end.isDone || done.has(end.act),
    }));
  }

  async #mendOne(act: PlannedAct): Promise<boolean> {
    const told = await this.#expectTold();
    const isDone =
      this.#isEdit(act) && this.#settings.isDone(act, this.#config());
    const isCalled = act.kill?.wayOut !== 'start' && !isDone;
    const isStopped = this.place.engine.pid() === undefined;
    const isTakenOver = isStopped && isCalled && restarts(act);
    this.#meet(isStopped ? 'the server left stopped' : 'the server at work');
    if (this.#isEdit(act)) this.#meet(isDone ? 'edits made' : 'edits not made');

    if (isStopped && !isTakenOver) await this.#startByHand(told);
    if (!isCalled) return isDone;

    const ended = await this.call(...this.#wordsOf(act));
    expectDone(ended);
    if (isTakenOver) {
      expect(ended.stderr).toContain('this run starts it');
      this.#meet('servers started by the next call');
    }

    return true;
  }

  /** What a killed call has left behind is said, and nothing else. */
  async #expectTold(): Promise<string> {
    const { engine, server } = this.place;
    const told = said(await this.call('status'));
    const isStopped = engine.pid() === undefined;
    const isUnfinished = hasUnfinishedJournal(server.storeDir);

    expect(/the mail server was left stopped/.test(told), told).toBe(isStopped);
    expect(/a recover of .* was interrupted/.test(told), told).toBe(
      isUnfinished,
    );
    if (isUnfinished) this.#meet('recovers that have added nothing');

    return told;
  }

  async #startByHand(told: string): Promise<void> {
    const [, start = ''] = /Start it: (.*)$/m.exec(told) ?? [];
    expectDone(
      runTool('sh', ['-c', `${start} >/dev/null 2>&1`], {
        cwd: this.place.server.serverDir,
      }),
    );
    await this.#runs();
  }

  #meet(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  #isEdit(act: PlannedAct): boolean {
    return this.#settings.wordsOf(act).length > 0;
  }

  #config(): string {
    const path = join(this.place.server.serverDir, 'mailserver.cfg');

    return readFileSync(path, 'utf8');
  }

  #wordsOf(act: PlannedAct): string[] {
    const { kind, messages } = act;
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
      case 'backup copy':
        return ['backup', 'copy', '--no-rotate'];
      case 'backup full':
        return ['backup', 'full', '--no-rotate'];
      default:
        return [...this.#settings.wordsOf(act), restart];
    }
  }

  #recover(messages: readonly string[]): string[] {
    const names = messages.map((name) => `example.com/alice/INBOX/${name}`);
    const scope =
      names.length > 0
        ? names.flatMap((name) => ['--message', name])
        : ['-u', 'alice@example.com', '-f', 'INBOX'];

    return ['recover', this.#archive, '--yes', ...scope];
  }

  #imap(): string[] {
    const account = ['--to-user', 'alice@example.com'];

    return ['--imap', `127.0.0.1:${this.place.imapPort}`, ...account];
  }

  /** What an act that ended with 0 has promised. */
  #note(act: PlannedAct): void {
    this.#settings.note(act);
    // What other recovers brought is expected of every round's end.
    if (act.kind !== 'IMAP into a folder of its own') return;

    for (const name of act.messages.length > 0 ? act.messages : ARCHIVED) {
      this.#beside.add(idOf(name));
    }
  }

  /** The server runs again, whatever was done to it. */
  async #runs(): Promise<void> {
    for (let looks = 0; this.place.engine.pid() === undefined; looks++) {
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
        await this.place.engine.start();
    }
  }

  async #end(): Promise<void> {
    this.place.engine.stop();
    while (this.place.engine.pid() !== undefined) await sleep(10);
  }

  /** What the server promised in this round. */
  #readLedger(): void {
    const path = join(this.place.server.serverDir, 'stand-in.ledger');
    const text = readFileSync(path).subarray(this.#ledgerBytes).toString();
    this.#ledgerBytes = statSync(path).size;

    for (const line of text.split('\n').filter(Boolean)) {
      const [word = '', first = '', second = ''] = line.split(' ');
      const rest = line.slice(word.length + 1);

      if (word === 'mail') this.#mail.add(rest);
      if (word === 'flag') this.#bits.set(first.slice(0, 8), Number(second));
      if (word === 'set') this.#settings.noteValue(first, second);
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
    this.#settings.expectIn(this.#config());
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

  /** Each archive that was made; only the first stays. */
  async #expectArchives(ends: readonly EndedAct[]): Promise<void> {
    const { server } = this.place;
    const { backupDir } = server;
    const now = lookAt(server);

    for (const { act, before, ended, isDone } of ends) {
      if (!act.kind.startsWith('backup') || !isDone) continue;

      const [name = ''] = /[FC]\d{8}T\d{6}Z\.zip/.exec(ended.stdout) ?? [];
      await expectBetween(join(backupDir, name), before, now, (path) =>
        this.call('verify', path),
      );
      dropArchive(backupDir, name);
    }

    expect(archivesIn(backupDir)).toHaveLength(1);
  }
}

const isDone = ({ ended }: { readonly ended: Ended }): boolean =>
  ended.status === 0;

/** Where a call that was killed has left the server stopped, a recover needs no word more. */
function expectRefused(ends: readonly EndedAct[]): void {
  const refused = ends.filter(({ act }) => act.kind.includes('refused'));

  if (!ends.some(({ isKilled }) => isKilled)) {
    expect(refused.filter(({ isDone }) => isDone)).toEqual([]);
  }
}

/** Whoever has stopped the server is asked first. */
const byRestart = (one: EndedAct, other: EndedAct): number =>
  Number(restarts(other.act)) - Number(restarts(one.act));

const restarts = ({ kind }: PlannedAct): boolean =>
  !/IMAP|live server|backup/.test(kind);
