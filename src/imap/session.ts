import type { ImapFlow, ImapFlowOptions } from 'imapflow';
import { tellStep } from '../platform/steps.js';
import { describeServer, type ImapAccount } from './account.js';
import {
  type ImapFailure,
  loginName,
  toCommandError,
  toConnectError,
} from './fault.js';
import { HeldMessages, type HeldSize } from './held-messages.js';
import { guardLogin, libraryLogin, type LoginSteps } from './log-in.js';
import { IDENTIFYING_HEADERS, identityOf } from './message-identity.js';
import { rangesOf } from './uid-ranges.js';

/** A message as a server takes it. */
export interface AppendedMessage {
  /** Its lines end as IMAP wants them. */
  readonly bytes: Buffer;
  /** Undefined: the moment at which the server takes it. */
  readonly receivedAt: Date | undefined;
  /** `\Seen`, `\Flagged`. */
  readonly flags: readonly string[];
}

const CONNECT_MS = 20_000;
/** Without a byte in either direction. */
const IDLE_MS = 120_000;
/** Where a server says nothing about it. */
const USUAL_SEPARATOR = '/';

/** The codes with which a server says that there is no such folder (RFC 5530); older ones have none. */
const NOT_THERE: ReadonlySet<unknown> = new Set([
  undefined,
  'NONEXISTENT',
  'CANNOT',
  'TRYCREATE',
]);

/** Takes 80 ms to load: whoever speaks to no IMAP server never does. */
const loadLibrary = async (): Promise<typeof import('imapflow')> =>
  await import('imapflow');

/**
 * Connects and logs in. A session ends with its signal.
 * @throws {LoginRefusedError} · {UntrustedServerError} · {ConnectionLostError}
 */
export async function openSession(
  account: ImapAccount,
  signal: AbortSignal,
): Promise<ImapSession> {
  const { ImapFlow } = await loadLibrary();
  signal.throwIfAborted();
  tellStep(`connecting to ${describeServer(account)} as ${loginName(account)}`);

  const client = new ImapFlow(optionsOf(account));
  const session = new ImapSession(client, account, signal);
  guardLogin(client as unknown as LoginSteps, account);

  try {
    await client.connect();
  } catch (error) {
    session.close();
    signal.throwIfAborted();
    throw toConnectError(account, error);
  }

  return session;
}

/** One connection to the account. */
export class ImapSession {
  readonly #end = (): void => {
    this.client.close();
  };

  constructor(
    private readonly client: ImapFlow,
    private readonly account: ImapAccount,
    private readonly signal: AbortSignal,
  ) {
    // What fails is told by the command that it fails.
    client.on('error', () => undefined);
    signal.addEventListener('abort', this.#end);
  }

  /** What stands between the steps of a folder's path. */
  get separator(): string {
    const namespace = this.client.namespace;

    return (namespace ? namespace.delimiter : undefined) ?? USUAL_SEPARATOR;
  }

  /** What a folder holds; undefined where it is not there. @throws {ConnectionLostError} */
  async look(steps: readonly string[]): Promise<HeldMessages | undefined> {
    const path = this.#pathOf(steps);

    return this.#ask(`folder ${steps.join('/')}`, async () => {
      const sizes = await this.#readSizes(path);

      return (
        sizes && new HeldMessages(sizes, (uids) => this.#readKeys(path, uids))
      );
    });
  }

  /** Makes a folder, and those above it that are missing. @returns whether it was not there  @throws {RefusedError} */
  async makeFolder(steps: readonly string[]): Promise<boolean> {
    const { created } = await this.#ask(
      `folder ${steps.join('/')} cannot be made`,
      () => this.client.mailboxCreate(this.#pathOf(steps)),
    );

    return created;
  }

  /** @throws {QuotaFullError} · {RefusedError} this message alone · {ConnectionLostError} it may have been added */
  async append(
    steps: readonly string[],
    { bytes, receivedAt, flags }: AppendedMessage,
  ): Promise<void> {
    await this.#ask('the message was refused', async () => {
      const path = this.#pathOf(steps);
      const given = await this.client.append(
        path,
        bytes,
        [...flags],
        receivedAt,
      );

      if (!given) throw new Error('the session is over');
    });
  }

  /** Takes its leave of the server. */
  async end(): Promise<void> {
    try {
      await this.client.logout();
    } catch {
      // Everything that counts was answered before.
    }

    this.close();
  }

  close(): void {
    this.signal.removeEventListener('abort', this.#end);
    this.client.close();
  }

  #pathOf(steps: readonly string[]): string {
    return steps.join(this.separator);
  }

  async #readSizes(path: string): Promise<HeldSize[] | undefined> {
    if (!(await this.#examine(path))) return undefined;

    const sizes: HeldSize[] = [];
    const wanted = { uid: true, size: true };

    for await (const { uid, size } of this.client.fetch('1:*', wanted)) {
      sizes.push({ uid, sizeBytes: size ?? 0 });
    }

    await this.#leaveFolder();

    return sizes;
  }

  async #readKeys(path: string, uids: readonly number[]): Promise<string[]> {
    return this.#ask(`folder ${path}`, async () => {
      if (!(await this.#examine(path))) return [];

      const keys: string[] = [];
      const wanted = { uid: true, size: true, headers: IDENTIFYING_HEADERS };

      for (const range of rangesOf(uids)) {
        const found = this.client.fetch(range, wanted, { uid: true });

        for await (const { headers, size } of found) {
          keys.push(identityOf(headers ?? Buffer.alloc(0), size ?? 0));
        }
      }

      await this.#leaveFolder();

      return keys;
    });
  }

  /** A library that lost its connection meanwhile has read a folder as if nothing more were in it. */
  async #leaveFolder(): Promise<void> {
    await this.client.mailboxClose();
    if (!this.client.usable) throw new Error('the session is over');
  }

  /** Opens a folder so that nothing in it changes. @returns whether it is there  @throws where it is there and cannot be opened */
  async #examine(path: string): Promise<boolean> {
    try {
      await this.client.mailboxOpen(path, { readOnly: true });

      return true;
    } catch (error) {
      const { responseStatus, serverResponseCode } = error as ImapFailure;
      const isNo = responseStatus === 'NO';
      if (isNo && NOT_THERE.has(serverResponseCode)) return false;

      throw error;
    }
  }

  async #ask<Answer>(
    what: string,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    this.signal.throwIfAborted();

    try {
      return await work();
    } catch (error) {
      this.signal.throwIfAborted();
      throw toCommandError(this.account, what, error);
    }
  }
}

function optionsOf(account: ImapAccount): ImapFlowOptions {
  const { host, port, protection, certificates, fingerprint } = account;

  return {
    host,
    port,
    secure: protection === 'tls',
    ...upgradeOf(protection),
    auth: libraryLogin(account),
    tls: {
      ...(certificates && { ca: [...certificates] }),
      // The certificate itself is compared, before anything is sent.
      ...(fingerprint !== undefined && { rejectUnauthorized: false }),
    },
    logger: false,
    clientInfo: { name: 'kms-backup' },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: IDLE_MS,
    disableAutoIdle: true,
    // Names of folders go as every server knows them.
    disableAutoEnable: true,
    disableCompression: true,
  };
}

/** On this machine the library takes STARTTLS where it is offered, else none. */
function upgradeOf(
  protection: ImapAccount['protection'],
): Pick<ImapFlowOptions, 'doSTARTTLS'> {
  switch (protection) {
    case 'starttls':
      return { doSTARTTLS: true };
    case 'none':
      return { doSTARTTLS: false };
    default:
      return {};
  }
}
