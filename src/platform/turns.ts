import { setImmediate as nextTurn } from 'node:timers/promises';
import { monotonicMs } from './clock.js';

/** The time for which work in the main thread lasts before signals are heard again. */
const TURN_MS = 50;

/** Gives long work in the main thread to the event loop from time to time: signals are heard there. */
export class Turns {
  #endMs: number;

  constructor(private readonly turnMs = TURN_MS) {
    this.#endMs = monotonicMs() + turnMs;
  }

  /** Waits for the event loop where the turn has lasted long enough. */
  async pass(): Promise<void> {
    if (monotonicMs() < this.#endMs) return;

    await this.give();
  }

  /** Waits for the event loop, however short the turn was. */
  async give(): Promise<void> {
    await nextTurn();
    this.#endMs = monotonicMs() + this.turnMs;
  }
}
