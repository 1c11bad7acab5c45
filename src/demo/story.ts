import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FailedError, UsageError } from '../errors.js';
import { removeTree } from '../platform/remove-tree.js';
import { runSelf } from '../platform/self.js';
import { formatSize, plural } from '../platform/units.js';
import { changeMail } from './change-mail.js';
import {
  comparePictures,
  type DirectoryPicture,
  pictureOf,
} from './compare-directories.js';
import { buildSampleServer, type SampleServer } from './sample-server.js';

/** One step of the demonstration, told in plain words. */
export interface DemoStep {
  readonly title: string;
  /** The command line of the step, where it is a command. */
  readonly command?: string;
  /** The work of the step, or the output of its command. */
  readonly text: string;
}

export interface DemoOptions {
  /** The directory of the demonstration, which is kept; undefined for a temporary one that is removed afterwards. */
  readonly directory?: string | undefined;
  readonly onStep: (step: DemoStep) => void;
  readonly signal: AbortSignal;
}

/** The result of a demonstration. */
export interface DemoReport {
  readonly directory: string;
  readonly isKept: boolean;
  /** Lost and recovered. */
  readonly messages: number;
  /** Files and directories that are the same as before the loss, in bytes and times. */
  readonly comparedPaths: number;
  readonly steps: readonly DemoStep[];
}

/**
 * Builds a sample mail server, backs it up, loses its store, recovers it and compares every byte and time.
 * Every command runs as a script would call it, and no other mail server of this machine plays a part.
 * @throws {UsageError} when `directory` holds anything already
 * @throws {FailedError} when a command fails, or when anything differs after the recover
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const isKept = options.directory !== undefined;
  const directory = isKept
    ? emptyDirectory(options.directory)
    : mkdtempSync(join(tmpdir(), 'kms-backup-demo-'));

  try {
    return await tellStory(directory, isKept, options);
  } finally {
    if (!isKept) removeTree(directory);
  }
}

/** The demonstration removes a store: it must never be somebody's. */
function emptyDirectory(given: string): string {
  const directory = resolve(given);
  mkdirSync(directory, { recursive: true });

  if (readdirSync(directory).length > 0) {
    throw new UsageError(`the directory is not empty: ${directory}`, {
      hints: [
        'Name a new directory: the demonstration builds and destroys a mail server in it.',
      ],
    });
  }

  return directory;
}

async function tellStory(
  directory: string,
  isKept: boolean,
  options: DemoOptions,
): Promise<DemoReport> {
  const story = new Story(options);
  const server = buildSampleServer(directory);

  story.tell('Build a sample mail server', describeServer(server));
  await backUpTwice(story, server);

  const before = pictureOf(server.serverDir, isBackedUp);
  await loseAndRecover(story, server);
  refuseDifferences(before, pictureOf(server.serverDir, isBackedUp));

  story.tell(
    'Compare',
    `${plural(before.size, 'file and directory', 'files and directories')} are what they were, to the byte and in time.`,
  );

  return {
    directory,
    isKept,
    messages: [...before.keys()].filter((path) => path.endsWith('.eml')).length,
    comparedPaths: before.size,
    steps: story.steps,
  };
}

/** Tells each step when it is done, and keeps it for the report. */
class Story {
  readonly steps: DemoStep[] = [];

  constructor(private readonly options: DemoOptions) {}

  tell(title: string, text: string): void {
    this.#add({ title, text });
  }

  async run(title: string, words: readonly string[]): Promise<void> {
    const text = await runCommand(words, this.options.signal);
    this.#add({ title, text, command: commandLine(words) });
  }

  #add(step: DemoStep): void {
    this.steps.push(step);
    this.options.onStep(step);
  }
}

async function backUpTwice(
  story: Story,
  { serverDir, storeDir, backupDir }: SampleServer,
): Promise<void> {
  const flags = ['--server-dir', serverDir];

  await story.run('Back up everything', ['backup', 'full', ...flags]);
  await story.run('See what there is', ['list-archives', backupDir, ...flags]);
  story.tell('A day of work', dayOfWork(storeDir));
  await story.run('Back up what changed', ['backup', 'diff', ...flags]);
  await story.run('Prove the archives', ['verify', backupDir, ...flags]);
}

async function loseAndRecover(
  story: Story,
  server: SampleServer,
): Promise<void> {
  const { serverDir, backupDir } = server;
  const words = ['recover', backupDir, '--server-dir', serverDir, '--yes'];

  story.tell('Lose the store', loseStore(server));
  await story.run('Recover it', words);
}

/** @throws {FailedError} naming what is not what it was */
function refuseDifferences(
  before: DirectoryPicture,
  after: DirectoryPicture,
): void {
  const differences = comparePictures(before, after);
  if (differences.length === 0) return;

  const shown = differences.slice(0, 10).join('; ');

  throw new FailedError(
    `${plural(differences.length, 'difference')} after the recover: ${shown}`,
  );
}

function describeServer(server: SampleServer): string {
  const { domains, users, messages, sizeBytes, serverDir } = server;
  const holds = [
    plural(domains, 'domain'),
    plural(users, 'user'),
    plural(messages, 'message'),
    formatSize(sizeBytes),
  ];

  return `${holds.join(', ')} in ${serverDir}`;
}

function dayOfWork(storeDir: string): string {
  const { added, deleted, movedFolder } = changeMail(storeDir);
  return `${plural(added, 'message')} arrived, ${plural(deleted, 'message')} deleted, the folder ${movedFolder} moved.`;
}

function loseStore(server: SampleServer): string {
  removeTree(server.storeDir);
  for (const name of ['users.cfg', 'sslcert', 'license']) {
    removeTree(join(server.serverDir, name));
  }

  return `${server.storeDir}, users.cfg, certificates and licence are gone.`;
}

const LEFT_OUT =
  /^store\/(logs|queue|tmp|backup|archive)$|(^|\/)search\.fld$|\.bak$|(^|\/)\.kms-backup-recover$|^kms-backup-[a-z]+(\.1)?\.jsonl?$/;

/** Says whether a backup holds a file. The mail server rebuilds the others, and a recover keeps in its own what it replaced. */
function isBackedUp(path: string): boolean {
  return !LEFT_OUT.test(path);
}

async function runCommand(
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runSelf(
    args,
    ownEnvironment(),
    signal,
  );

  if (exitCode === 0) return stdout.trimEnd();

  throw new FailedError(
    `${commandLine(args)} ended with ${String(exitCode)}: ${stderr.trim()}${stdout.trim()}`,
  );
}

/** Settings of a real mail server must not reach into the sample: no `KMS_BACKUP_…` but our own. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const foreign = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('KMS_BACKUP_'),
  );
  return {
    ...Object.fromEntries(foreign),
    KMS_BACKUP_PID_FILE: join(tmpdir(), 'kms-backup-demo-has-no.pid'),
  };
}

function commandLine(args: readonly string[]): string {
  return [
    'kms-backup',
    ...args.map((arg) => (/^[\w./:\\-]+$/.test(arg) ? arg : `"${arg}"`)),
  ].join(' ');
}
