import { setImmediate as nextTurn } from 'node:timers/promises';
import { KmsError } from '../errors.js';
import { ConnectionLostError, RefusedError } from '../imap/fault.js';
import { identityOf, withNetworkLines } from '../imap/message-identity.js';
import type { ImapSession } from '../imap/session.js';
import type { MessageFlags } from '../mail/index-fld.js';
import { pause } from '../platform/patience.js';
import { tellStep } from '../platform/steps.js';
import { plural } from '../platform/units.js';
import { type FolderState, FolderStates } from './folder-states.js';
import { isNoMail } from './mail-items.js';
import { receivedAtOf } from './received-at.js';
import type {
  MessageToPut,
  PutReport,
  PutRequest,
  RefusedMessage,
} from './request.js';

/**
 * Appends messages to an account, one after the other, each with its date and flags. What is there already is skipped, so that a
 * run that ended early is taken up by the same call. A connection that breaks off is made again.
 * @param first a session that is open
 * @throws {QuotaFullError} · {ConnectionLostError} · {LoginRefusedError}: what was added until then stays, and the message says so
 */
export async function putBack(
  request: PutRequest,
  first: ImapSession,
): Promise<PutReport> {
  const run = new PutRun(request, first);

  try {
    await run.putAll();
  } catch (error) {
    run.close();
    request.signal.throwIfAborted();
    throw run.withAdded(error);
  }

  await run.end();

  return run.report();
}

/** What became of a message. */
type Fate = 'added' | 'skipped';

class PutRun {
  readonly #folders: FolderStates;
  readonly #refused: RefusedMessage[] = [];
  /** The server may have got the present message, and said nothing about it. */
  #mayBeThere = false;
  #added = 0;
  #addedBytes = 0;
  #skipped = 0;
  #leftOut = 0;
  #redated = 0;
  #reconnects = 0;

  constructor(
    private readonly request: PutRequest,
    private session: ImapSession,
  ) {
    this.#folders = new FolderStates(request);
  }

  async putAll(): Promise<void> {
    for await (const message of this.request.messages) {
      // A dry run may never wait for the network: without a pause no signal would be heard.
      await nextTurn();
      this.request.signal.throwIfAborted();
      await this.#put(message);
      this.#tellProgress(message);
    }
  }

  close(): void {
    this.session.close();
  }

  end(): Promise<void> {
    return this.session.end();
  }

  /** The same error, which says what stays. */
  withAdded(error: unknown): unknown {
    if (error instanceof KmsError && this.#added > 0) {
      error.message += `; what was added before stays: ${plural(this.#added, 'message')}`;
    }

    return error;
  }

  report(): PutReport {
    return {
      isDryRun: this.request.isDryRun,
      added: this.#added,
      addedBytes: this.#addedBytes,
      skipped: this.#skipped,
      refused: this.#refused,
      leftOut: this.#leftOut,
      redated: this.#redated,
      folders: this.#folders.report(),
      reconnects: this.#reconnects,
    };
  }

  async #put(message: MessageToPut): Promise<void> {
    if (isNoMail(message.bytes)) {
      this.#leftOut++;

      return;
    }

    const bytes = withNetworkLines(message.bytes);

    try {
      await this.#putPatiently({ ...message, bytes });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;

      this.#refused.push({ name: message.name, reason: error.message });
    }
  }

  /** Tries again on a new connection where one breaks off; whether the server had taken the message, it says itself. */
  async #putPatiently(message: MessageToPut): Promise<void> {
    const key = identityOf(message.bytes, message.bytes.length);
    let isSent = false;

    const tryOnce = async (): Promise<void> => {
      this.#mayBeThere = false;

      const state = await this.#folders.ready(this.session, message.folder);
      const fate = await this.#bring(state, message, key);

      this.#count(state, message, isSent ? 'added' : fate);
      state.done.set(key, (state.done.get(key) ?? 0) + 1);
    };

    for (const pauseMs of this.request.pausesMs) {
      try {
        await tryOnce();

        return;
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;

        tellStep(error.message);
        isSent ||= this.#mayBeThere;
      }

      await pause(pauseMs, this.request.signal);
      await this.#reconnect();
    }

    await tryOnce();
  }

  async #bring(
    { held, done, steps }: FolderState,
    message: MessageToPut,
    key: string,
  ): Promise<Fate> {
    const { bytes, flags } = message;
    const there = (await held?.countOf(key, bytes.length)) ?? 0;
    if (there > (done.get(key) ?? 0)) return 'skipped';

    if (!this.request.isDryRun) {
      this.#mayBeThere = true;
      await this.session.append(steps, {
        bytes,
        receivedAt: receivedAtOf(message),
        flags: flagsOf(flags),
      });
    }

    held?.add(key);

    return 'added';
  }

  #count(state: FolderState, message: MessageToPut, fate: Fate): void {
    state[fate]++;

    if (fate === 'skipped') {
      this.#skipped++;
    } else {
      this.#added++;
      this.#addedBytes += message.bytes.length;
      if (receivedAtOf(message) !== message.receivedAt) this.#redated++;
    }
  }

  /** A server that cannot be reached now may be at the next try. */
  async #reconnect(): Promise<void> {
    const { account, signal, openSession } = this.request;

    this.session.close();
    this.#folders.forgetHeld();

    try {
      this.session = await openSession(account, signal);
      this.#reconnects++;
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;

      tellStep(error.message);
    }
  }

  #tellProgress({ folder }: MessageToPut): void {
    const { folders, onProgress } = this.request;
    const totalItems = [...folders.values()].reduce((a, b) => a + b, 0);

    onProgress({
      phase: this.request.isDryRun ? 'comparing' : 'adding',
      doneItems:
        this.#added + this.#skipped + this.#leftOut + this.#refused.length,
      totalItems,
      doneBytes: this.#addedBytes,
      current: folder,
    });
  }
}

/** RFC 3501 2.3.2; without flags a message is unread. */
function flagsOf(flags: MessageFlags | undefined): string[] {
  if (!flags) return [];

  return [
    ...(flags.isSeen ? ['\\Seen'] : []),
    ...(flags.isAnswered ? ['\\Answered'] : []),
    ...(flags.isFlagged ? ['\\Flagged'] : []),
    ...(flags.isDraft ? ['\\Draft'] : []),
  ];
}
