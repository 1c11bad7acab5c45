// Runs one command and measures its time, its memory at most, and its output.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GNU_TIME = '/usr/bin/time';
const hasGnuTime =
  existsSync(GNU_TIME) &&
  spawnSync(GNU_TIME, ['-f', '%M', 'true']).status === 0;
/** A command that takes longer is killed. */
const TIMEOUT_MS = 1_800_000;

/**
 * Runs a command and waits for its end.
 * @returns seconds of wall clock, and the peak memory of its largest process in bytes, worker threads included
 * @throws {Error} with the end of its output, where its exit code is not among `okCodes`
 */
export async function measure({ command, cwd, env = {}, okCodes = [0] }) {
  const folder = mkdtempSync(join(tmpdir(), 'kms-backup-bench-'));
  const note = join(folder, 'peak-kib');

  try {
    const startedMs = performance.now();
    const ended = await runToEnd(withTime(command, note), { cwd, env });
    const seconds = (performance.now() - startedMs) / 1000;

    if (!okCodes.includes(ended.code)) {
      throw new Error(
        `${command.join(' ')} ended with ${ended.code}: ${ended.stderr.slice(-800)}${ended.stdout.slice(-800)}`,
      );
    }

    const peakKib = hasGnuTime ? lastNumber(note) : ended.polledKib;

    return { seconds, peakBytes: peakKib * 1024, stdout: ended.stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lets GNU time note the peak memory of a command in a file, where this machine has it. */
function withTime(command, note) {
  return hasGnuTime
    ? [GNU_TIME, '-q', '-o', note, '-f', '%M', ...command]
    : command;
}

function lastNumber(path) {
  if (!existsSync(path)) return 0;

  return Number(readFileSync(path, 'utf8').trim().split('\n').at(-1));
}

async function runToEnd([program, ...args], { cwd, env }) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  let polledKib = 0;
  const poll = () => {
    polledKib = Math.max(polledKib, highWaterKib(child.pid));
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

    return { code, polledKib, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    clearInterval(polling);
    clearTimeout(timer);
  }
}

/** Returns the most memory that a living process has held (Linux). */
function highWaterKib(pid) {
  try {
    return Number(
      /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ??
        0,
    );
  } catch {
    return 0;
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
