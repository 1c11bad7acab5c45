import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.js';

/** The end of a command line. */
export interface ShellResult {
  /** Undefined where a signal or the time limit ended it, it was stopped with this program, or could not be started. */
  readonly exitCode: number | undefined;
  /** Why there is no exit code: `stopped after 10 s`, `ended by SIGKILL`, the system's words. */
  readonly reason?: string | undefined;
  /** The end of what it wrote to stdout and stderr, at most 2 KiB. */
  readonly outputTail: string;
}

export interface ShellOptions {
  /** Added to this process's environment, which is passed on without this tool's passwords. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly timeoutMs: number;
  /** Stops the command as the time limit does. */
  readonly signal?: AbortSignal | undefined;
}

const TAIL_BYTES = 2048;
const KILL_GRACE_MS = 2000;
/** A command that ended may leave a child that holds its output open: wait this long for the rest of the output. */
const OUTPUT_GRACE_MS = 200;

/**
 * Runs a command line by the system's shell, exactly as it stands; nothing is spliced into it. Its output is kept back,
 * because stdout belongs to the result. After the time limit it and its children are asked to end, then killed.
 */
export async function runShellCommand(
  command: string,
  options: ShellOptions,
): Promise<ShellResult> {
  const child = spawn(command, {
    shell: true,
    cwd: options.cwd,
    env: programEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    // A process group of its own, so that its children can be stopped with it.
    detached: process.platform !== 'win32',
  });

  const tail = keepTail(child);
  const { exitCode, reason } = await endOf(child, options);

  return { exitCode, reason, outputTail: await tail() };
}

/** This process's environment without this tool's passwords, and what a command is told besides. */
export function programEnvironment(
  more: ShellOptions['env'] = {},
): NodeJS.ProcessEnv {
  const secrets = Object.keys(process.env).filter((name) =>
    /^KMS_BACKUP_.*(PASSWORD|SECRET|KEY)$/i.test(name),
  );
  const hidden = Object.fromEntries(secrets.map((name) => [name, undefined]));

  return { ...process.env, ...hidden, ...more };
}

/** How a command ended, in words: `exit code 1, no such unit`. */
export function describeEnd({
  exitCode,
  reason,
  outputTail,
}: ShellResult): string {
  const lastLine = outputTail.split(/\r?\n/).at(-1) ?? '';
  const end =
    exitCode === undefined
      ? (reason ?? 'no exit code')
      : `exit code ${String(exitCode)}`;

  return lastLine === '' ? end : `${end}, ${lastLine}`;
}

/** The exit code, or the reason why there is none. */
type ShellEnd = Pick<ShellResult, 'exitCode' | 'reason'>;

/** Waits for the end of a command, and stops it at its time limit or with the run. */
async function endOf(
  child: ChildProcess,
  { timeoutMs, signal: abort }: ShellOptions,
): Promise<ShellEnd> {
  let stopReason: string | undefined;
  const stopFor = (reason: string): void => {
    stopReason = reason;
    void stop(child);
  };

  const timer = setTimeout(
    stopFor,
    timeoutMs,
    `stopped after ${String(timeoutMs / 1000)} s`,
  );

  const onAbort = (): void => {
    stopFor('stopped with the run');
  };

  abort?.addEventListener('abort', onAbort, { once: true });
  if (abort?.aborted) onAbort();

  try {
    const [code, signal] = (await once(child, 'exit')) as [
      number | null,
      NodeJS.Signals | null,
    ];
    if (stopReason !== undefined) {
      return { exitCode: undefined, reason: stopReason };
    }

    return code === null
      ? { exitCode: undefined, reason: `ended by ${signal ?? 'a signal'}` }
      : { exitCode: code };
  } catch (error) {
    return { exitCode: undefined, reason: messageOf(error) };
  } finally {
    clearTimeout(timer);
    abort?.removeEventListener('abort', onAbort);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  signalGroup(child, 'SIGTERM');
  await sleep(KILL_GRACE_MS, undefined, { ref: false });
  signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;

  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
    child.kill(signal);
  }
}

function keepTail(child: ChildProcess): () => Promise<string> {
  let tail = Buffer.alloc(0);
  const closed = new Promise<void>((resolve) => child.once('close', resolve));

  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
    });
  }

  return async () => {
    await Promise.race([closed, sleep(OUTPUT_GRACE_MS)]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    return tail.toString('utf8').trim();
  };
}
