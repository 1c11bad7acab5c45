import {
  ExitCode,
  KmsError,
  LoginRefusedError,
  messageOf,
  UntrustedServerError,
} from '../errors.js';
import { plainText } from '../platform/plain-text.js';
import { maskSecrets } from '../platform/secret.js';
import { describeServer, type ImapAccount } from './account.js';

/** What an error of the library says about itself, as far as it does. */
export interface ImapFailure {
  readonly code?: string;
  /** `NO` or `BAD`: the server's answer to a command. */
  readonly responseStatus?: string;
  /** `OVERQUOTA`, `TRYCREATE`, `TOOBIG` (RFC 5530). */
  readonly serverResponseCode?: string;
  readonly responseText?: string;
  readonly authenticationFailed?: boolean;
  readonly tlsFailed?: boolean;
}

/** The account takes no more (exit 14). */
class QuotaFullError extends KmsError {
  constructor(message: string) {
    super('QUOTA_FULL', ExitCode.noSpace, message, {
      hints: [
        'Raise the quota of the account, or empty its folder for deleted mail, and call it again: it goes on where it stopped.',
      ],
    });
  }
}

/** There is no connection, or it broke off: another try may have one (exit 1). */
export class ConnectionLostError extends KmsError {
  constructor(message: string) {
    super('IMAP_UNREACHABLE', ExitCode.failed, message, {
      hints: [
        'Check the name, the port and the firewall of the server, and call it again: it goes on where it stopped.',
      ],
    });
  }
}

/** The server answered NO to one command; the next one may succeed. */
export class RefusedError extends KmsError {
  /** @param reason the server's code: `TOOBIG`; empty where it named none */
  constructor(
    message: string,
    readonly reason: string,
  ) {
    super('IMAP_REFUSED', ExitCode.failed, message);
  }
}

const LONGEST_WORDS = 200;
/** Not now: a server that starts, stops, or has too many connections says so of a login as well (RFC 5530). */
const NOT_NOW = /^(UNAVAILABLE|INUSE|SERVERBUG|LIMIT)$/;
/** Codes of OpenSSL and Node for certificates: `DEPTH_ZERO_SELF_SIGNED_CERT`, `CERT_HAS_EXPIRED`, `ERR_TLS_CERT_ALTNAME_INVALID`. */
const CERTIFICATE =
  /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_(TLS|SSL)|EPROTO/;
/** Quotas by their code, and in the words of servers that have none. */
const QUOTA = /OVERQUOTA/i;
const QUOTA_WORDS = /quota (is )?exceeded|over quota|mailbox is full/i;

/** The words of an error that may repeat what it was sent, without secrets. */
function wordsOf(account: ImapAccount, error: unknown): string {
  const { password, user } = account;
  const said = failureOf(error).responseText ?? messageOf(error);
  const secrets = [password, `\0${user}\0${password}`];

  return plainText(maskSecrets(said, secrets), LONGEST_WORDS);
}

/** An error of the library while a connection is made. */
export function toConnectError(account: ImapAccount, error: unknown): KmsError {
  if (error instanceof KmsError) return error;

  const failure = failureOf(error);
  const server = describeServer(account);
  const words = wordsOf(account, error);

  if (NOT_NOW.test(failure.serverResponseCode ?? '')) {
    return new ConnectionLostError(`${server} lets nobody in now: ${words}`);
  }

  if (failure.authenticationFailed === true || isLoginRefused(failure)) {
    return new LoginRefusedError(
      `the login of ${loginName(account)} was refused by ${server}: ${words}`,
      {
        hints: [
          'Check the user, the password, and whether the server allows IMAP for it.',
        ],
      },
    );
  }

  if (failure.tlsFailed === true || CERTIFICATE.test(failure.code ?? '')) {
    return new UntrustedServerError(`no trusted way to ${server}: ${words}`, {
      hints: TRUST_HINTS,
    });
  }

  return new ConnectionLostError(`cannot reach ${server}: ${words}`);
}

export const TRUST_HINTS = [
  'Name the certificate of the server, or of who signed it, with --ca-file, or its SHA-256 with --fingerprint.',
  'Say --imap-tls starttls, tls or none where the server wants another way; none sends the password as it is.',
];

/** An error of the library at one command on a connection that stood. */
export function toCommandError(
  account: ImapAccount,
  what: string,
  error: unknown,
): KmsError {
  if (error instanceof KmsError) return error;

  const failure = failureOf(error);
  const reason = failure.serverResponseCode ?? '';
  const words = wordsOf(account, error);

  if (QUOTA.test(reason) || isQuotaInWords(failure)) {
    return new QuotaFullError(
      `the account ${account.user} is full: ${what}: ${words}`,
    );
  }

  if (isRefusal(failure) || reason === 'APPENDLIMIT') {
    return new RefusedError(`${what}: ${words}`, reason);
  }

  return new ConnectionLostError(
    `the connection to ${describeServer(account)} broke off: ${words}`,
  );
}

/** An answer to this command. A server that takes its leave, or asks for a pause, has not refused it. */
function isRefusal({ responseStatus, code }: ImapFailure): boolean {
  const isAnswer = responseStatus === 'NO' || responseStatus === 'BAD';

  return isAnswer && code !== 'ETHROTTLE';
}

function isQuotaInWords(failure: ImapFailure): boolean {
  return (
    failure.responseStatus === 'NO' &&
    QUOTA_WORDS.test(failure.responseText ?? '')
  );
}

/** A refusal that the library does not count as one of the login: the way of it is not offered. */
function isLoginRefused({ code, responseStatus }: ImapFailure): boolean {
  return code === 'LOGIN_WAY' || responseStatus === 'NO';
}

function failureOf(error: unknown): ImapFailure {
  return error instanceof Error ? (error as ImapFailure) : {};
}

/** Who logs in for whom. */
export function loginName({ user, login }: ImapAccount): string {
  switch (login.kind) {
    case 'user':
      return user;
    case 'master-user':
      return `${login.name} for ${user}`;
    case 'kerio-master':
      return `the master password for ${user}`;
  }
}
