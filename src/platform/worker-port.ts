import { parentPort } from 'node:worker_threads';
import { type RunNote, takeNotes } from './run-notes.js';
import { type ThreadError, toThreadError } from './thread-error.js';

/** The worker's end of a WorkerPool. */

/** A message of a worker: on the way to an answer, or the answer to a task. */
export type FromWorker<Result, Message> =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'note'; readonly note: RunNote }
  | { readonly kind: 'done'; readonly id: number; readonly result: Result }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly error: ThreadError;
    };

/** Does every task that a WorkerPool gives to this thread, one after the other. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what comes through a port has no type
export function serveTasks<Task>(handle: (task: Task) => unknown): void {
  let last: Promise<void> = Promise.resolve();
  parentPort?.on('message', ({ id, task }: { id: number; task: Task }) => {
    last = last.then(async () => {
      try {
        const result = await handle(task);
        tellNotes();
        post({ kind: 'done', id, result });
      } catch (error) {
        tellNotes();
        post({ kind: 'failed', id, error: toThreadError(error) });
      }
    });
  });
}

/** Sends a message to the main thread before the answer to a task. */
export function tellMain(message: unknown, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage({ kind: 'message', message }, transfer);
}

function tellNotes(): void {
  for (const note of takeNotes()) post({ kind: 'note', note });
}

function post(message: FromWorker<unknown, never>): void {
  parentPort?.postMessage(message);
}
