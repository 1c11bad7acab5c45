import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** The destination of bytes; `endsStream` is false for standard output, which stays open. */
export interface RelayTarget {
  readonly stream: Writable;
  readonly endsStream: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stands between an archiver and its output so that no failure of the output ever reaches the archiver. Archiver 8
 * bears none: a failing output leaves it waiting for ever, `abort` of a tar throws, and an entry that waits when it is
 * destroyed throws where nobody can catch it. After a failure the relay swallows what still comes.
 */
export class Relay {
  /** The stream that the archiver writes to. */
  readonly input: Writable;
  readonly #abort = (): void => {
    this.fail(this.target.signal?.reason);
  };
  readonly #close = (): void => {
    this.fail(new Error('the output was closed before all was written'));
  };
  readonly #error = (error: Error): void => {
    this.fail(error);
  };
  readonly #drain = (): void => {
    this.#resume();
  };
  #failure: { readonly error: unknown } | undefined;
  #resumeInput: (() => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(private readonly target: RelayTarget) {
    const { stream, signal } = target;
    this.input = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (this.#failure || stream.write(chunk)) done();
        else this.#resumeInput = done;
      },
    });
    stream
      .on('error', this.#error)
      .on('close', this.#close)
      .on('drain', this.#drain);
    signal?.addEventListener('abort', this.#abort);
    if (signal?.aborted) this.#abort();
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Notes the first failure; what follows it is only the noise of stopping. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#resume();
    this.#reject?.(this.#failure.error);
  }

  /** A step that ends when its `resolve` is called, or with the failure. Only one step at a time. */
  orFailure(start: (resolve: () => void) => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      if (this.#failure) reject(this.#failure.error);
      else start(resolve);
    });
  }

  /** Fulfilled when the output holds everything, synced where its stream does so at its end. */
  async finish(): Promise<void> {
    const { stream, endsStream } = this.target;
    if (!endsStream) {
      await this.orFailure((resolve) => stream.write('', resolve));
      return;
    }

    stream.off('close', this.#close);
    stream.end();
    await finished(stream);
  }

  /** Takes the listeners off; call it whatever happened. */
  release(): void {
    const { stream, signal } = this.target;
    stream.off('close', this.#close).off('drain', this.#drain);
    if (!this.target.endsStream && !this.#failure) {
      stream.off('error', this.#error);
    }

    signal?.removeEventListener('abort', this.#abort);
  }

  #resume(): void {
    const done = this.#resumeInput;
    this.#resumeInput = undefined;
    done?.();
  }
}
