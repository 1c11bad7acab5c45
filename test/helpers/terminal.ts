import { fileURLToPath } from 'node:url';
import { BINARY, hasTool, QUIET_ENVIRONMENT, runTool } from './tools.js';

const PLAYER = fileURLToPath(new URL('terminal.py', import.meta.url));

/** Python itself: a version manager's `python3` takes five times as long to find it anew each time. */
let python: string | undefined;
const findPython = (): string =>
  (python ??= runTool('python3', [
    '-c',
    'import sys; print(sys.executable)',
  ]).stdout.trim());

/** Whether a terminal can be had here: Python opens it. */
export const hasTerminal = process.platform !== 'win32' && hasTool('python3');

/** How a program on a terminal ended. */
export interface Session {
  readonly status: number;
  /** All that it wrote, without what colours text and moves the cursor. */
  readonly screen: string;
}

/** What to wait for on the screen and what to type then; `\r` is Enter. */
export type Steps = readonly (readonly [string, string])[];

/** Where a program on a terminal runs. */
export interface Place {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The file that its standard output goes to instead of the terminal. */
  readonly stdout?: string;
  /** How wide the terminal is; default: 160. */
  readonly columns?: number;
}

/**
 * Runs `kms-backup` on a terminal and types.
 * @throws where a text that is waited for does not come
 */
export function typeInto(
  args: readonly string[],
  steps: Steps,
  place: Place = {},
): Session {
  return typeIntoProgram([process.execPath, BINARY, ...args], steps, place);
}

/**
 * Runs a program on a terminal and types.
 * @throws where a text that is waited for does not come
 */
export function typeIntoProgram(
  command: readonly string[],
  steps: Steps,
  place: Place = {},
): Session {
  const environment = Object.entries({
    ...QUIET_ENVIRONMENT,
    TERM: 'xterm',
    ...place.env,
  }).filter(([, value]) => value !== undefined);
  const { cwd = null, stdout: file = null, columns = 160 } = place;
  const request = {
    command,
    env: Object.fromEntries(environment),
    steps,
    seconds: 60,
    cwd,
    stdout: file,
    columns,
  };
  const { stdout, stderr } = runTool(findPython(), [PLAYER], {
    input: JSON.stringify(request),
  });
  if (stdout === '') throw new Error(stderr);
  const { status, screen, missed } = JSON.parse(stdout) as {
    status: number;
    screen: string;
    missed: string | null;
  };
  const text = screen
    .replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    .replaceAll('\r\n', '\n');
  if (missed !== null) {
    throw new Error(`“${missed}” never came; the screen had:\n${text}`);
  }

  return { status, screen: text };
}
