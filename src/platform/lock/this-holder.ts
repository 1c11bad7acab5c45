import { randomBytes } from 'node:crypto';
import { formatHolder, type Holder, parseHolder } from './holder.js';
import { judgeHolder, type Verdict, witnessFor } from './judge-holder.js';
import { identifyThisProcess, isOnLocalDisk } from './process-identity.js';

/** This process as the holder of something that lies in a directory. */
export function thisHolder(
  directory: string,
  command: string,
  since: Date,
): Holder {
  return {
    ...identifyThisProcess(),
    id: randomBytes(8).toString('hex'),
    command,
    since: since.toISOString(),
    isOnLocalDisk: isOnLocalDisk(directory),
    isOldFormat: false,
  };
}

/** The same as a value of JSON, for a file that is no lock and says whose it is. */
export function holderToJson(holder: Holder): unknown {
  return JSON.parse(formatHolder(holder));
}

/** Judges the holder that a file in a directory names; undefined where it names none. */
export function judgeJson(
  json: unknown,
  directory: string,
): Verdict | undefined {
  const holder = parseHolder(json);

  return holder && judgeHolder(holder, witnessFor(directory));
}
