import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, kms } from './tools.js';

/** How a command ended, and the most memory that its process ever held. */
export interface Measured extends Ended {
  readonly peakMebibytes: number;
}

/** Runs the built command line in a process of its own, with `directory` for what the measuring needs. */
export function measureKms(
  directory: string,
  args: readonly string[],
): Measured {
  const [script, result] = [
    join(directory, 'peak-memory.cjs'),
    join(directory, 'peak-memory.txt'),
  ];
  writeFileSync(
    script,
    `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(result)}, String(process.resourceUsage().maxRSS)));\n`,
  );
  // An abort for want of memory leaves nothing: that must not be taken for the call before.
  writeFileSync(result, 'Infinity');
  const ended = kms(args, { env: { NODE_OPTIONS: `--require "${script}"` } });

  return {
    ...ended,
    peakMebibytes: Number(readFileSync(result, 'utf8')) / 1024,
  };
}
