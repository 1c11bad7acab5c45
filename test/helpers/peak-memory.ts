import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, kms } from './tools.js';

/** How a command ended, and the most memory that its process ever held. */
export interface Measured extends Ended {
  readonly peakMebibytes: number;
}

/**
 * Runs at the end of the measured process. Its resource usage counts the test's own memory too, of which it was a copy before it
 * became another program; Linux tells that of the program alone (VmHWM, proc(5)).
 */
const notePeak = (result: string): string => `
const { readFileSync, writeFileSync } = require('node:fs');
process.on('exit', () => {
  const kibibytes =
    process.platform === 'linux'
      ? /^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]
      : process.resourceUsage().maxRSS;
  writeFileSync(${JSON.stringify(result)}, String(kibibytes));
});
`;

/** Runs the built command line in a process of its own, with `directory` for what the measuring needs. */
export function measureKms(
  directory: string,
  args: readonly string[],
): Measured {
  const [script, result] = [
    join(directory, 'peak-memory.cjs'),
    join(directory, 'peak-memory.txt'),
  ];
  writeFileSync(script, notePeak(result));
  // An abort for want of memory leaves nothing: that must not be taken for the call before.
  writeFileSync(result, 'Infinity');
  const ended = kms(args, { env: { NODE_OPTIONS: `--require "${script}"` } });

  return {
    ...ended,
    peakMebibytes: Number(readFileSync(result, 'utf8')) / 1024,
  };
}
