import { parentPort } from 'node:worker_threads';
import { errnoOf, messageOf } from '../errors.js';

/** What a worker posts: a message on the way, or the one answer to a task. */
export type FromWorker<Result, Message> =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'done'; readonly id: number; readonly result: Result }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ThreadError };

/** An error on its way between threads: cloning an Error would lose its code. */
export interface ThreadError {
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

/** Answers every task that a WorkerPool hands to this thread, one after the other. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what comes through a port has no type
export function serveTasks<Task>(handle: (task: Task) => unknown): void {
  let last: Promise<void> = Promise.resolve();
  parentPort?.on('message', ({ id, task }: { id: number; task: Task }) => {
    last = last.then(async () => {
      try {
        const result = await handle(task);
        post({ kind: 'done', id, result });
      } catch (error) {
        const stack = error instanceof Error ? error.stack : undefined;
        post({ kind: 'failed', id, error: { message: messageOf(error), code: errnoOf(error), stack } });
      }
    });
  });
}

/** Says something to the main thread before the task is answered. */
export function tellMain(message: unknown, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage({ kind: 'message', message }, transfer);
}

function post(message: FromWorker<unknown, never>): void {
  parentPort?.postMessage(message);
}
