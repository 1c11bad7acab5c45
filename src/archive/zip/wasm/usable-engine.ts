import { inflateRawSync } from 'node:zlib';
import { messageOf } from '../../../errors.js';
import { Engine } from './engine.js';

/** What a thread knows of its engine. */
interface Finding {
  readonly engine?: Engine;
  /** Why it does not serve, where it should. */
  readonly fault?: string;
}

let found: Finding | undefined;

/** The engine of this thread; undefined where this Node has no WebAssembly, or the engine failed. */
export function usableEngine(): Engine | undefined {
  found ??= tryEngine();

  return found.engine;
}

export function hasEngine(): boolean {
  return usableEngine() !== undefined;
}

/** Why zlib took the engine's place in this thread; undefined where it did not, or where there never was an engine. */
export function engineFault(): string | undefined {
  return found?.fault;
}

/** From here on this thread has no engine. */
export function giveUpEngine(error: unknown): void {
  found = { fault: messageOf(error) };
}

function tryEngine(): Finding {
  let engine: Engine;

  try {
    engine = new Engine();
  } catch {
    return {}; // no WebAssembly, or an older one
  }

  try {
    return isSound(engine) ? { engine } : { fault: 'its test failed' };
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

/** Text that repeats itself, then an attachment in base64: each kind of block. */
const SAMPLE = Buffer.concat([
  Buffer.from(
    'From: alice@example.com\r\nTo: bob@example.com\r\n\r\nHello Bob\r\n'.repeat(
      9,
    ),
  ),
  Buffer.from(sampleLetters(2000)),
]);

/** Letters of base64 in no order, always the same. */
function sampleLetters(count: number): string {
  const bytes = Buffer.alloc(Math.ceil((count * 3) / 4));
  let state = 1;

  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }

  return bytes.toString('base64');
}

/** True when zlib reads what the engine wrote, by each way of finding matches, whole and in pieces. */
export function isSound(engine: Pick<Engine, 'deflate'>): boolean {
  const half = SAMPLE.length >> 1;
  const window = SAMPLE.subarray(0, half);

  return [1, 3, 6, 9].every((level) => {
    const piece = { level, isLast: true };

    const whole = engine.deflate({
      ...piece,
      data: SAMPLE,
      window: SAMPLE.subarray(0, 0),
    });
    if (!inflateRawSync(whole).equals(SAMPLE)) return false;

    const first = Buffer.from(
      engine.deflate({
        level,
        isLast: false,
        data: window,
        window: SAMPLE.subarray(0, 0),
      }),
    );
    const second = engine.deflate({
      ...piece,
      data: SAMPLE.subarray(half),
      window,
    });

    return inflateRawSync(Buffer.concat([first, second])).equals(SAMPLE);
  });
}
