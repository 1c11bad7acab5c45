import { createHash } from 'node:crypto';
import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { LoginRefusedError, UntrustedServerError } from '../errors.js';
import { fingerprintOf } from '../platform/fingerprint.js';
import { describeServer, type ImapAccount, type ImapLogin } from './account.js';
import { TRUST_HINTS } from './fault.js';

/** What the library's connection has beside its published types; its version is pinned for that. */
export interface LoginSteps {
  readonly socket: Socket | false;
  readonly authenticated: string | boolean;
  readonly capabilities: ReadonlyMap<string, unknown>;
  exec(
    command: string,
    attributes: readonly { readonly type: string; readonly value: string }[],
    options?: { readonly onPlusTag?: (answer: PlusAnswer) => Promise<void> },
  ): Promise<{ next(): void }>;
  write(line: string): void;
  authenticate(): Promise<boolean>;
  setAuthenticationState(): Promise<void>;
}

/** The server asks for more: `+ 42f1…`. */
interface PlusAnswer {
  readonly attributes?: readonly ({ readonly value?: unknown } | null)[];
}

/** The library's way of a login. */
export interface LibraryLogin {
  readonly user: string;
  readonly pass: string;
  readonly authzid?: string;
  readonly loginMethod?: string;
}

/** A master user acts for another by SASL's own means (RFC 4616): no separator between two names has to be guessed. */
export function libraryLogin({
  login,
  user,
  password,
}: ImapAccount): LibraryLogin {
  return login.kind === 'master-user'
    ? {
        user: login.name,
        pass: password,
        authzid: user,
        loginMethod: 'AUTH=PLAIN',
      }
    : { user, pass: password };
}

/** Lets a connection look at whom it speaks to before it sends a password, and log in by Kerio's master password. */
export function guardLogin(steps: LoginSteps, account: ImapAccount): void {
  const logInAsUser = steps.authenticate.bind(steps);

  steps.authenticate = async () => {
    refuseStranger(steps, account);
    refuseMissingWay(steps, account.login);

    if (account.login.kind !== 'kerio-master') return logInAsUser();

    await logInByMasterPassword(steps, account);
    await steps.setAuthenticationState();

    return true;
  };
}

/** @throws {UntrustedServerError} · {LoginRefusedError} where the server has chosen an account by itself */
function refuseStranger(steps: LoginSteps, account: ImapAccount): void {
  const { socket } = steps;
  const server = describeServer(account);
  const isSecure = socket instanceof TLSSocket;
  const mayBePlain =
    account.protection === 'none' || account.protection === 'local';

  if (!isSecure && !mayBePlain) {
    throw new UntrustedServerError(`no TLS to ${server}`, {
      hints: TRUST_HINTS,
    });
  }

  if (isSecure && account.fingerprint !== undefined) {
    const found = fingerprintOf(socket.getPeerCertificate().raw);

    if (found !== account.fingerprint) {
      throw new UntrustedServerError(
        `${server} has another certificate: expected ${account.fingerprint}, found ${found}`,
        {
          hints: [
            'Ask who runs the server whether its certificate was changed.',
          ],
        },
      );
    }
  }

  if (steps.authenticated !== false) {
    throw new LoginRefusedError(
      `${server} has logged in somebody by itself: nobody knows whom`,
      { hints: ['Name another port of the server.'] },
    );
  }
}

/** @throws {LoginRefusedError} where the server does not offer the way of the login */
function refuseMissingWay(
  { capabilities }: LoginSteps,
  { kind }: ImapLogin,
): void {
  if (kind === 'master-user' && !capabilities.has('AUTH=PLAIN')) {
    throw new LoginRefusedError(
      'the server offers no AUTH=PLAIN, by which a user acts for another',
      { hints: ['Log in as the user: leave out --auth-as.'] },
    );
  }

  if (kind === 'kerio-master' && !capabilities.has('X-MASTERAUTH')) {
    throw new LoginRefusedError('the server offers no X-MASTERAUTH', {
      hints: [
        'Enable master authentication in the administration of Kerio Connect, or leave out --master-auth.',
      ],
    });
  }
}

/**
 * Kerio's own way: the server sends a challenge, is answered with MD5 over challenge and password, and is then told whose mail
 * is meant. By the vendor's text only (docs/kerio.md 7.5).
 */
async function logInByMasterPassword(
  steps: LoginSteps,
  { user, password }: ImapAccount,
): Promise<void> {
  const begun = await steps.exec('X-MASTERAUTH', [], {
    onPlusTag: (answer) => {
      steps.write(answerTo(challengeIn(answer), password));

      return Promise.resolve();
    },
  });
  begun.next();

  const chosen = await steps.exec('X-SETUSER', [
    { type: 'STRING', value: user },
  ]);
  chosen.next();
}

function challengeIn({ attributes }: PlusAnswer): string {
  const value = attributes?.[0]?.value;

  return typeof value === 'string' ? value.trim() : '';
}

function answerTo(challenge: string, password: string): string {
  return createHash('md5')
    .update(challenge + password)
    .digest('hex');
}
