import { fileURLToPath } from 'node:url';
import { BINARY, hasTool, QUIET_ENVIRONMENT, runTool } from './tools.js';

const PLAYER = fileURLToPath(new URL('terminal.py', import.meta.url));

/** Whether a terminal can be had here: Python opens it. */
export const hasTerminal = process.platform !== 'win32' && hasTool('python3');

/** How a program on a terminal ended. */
export interface Session {
  readonly status: number;
  /** All that it wrote, without what colours text and moves the cursor. */
  readonly screen: string;
}

/**
 * Runs `kms-backup` on a terminal and types.
 * @param steps what to wait for on the screen and what to type then; `\r` is Enter
 * @throws where a text that is waited for does not come
 */
export function typeInto(args: readonly string[], steps: readonly (readonly [string, string])[]): Session {
  const environment = Object.entries({ ...QUIET_ENVIRONMENT, TERM: 'xterm' }).filter(
    ([, value]) => value !== undefined,
  );
  const command = [process.execPath, BINARY, ...args];
  const request = { command, env: Object.fromEntries(environment), steps, seconds: 60 };
  const { stdout, stderr } = runTool('python3', [PLAYER], { input: JSON.stringify(request) });
  if (stdout === '') throw new Error(stderr);
  const { status, screen, missed } = JSON.parse(stdout) as { status: number; screen: string; missed: string | null };
  const text = screen.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r\n', '\n');
  if (missed !== null) throw new Error(`“${missed}” never came; the screen had:\n${text}`);
  return { status, screen: text };
}
