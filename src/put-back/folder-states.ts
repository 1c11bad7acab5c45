import { RefusedError } from '../imap/fault.js';
import { FolderPaths } from '../imap/folder-path.js';
import { HeldMessages } from '../imap/held-messages.js';
import type { ImapSession } from '../imap/session.js';
import type { PutFolder, PutRequest } from './request.js';
import { targetPathOf } from './target-paths.js';

/** With more messages than these, all headers of a folder are read at once. */
const FEW_MESSAGES = 20;

/** A folder that messages go to, as far as this run knows it. */
export interface FolderState {
  readonly from: string;
  steps: readonly string[];
  /** Undefined: nobody has looked since the connection was made. */
  held: HeldMessages | undefined;
  /** How often each message was dealt with in this run: twins in the archive are twins on the server. */
  readonly done: Map<string, number>;
  /** Why it cannot be made or opened: no message of it is tried on this connection. */
  refusal: RefusedError | undefined;
  isNew: boolean;
  added: number;
  skipped: number;
}

/** The folders of a run. */
export class FolderStates {
  readonly #states = new Map<string, FolderState>();
  #paths: FolderPaths | undefined;

  constructor(private readonly request: PutRequest) {}

  /** A folder whose content is known; made where it is missing. */
  async ready(session: ImapSession, folder: string): Promise<FolderState> {
    const state = this.#stateOf(session, folder);
    if (state.refusal) throw state.refusal;

    try {
      state.held ??= await this.#open(session, state);
    } catch (error) {
      if (error instanceof RefusedError) state.refusal = error;
      throw error;
    }

    return state;
  }

  /** What was seen on a connection that broke off may be old. */
  forgetHeld(): void {
    for (const state of this.#states.values()) {
      state.held = undefined;
      state.refusal = undefined;
    }
  }

  report(): PutFolder[] {
    return [...this.#states.values()].map(
      ({ from, steps, isNew, added, skipped }) => ({
        from,
        to: steps.join('/'),
        isRenamed: steps.join('/') !== this.#wanted(from).join('/').normalize(),
        isNew,
        added,
        skipped,
      }),
    );
  }

  async #open(session: ImapSession, state: FolderState): Promise<HeldMessages> {
    const held = await session.look(state.steps);
    if (!held) return this.#make(session, state);

    const wanted = this.request.folders.get(state.from) ?? 0;
    if (wanted > FEW_MESSAGES) await held.readAll();

    return held;
  }

  /** @returns what it holds, which is nothing in a dry run */
  async #make(session: ImapSession, state: FolderState): Promise<HeldMessages> {
    if (this.request.isDryRun) {
      state.isNew = true;

      return HeldMessages.none();
    }

    try {
      return await makeFolder(session, state);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;

      return this.#makeByStricterName(session, state, error);
    }
  }

  /** @throws {RefusedError} the first one, where no other name is left */
  async #makeByStricterName(
    session: ImapSession,
    state: FolderState,
    refusal: RefusedError,
  ): Promise<HeldMessages> {
    const { steps: refused, from } = state;
    const steps = this.#paths?.stricterStepsOf(this.#wanted(from)) ?? refused;
    if (steps.join('/') === refused.join('/')) throw refusal;

    state.steps = steps;

    try {
      return (await session.look(steps)) ?? (await makeFolder(session, state));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;

      state.steps = refused;
      throw refusal;
    }
  }

  #stateOf(session: ImapSession, folder: string): FolderState {
    const known = this.#states.get(folder);
    if (known) return known;

    this.#paths ??= new FolderPaths(
      session.separator,
      [...this.request.folders.keys()].map((name) => this.#wanted(name)),
    );

    const state: FolderState = {
      from: folder,
      steps: this.#paths.stepsOf(this.#wanted(folder)),
      held: undefined,
      refusal: undefined,
      done: new Map(),
      isNew: false,
      added: 0,
      skipped: 0,
    };

    this.#states.set(folder, state);

    return state;
  }

  /** The folder as it would be named if the server took every name. */
  #wanted(folder: string): string[] {
    return targetPathOf(folder, this.request.target);
  }
}

/** Makes a folder, and looks into it: somebody else may have made it. @throws {RefusedError} */
async function makeFolder(
  session: ImapSession,
  state: FolderState,
): Promise<HeldMessages> {
  const isMade = await session.makeFolder(state.steps);
  const held = await session.look(state.steps);
  state.isNew ||= isMade;

  if (held) return held;

  const name = state.steps.join('/');

  throw new RefusedError(`folder ${name} is there and cannot be opened`, '');
}
