import { createDeflateRaw, deflateRawSync } from 'node:zlib';
import { ReusableState } from './reusable-state.js';
import { hasUsableHandles } from './usable-handles.js';

/** The settings of a deflate state. */
export interface DeflateSettings {
  readonly level: number;
  readonly strategy: number;
  readonly windowBits: number;
  readonly memLevel: number;
}

const states = new Map<number, ReusableState>();

/**
 * Deflates `input` into `output`.
 * @param finishFlush Z_FINISH ends the stream, Z_SYNC_FLUSH lets another part follow
 * @returns the number of bytes written; undefined where they do not fit
 */
export function deflateInto(
  input: Uint8Array,
  output: Uint8Array,
  settings: DeflateSettings,
  finishFlush: number,
): number | undefined {
  if (output.length === 0) return undefined;

  if (!hasUsableHandles()) {
    const bytes = deflateRawSync(input, { ...settings, finishFlush });
    if (bytes.length > output.length) return undefined;

    output.set(bytes);

    return bytes.length;
  }

  const { written, unread } = stateFor(settings).run(
    input,
    output,
    finishFlush,
  );

  // An output that is full may hold all or not: it counts as not fitting.
  return unread > 0 || written === output.length ? undefined : written;
}

function stateFor(settings: DeflateSettings): ReusableState {
  const { level, strategy, windowBits, memLevel } = settings;
  const key = ((level * 8 + strategy) * 16 + windowBits) * 16 + memLevel;
  let state = states.get(key);

  if (!state) {
    state = new ReusableState(createDeflateRaw(settings));
    states.set(key, state);
  }

  return state;
}
