import { RefusedError } from '../imap/fault.js';
import { FolderPaths } from '../imap/folder-path.js';
import type { HeldMessages } from '../imap/held-messages.js';
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
    if (state.held) return state;

    const held =
      (await session.look(state.steps)) ?? (await this.#make(session, state));
    const wanted = this.request.folders.get(folder) ?? 0;

    if (held && wanted > FEW_MESSAGES) await held.readAll();
    state.held = held;

    return state;
  }

  /** What was seen on a connection that broke off may be old. */
  forgetHeld(): void {
    for (const state of this.#states.values()) state.held = undefined;
  }

  report(): PutFolder[] {
    return [...this.#states.values()].map(
      ({ from, steps, isNew, added, skipped }) => ({
        from,
        to: steps.join('/'),
        isNew,
        added,
        skipped,
      }),
    );
  }

  /** @returns what it holds; undefined in a dry run, which makes none */
  async #make(
    session: ImapSession,
    state: FolderState,
  ): Promise<HeldMessages | undefined> {
    state.isNew = true;
    if (this.request.isDryRun) return undefined;

    try {
      state.isNew = await session.makeFolder(state.steps);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;

      return this.#makeByStricterName(session, state, error);
    }

    return session.look(state.steps);
  }

  /** @throws {RefusedError} the first one, where no other name is left */
  async #makeByStricterName(
    session: ImapSession,
    state: FolderState,
    refusal: RefusedError,
  ): Promise<HeldMessages | undefined> {
    const path = targetPathOf(state.from, this.request.target);
    const steps = this.#paths?.stricterStepsOf(path) ?? state.steps;
    if (steps.join('/') === state.steps.join('/')) throw refusal;

    state.steps = steps;
    state.isNew = false;

    return (await session.look(steps)) ?? this.#make(session, state);
  }

  #stateOf(session: ImapSession, folder: string): FolderState {
    const known = this.#states.get(folder);
    if (known) return known;

    this.#paths ??= new FolderPaths(session.separator);
    const path = targetPathOf(folder, this.request.target);

    const state: FolderState = {
      from: folder,
      steps: this.#paths.stepsOf(path),
      held: undefined,
      done: new Map(),
      isNew: false,
      added: 0,
      skipped: 0,
    };

    this.#states.set(folder, state);

    return state;
  }
}
