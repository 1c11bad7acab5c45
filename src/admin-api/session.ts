import { KmsError, LoginRefusedError } from '../errors.js';
import {
  JsonAnswer,
  type JsonObject,
  UnknownAnswerError,
} from '../platform/json-answer.js';
import { tellStep } from '../platform/steps.js';
import { VERSION } from '../platform/tool.js';
import { describeHttpsAddress } from '../platform/https-address.js';
import type { AdminServer } from './address.js';
import { CookieJar } from './cookies.js';
import { exchange } from './exchange.js';
import { AdminRefusedError, SessionOverError } from './fault.js';
import { refusalOf, SESSION_OVER } from './refusal.js';

/** As the server's own log of configurations names us. */
const APPLICATION = {
  name: 'kms-backup',
  vendor: 'kms-backup',
  version: VERSION,
} as const;

const LOGOUT_MS = 5_000;

/**
 * Logs in, once: what is refused is not tried a second time.
 * @throws {LoginRefusedError} · {UntrustedServerError} · {AdminUnreachableError}
 */
export async function openAdminSession(
  server: AdminServer,
  signal: AbortSignal,
): Promise<AdminSession> {
  const session = new AdminSession(server, signal);
  await session.logIn();

  return session;
}

/** Somebody who is logged in. */
export class AdminSession {
  #cookies = new CookieJar();
  #token = '';
  #count = 0;

  constructor(
    private readonly server: AdminServer,
    private readonly signal: AbortSignal,
  ) {}

  /** For messages. */
  get name(): string {
    return describeHttpsAddress(this.server);
  }

  /** Asks for something, and changes nothing: a session that is over is opened anew, once. */
  async ask(method: string, params: JsonObject = {}): Promise<JsonAnswer> {
    try {
      return await this.#call(method, params);
    } catch (error) {
      if (!(error instanceof SessionOverError)) throw error;

      tellStep(`the session at ${this.name} is over: logging in again`);
      await this.logIn();

      return this.#call(method, params);
    }
  }

  /** Has something done; it is never repeated. */
  tell(method: string, params: JsonObject = {}): Promise<JsonAnswer> {
    return this.#call(method, params);
  }

  async logIn(): Promise<void> {
    const { user, password } = this.server;
    tellStep(`logging in at ${this.name} as ${user}`);
    this.#cookies = new CookieJar();
    this.#token = '';

    const params = { userName: user, password, application: APPLICATION };
    const answer = await this.#call('Session.login', params).catch(
      (error: unknown) => {
        throw this.#toLoginError(error);
      },
    );

    this.#token = readToken(answer.field('token'));
  }

  /** Takes its leave, also where the run was stopped: a session that is left open is one for somebody else to find. */
  async close(): Promise<void> {
    try {
      await this.#send(
        'Session.logout',
        {},
        AbortSignal.timeout(
          Math.min(LOGOUT_MS, this.server.silenceMs ?? LOGOUT_MS),
        ),
      );
    } catch {
      // Everything that counts was answered before.
      tellStep(`the session at ${this.name} ended without a word`);
    }
  }

  /** Whatever a server says to a login, but that it did not understand it, is a refusal. */
  #toLoginError(error: unknown): unknown {
    const isRefusal =
      error instanceof SessionOverError ||
      (error instanceof AdminRefusedError &&
        error.rpcCode !== undefined &&
        !isMisunderstood(error.rpcCode));
    if (!isRefusal) return error;

    return new LoginRefusedError(
      `the login of ${this.server.user} was refused: ${error.message}`,
      {
        hints: [
          'Check [api] user and its password; the user needs the right to administer the whole server.',
        ],
      },
    );
  }

  #call(method: string, params: JsonObject): Promise<JsonAnswer> {
    return this.#send(method, params, this.signal);
  }

  async #send(
    method: string,
    params: JsonObject,
    signal: AbortSignal,
  ): Promise<JsonAnswer> {
    const id = ++this.#count;
    const cookie = this.#cookies.header;

    const { body, setCookies } = await exchange(
      this.server,
      {
        body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
        headers: {
          ...(cookie !== '' && { Cookie: cookie }),
          ...(this.#token !== '' && { 'X-Token': this.#token }),
        },
      },
      signal,
    );

    this.#cookies.keep(setCookies);

    return this.#resultOf(method, id, parseAnswer(method, body));
  }

  #resultOf(method: string, id: number, answer: JsonAnswer): JsonAnswer {
    const whole = answer.object();
    const refusal = refusalOf(method, whole, this.#secrets());

    if (refusal?.rpcCode === SESSION_OVER) {
      throw new SessionOverError(
        `${this.name} ended the session: ${refusal.message}`,
      );
    }

    if (refusal) throw refusal;

    if (whole['id'] !== id) {
      throw new UnknownAnswerError(`${method}: the answer is to another call`);
    }

    return new JsonAnswer(method, answer.field('result').object());
  }

  #secrets(): string[] {
    return [this.server.password, this.#token, ...this.#cookies.values];
  }
}

/** JSON-RPC's own codes say that the question was none; all others are about who asks. */
function isMisunderstood(code: number): boolean {
  return code === -32_700 || (code <= -32_600 && code > -32_700);
}

function parseAnswer(method: string, body: string): JsonAnswer {
  try {
    return new JsonAnswer(method, JSON.parse(body));
  } catch (error) {
    if (error instanceof KmsError) throw error;

    throw new UnknownAnswerError(`${method}: the answer is no whole JSON`);
  }
}

/** It is sent as a header: nothing in it may end a line. */
function readToken(answer: JsonAnswer): string {
  const token = answer.text();
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;

  throw new UnknownAnswerError(`${answer.place} is none that can be sent`);
}
