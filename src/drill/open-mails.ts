/** Opens recovered messages as a mail program does. */
import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from '../errors.js';
import { faultOfMessage } from '../mail/mime-text.js';
import { Turns } from '../platform/turns.js';

/** Messages enough to tell, and few enough for a night. */
const MOST_OPENED = 1000;
/** No mail service takes longer ones. */
const MOST_BYTES = 256 * 1024 ** 2;

/** A message that does not open, and why. */
export interface UnopenedMail {
  readonly path: string;
  readonly reason: string;
}

/** Takes every so manieth message of a stream, so that those of all folders are opened. */
export class EvenChoice {
  readonly paths: string[] = [];
  #seen = 0;
  readonly #step: number;

  /** @param expected how many will come, about */
  constructor(expected: number) {
    this.#step = Math.max(1, Math.ceil(expected / MOST_OPENED));
  }

  add(path: string): void {
    if (this.#seen++ % this.#step === 0) this.paths.push(path);
  }
}

export async function openMails(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<UnopenedMail[]> {
  const turns = new Turns();
  const unopened: UnopenedMail[] = [];

  for (const path of paths) {
    await turns.pass();
    signal.throwIfAborted();

    const reason = await faultOf(path);
    if (reason !== undefined) unopened.push({ path, reason });
  }

  return unopened;
}

async function faultOf(path: string): Promise<string | undefined> {
  try {
    if (statSync(path).size > MOST_BYTES) return undefined;

    return await faultOfMessage(readFileSync(path));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;

    return `cannot be read: ${errno}`;
  }
}
