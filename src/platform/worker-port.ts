import { parentPort } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import { type RunNote, takeNotes } from './run-notes.js';

/** What a worker posts: a message on the way, or the one answer to a task. */
export type FromWorker<Result, Message> =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'note'; readonly note: RunNote }
  | { readonly kind: 'done'; readonly id: number; readonly result: Result }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly error: ThreadError;
    };

/** An error on its way between threads: cloning an Error would lose its code. */
export interface ThreadError {
  readonly message: string;
  readonly stack: string | undefined;
  /** What an operating system's error says of itself. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const FACTS = ['code', 'errno', 'syscall', 'path', 'dest'] as const;

function toThreadError(error: unknown): ThreadError {
  if (!(error instanceof Error)) {
    return { message: messageOf(error), stack: undefined, facts: {} };
  }

  const own = error as NodeJS.ErrnoException & { dest?: string };

  const facts = Object.fromEntries(
    FACTS.filter((fact) => own[fact] !== undefined).map((fact) => [
      fact,
      own[fact],
    ]),
  );

  return { message: error.message, stack: error.stack, facts };
}

/** Answers every task that a WorkerPool hands to this thread, one after the other. */
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

/** Says something to the main thread before the task is answered. */
export function tellMain(message: unknown, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage({ kind: 'message', message }, transfer);
}

function tellNotes(): void {
  for (const note of takeNotes()) post({ kind: 'note', note });
}

function post(message: FromWorker<unknown, never>): void {
  parentPort?.postMessage(message);
}
