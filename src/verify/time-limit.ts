/** A limit of time that ends work where it stands, and is told from whoever else stops it. */
export class TimeLimit {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  /** Aborted by the limit or by the caller. */
  readonly signal: AbortSignal;

  /** @param limitMs undefined: there is none */
  constructor(
    limitMs: number | undefined,
    private readonly stop: AbortSignal | undefined,
  ) {
    const own = this.#controller.signal;
    this.signal = stop ? AbortSignal.any([stop, own]) : own;

    if (limitMs === undefined) return;

    this.#timer = setTimeout(() => {
      this.#controller.abort(new Error('the time is over'));
    }, limitMs);
    this.#timer.unref();
  }

  /** The time is over, and nobody else asked to stop. */
  isOver(): boolean {
    return this.#controller.signal.aborted && this.stop?.aborted !== true;
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
