/**
 * Calls that a thread makes of another one and waits for without giving up its turn: for code that reads a file at once, where the
 * bytes have to be waited for.
 */
import { randomUUID } from 'node:crypto';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import {
  fromThreadError,
  type ThreadError,
  toThreadError,
} from './thread-error.js';

/** The name under which all threads of this process find the one that answers. */
export type CallChannel = string;

/** A call, and the memory that its answer is put into. */
interface Call {
  readonly request: unknown;
  readonly state: Int32Array;
  readonly memory: SharedArrayBuffer;
}

/** The places of `state`. */
const PHASE = 0;
const LENGTH = 1;

const WAITING = 0;
const TAKEN = 1;
const ANSWERED = 2;
const FAILED = 3;

/** A thread that is just being started hears no call: it is made again. */
const AGAIN_MS = 50;
/** Nothing takes so long but a thread that is gone. */
const LONGEST_MS = 15 * 60_000;
/** An error, too, must have room. */
const LEAST_BYTES = 64 << 10;

/** Starts the thread that answers, once; it keeps no process alive. @param url `new URL('./x-worker.js', import.meta.url)` */
export function startAnswering(url: URL, workerData: object): CallChannel {
  const channel = randomUUID();
  const worker = new Worker(url, { workerData: { ...workerData, channel } });
  worker.unref();
  // Whoever waits for it is told by its silence.
  worker.on('error', () => undefined);

  return channel;
}

/** Answers every call of a channel, several at a time. @param handle gives no more bytes than were asked for */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what comes through a channel has no type
export function answerCalls<Request>(
  channel: CallChannel,
  handle: (request: Request) => Promise<Uint8Array>,
): void {
  const calls = new BroadcastChannel(channel);

  calls.onmessage = (event: unknown) => {
    const { request, state, memory } = (event as { data: Call }).data;
    const before = Atomics.compareExchange(state, PHASE, WAITING, TAKEN);
    if (before !== WAITING) return;

    handle(request as Request).then(
      (bytes) => {
        answer({ request, state, memory }, ANSWERED, bytes);
      },
      (error: unknown) => {
        const text = JSON.stringify(toThreadError(error));
        answer({ request, state, memory }, FAILED, Buffer.from(text));
      },
    );
  };
}

function answer(
  { state, memory }: Call,
  phase: number,
  bytes: Uint8Array,
): void {
  const length = Math.min(bytes.length, memory.byteLength);

  new Uint8Array(memory).set(bytes.subarray(0, length));
  Atomics.store(state, LENGTH, length);
  Atomics.store(state, PHASE, phase);
  Atomics.notify(state, PHASE);
}

/** The memory of the last call: one is made at a time. */
let spare = new SharedArrayBuffer(LEAST_BYTES);

/**
 * Makes a call and waits for its answer.
 * @param mostBytes no answer is longer
 * @returns memory that the next call uses again
 * @throws {Error} that of the thread that answers
 */
export function callAndWait(
  channel: CallChannel,
  request: unknown,
  mostBytes: number,
): Buffer {
  if (spare.byteLength < mostBytes) spare = new SharedArrayBuffer(mostBytes);

  const memory = spare;
  const state = new Int32Array(new SharedArrayBuffer(8));

  waitFor(channel, { request, state, memory });

  const bytes = Buffer.from(memory, 0, Atomics.load(state, LENGTH));
  if (Atomics.load(state, PHASE) === ANSWERED) return bytes;

  throw fromThreadError(JSON.parse(bytes.toString()) as ThreadError);
}

function waitFor(channel: CallChannel, call: Call): void {
  const { state } = call;

  for (let waitedMs = 0; waitedMs < LONGEST_MS; waitedMs += AGAIN_MS) {
    const phase = Atomics.load(state, PHASE);
    if (phase === ANSWERED || phase === FAILED) return;
    if (phase === WAITING) post(channel, call);

    // An answer since that look has changed it, and nobody waits.
    Atomics.wait(state, PHASE, phase, AGAIN_MS);
  }

  throw Object.assign(new Error('a thread does not answer'), {
    code: 'ETIMEDOUT',
    syscall: 'read',
  });
}

/** All threads hear it; one of them answers. */
function post(channel: CallChannel, call: Call): void {
  const calls = new BroadcastChannel(channel);

  calls.postMessage(call);
  calls.close();
}
