/** The account that mail is put back into, of a command's flags. */
import { ConfigurationError, UsageError } from '../errors.js';
import {
  chooseProtection,
  type ImapAccount,
  type ImapLogin,
  type ImapProtection,
  parseImapAddress,
} from '../imap/account.js';
import { parseFingerprint } from '../platform/fingerprint.js';
import { readSecret } from '../platform/secret.js';
import { trustedCertificates } from '../platform/trusted-certificates.js';
import { PUBLIC } from '../store/mail-names.js';

/** The variable that a password is taken from. */
const PASSWORD_VARIABLE = 'KMS_BACKUP_IMAP_PASSWORD';

/** The flags that name the server, the account and the login. */
export interface ImapFlags {
  readonly imap?: string | undefined;
  readonly 'to-user'?: string | undefined;
  readonly 'auth-as'?: string | undefined;
  readonly 'master-auth': boolean;
  /** One of `ImapProtection`. */
  readonly 'imap-tls': string;
  readonly 'ca-file'?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly 'imap-password-file'?: string | undefined;
}

/** What an account is made of beside flags. */
export interface AccountContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws {UsageError} where there is no terminal to ask on */
  readonly askPassword: (whose: string) => Promise<string>;
}

/**
 * The account of the mailbox that mail is from, or of `--to-user`.
 * @param mailbox `example.com/alice`
 * @throws {UsageError} · {ConfigurationError} where a file cannot be read
 */
export async function toImapAccount(
  mailbox: string,
  flags: ImapFlags & { readonly imap: string },
  { env, askPassword }: AccountContext,
): Promise<ImapAccount> {
  const address = parseImapAddress(flags.imap);
  const { fingerprint } = flags;
  const user = flags['to-user'] ?? userOf(mailbox);
  const login = loginOf(flags);

  const account = {
    host: address.host,
    ...chooseProtection(address, flags['imap-tls'] as ImapProtection),
    certificates: trustedCertificates(flags['ca-file'], env),
    fingerprint:
      fingerprint === undefined ? undefined : parseFingerprint(fingerprint),
    user: oneLine(user),
    login,
  };

  const password =
    readSecret({
      what: 'the IMAP login',
      variable: PASSWORD_VARIABLE,
      file: flags['imap-password-file'],
      env,
    }) ?? (await askPassword(whosePassword(user, login)));

  if (password === '') throw new ConfigurationError('the password is empty');

  return { ...account, password };
}

function loginOf(flags: ImapFlags): ImapLogin {
  const name = flags['auth-as'];
  const isKerio = flags['master-auth'];

  if (name !== undefined && isKerio) {
    throw new UsageError(
      '--auth-as and --master-auth are two ways of one login: leave out one of them',
    );
  }

  if (name !== undefined) return { kind: 'master-user', name: oneLine(name) };

  return { kind: isKerio ? 'kerio-master' : 'user' };
}

function whosePassword(user: string, login: ImapLogin): string {
  switch (login.kind) {
    case 'user':
      return user;
    case 'master-user':
      return login.name;
    case 'kerio-master':
      return 'master authentication';
  }
}

/** `example.com/alice` logs in as `alice@example.com`. @throws {UsageError} for public folders, which have no login */
function userOf(mailbox: string): string {
  const [domain = '', user = ''] = mailbox.split('/');
  if (user !== '' && user !== PUBLIC) return `${user}@${domain}`;

  throw new UsageError(`${mailbox} has no login of its own`, {
    hints: ['Say whose account it goes to with --to-user.'],
  });
}

/** A name that ended a line would begin a command. */
function oneLine(name: string): string {
  if (!/\p{Cc}/u.test(name) && name !== '') return name;

  throw new UsageError(`no name of a user: ${JSON.stringify(name)}`);
}
