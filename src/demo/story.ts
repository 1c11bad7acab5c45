import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FailedError, UsageError } from '../errors.js';
import { removeTree } from '../platform/remove-tree.js';
import { runSelf } from '../platform/self.js';
import { formatSize, plural } from '../platform/units.js';
import { changeMail } from './change-mail.js';
import { comparePictures, pictureOf } from './compare-directories.js';
import { buildSampleServer, type SampleServer } from './sample-server.js';

/** One step of the demonstration, told in plain words. */
export interface DemoStep {
  readonly title: string;
  /** What an administrator would type, where the step is a command. */
  readonly command?: string;
  /** What was done, or what the command said. */
  readonly text: string;
}

export interface DemoOptions {
  /** Where everything is put and kept; undefined is a temporary directory that is removed afterwards. */
  readonly directory?: string | undefined;
  readonly onStep: (step: DemoStep) => void;
  readonly signal: AbortSignal;
}

/** What a demonstration proved. */
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
  const steps: DemoStep[] = [];
  const tell = (title: string, text: string, command?: string): void => {
    const step =
      command === undefined ? { title, text } : { title, text, command };
    steps.push(step);
    options.onStep(step);
  };

  const run = async (title: string, ...args: string[]): Promise<void> => {
    tell(title, await runCommand(args, options.signal), commandLine(args));
  };

  const server = buildSampleServer(directory);

  tell('Build a sample mail server', describeServer(server));
  await run(
    'Back up everything',
    'backup',
    'full',
    '--server-dir',
    server.serverDir,
  );
  await run(
    'See what there is',
    'list-archives',
    server.backupDir,
    '--server-dir',
    server.serverDir,
  );
  tell('A day of work', dayOfWork(server.storeDir));
  await run(
    'Back up what changed',
    'backup',
    'diff',
    '--server-dir',
    server.serverDir,
  );
  await run(
    'Prove the archives',
    'verify',
    server.backupDir,
    '--server-dir',
    server.serverDir,
  );

  const before = pictureOf(server.serverDir, isBackedUp);
  tell('Lose the store', loseStore(server));
  await run(
    'Recover it',
    'recover',
    server.backupDir,
    '--server-dir',
    server.serverDir,
    '--yes',
  );

  const differences = comparePictures(
    before,
    pictureOf(server.serverDir, isBackedUp),
  );

  if (differences.length > 0) throw differs(differences);

  tell(
    'Compare',
    `${plural(before.size, 'file and directory', 'files and directories')} are what they were, to the byte and in time.`,
  );

  const messages = [...before.keys()].filter((path) =>
    path.endsWith('.eml'),
  ).length;

  return { directory, isKept, messages, comparedPaths: before.size, steps };
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
  /^store\/(logs|queue|tmp|backup|archive)$|(^|\/)search\.fld$|\.bak$/;

/** What a backup holds: the rest is rebuilt by the mail server. */
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

function differs(differences: readonly string[]): FailedError {
  const shown = differences.slice(0, 10).join('; ');
  return new FailedError(
    `${plural(differences.length, 'difference')} after the recover: ${shown}`,
  );
}
