// Runs one command and measures its time, its processor time, its memory at most, and its output.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GNU_TIME = '/usr/bin/time';
/** Peak memory in KiB; seconds of the processors in the program and in the system. */
const FORMAT = '%M %U %S';
const hasGnuTime =
  existsSync(GNU_TIME) &&
  spawnSync(GNU_TIME, ['-f', FORMAT, 'true']).status === 0;
/** A command that takes longer is killed. */
const TIMEOUT_MS = 1_800_000;

/** A second of the processor in /proc. */
const TICKS_PER_SECOND = 100;

/**
 * Runs a command and waits for its end.
 * @returns seconds of wall clock, seconds of the processors in all its processes and threads, and the peak memory of its
 *   largest process in bytes, worker threads included
 * @throws {Error} with the end of its output, where its exit code is not among `okCodes`
 */
export async function measure({ command, cwd, env = {}, okCodes = [0] }) {
  const folder = mkdtempSync(join(tmpdir(), 'kms-backup-bench-'));
  const note = join(folder, 'usage');

  try {
    const startedMs = performance.now();
    const ended = await runToEnd(withTime(command, note), { cwd, env });
    const seconds = (performance.now() - startedMs) / 1000;

    if (!okCodes.includes(ended.code)) {
      throw new Error(
        `${command.join(' ')} ended with ${ended.code}: ${ended.stderr.slice(-800)}${ended.stdout.slice(-800)}`,
      );
    }

    const [peakKib, ...processor] = hasGnuTime
      ? lastNumbers(note)
      : ended.polled;

    return {
      seconds,
      processorSeconds: processor.reduce((sum, part) => sum + part, 0),
      peakBytes: peakKib * 1024,
      stdout: ended.stdout,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lets GNU time note the memory and the time of a command in a file, where this machine has it. */
function withTime(command, note) {
  return hasGnuTime
    ? [GNU_TIME, '-q', '-o', note, '-f', FORMAT, ...command]
    : command;
}

function lastNumbers(path) {
  if (!existsSync(path)) return [0];

  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .at(-1)
    .split(' ')
    .map(Number);
}

async function runToEnd([program, ...args], { cwd, env }) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  let polled = [0];
  const poll = () => {
    polled = usageOf(child.pid) ?? polled;
  };

  const polling = hasGnuTime ? undefined : setInterval(poll, 10);
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);

  try {
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });

    return { code, polled, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    clearInterval(polling);
    clearTimeout(timer);
  }
}

/** Returns what a living process has used so far (Linux): the most KiB, and seconds of the processors with its children's. */
function usageOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, peakKib = '0'] = /VmHWM:\s+(\d+)/.exec(status) ?? [];
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name in brackets: the state, and the times from the twelfth field on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const times = fields.slice(11, 15).map(Number);

    return [Number(peakKib), ...times.map((ticks) => ticks / TICKS_PER_SECOND)];
  } catch {
    return undefined;
  }
}

/** Keeps the last 200,000 characters of a stream. */
function collect(stream) {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk) => {
    text = (text + chunk).slice(-200_000);
  });
  return { text: () => text };
}

/** Returns the middle value, or the mean of the two middle ones where their number is even. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[half]
    : (sorted[half - 1] + sorted[half]) / 2;
}

/** Returns those of the programs that this machine has. */
export function toolsFound(names) {
  return new Set(
    names.filter(
      (name) => !spawnSync(name, ['--version'], { stdio: 'ignore' }).error,
    ),
  );
}
