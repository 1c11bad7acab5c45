// Runs one command and says how long it took, how much memory it held at most, and what it printed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GNU_TIME = '/usr/bin/time';
const hasGnuTime =
  existsSync(GNU_TIME) &&
  spawnSync(GNU_TIME, ['-f', '%M', 'true']).status === 0;
const TIMEOUT_MS = 1_800_000;

/** Seconds of wall clock, peak RSS in bytes (the largest process, worker threads included), exit code, output. */
export async function measure({ command, cwd, env = {}, okCodes = [0] }) {
  const [program, ...args] = command;
  const folder = mkdtempSync(join(tmpdir(), 'kms-backup-bench-'));
  const note = join(folder, 'rss');
  const [file, argv] = hasGnuTime
    ? [GNU_TIME, ['-q', '-o', note, '-f', '%M', program, ...args]]
    : [program, args];
  const started = performance.now();

  const child = spawn(file, argv, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  let polledKb = 0;

  const poll = hasGnuTime
    ? undefined
    : setInterval(
        () => (polledKb = Math.max(polledKb, highWaterKb(child.pid))),
        10,
      );

  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const out = collect(child.stdout);
  const err = collect(child.stderr);

  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });

  const seconds = (performance.now() - started) / 1000;

  clearInterval(poll);
  clearTimeout(timer);

  const peakKb =
    hasGnuTime && existsSync(note)
      ? Number(readFileSync(note, 'utf8').trim().split('\n').at(-1))
      : polledKb;

  rmSync(folder, { recursive: true, force: true });

  if (!okCodes.includes(code)) {
    throw new Error(
      `${command.join(' ')} ended with ${code}: ${err.text().slice(-800)}${out.text().slice(-800)}`,
    );
  }

  return { seconds, peakBytes: peakKb * 1024, stdout: out.text() };
}

function highWaterKb(pid) {
  try {
    return Number(
      /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ??
        0,
    );
  } catch {
    return 0;
  }
}

/** Only the end of what a command says is of interest, and the start of a short result. */
function collect(stream) {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk) => {
    text = (text + chunk).slice(-200_000);
  });
  return { text: () => text };
}

/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[half]
    : (sorted[half - 1] + sorted[half]) / 2;
}

/** Which of these programs this machine has. */
export function toolsFound(names) {
  return new Set(
    names.filter(
      (name) => !spawnSync(name, ['--version'], { stdio: 'ignore' }).error,
    ),
  );
}
