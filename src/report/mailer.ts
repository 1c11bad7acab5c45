import type { SMTPTransportOptions } from 'nodemailer';
import { FailedError, messageOf } from '../errors.js';
import { maskSecrets } from '../platform/secret.js';
import { tellStep } from '../platform/steps.js';
import type { MailRoute } from './mail-route.js';
import type { MailContent } from './notification.js';

/** A mail that the SMTP service took for at least one recipient. */
export interface SentMail {
  readonly accepted: readonly string[];
  /** Recipients it refused, with its answer. */
  readonly rejected: readonly {
    readonly address: string;
    readonly answer: string;
  }[];
}

/** The SMTP service did not take a mail. `isPermanent`: it looked at this mail and said no for good (5yz). */
export class MailRefusedError extends FailedError {
  constructor(
    message: string,
    readonly isPermanent: boolean,
    details: { readonly hints: readonly string[] },
  ) {
    super(message, details);
  }
}

/**
 * Hands one mail to the SMTP service of the route, within its time limit and until `signal` stops it.
 * @throws {MailRefusedError} when the service cannot be reached, refuses login, sender or every recipient, breaks off or
 *   is too slow; neither the message nor the hints hold the password
 */
export async function sendMail(
  route: MailRoute,
  mail: MailContent,
  signal?: AbortSignal,
): Promise<SentMail> {
  // Loaded when there is something to send: most commands never need it.
  const { createTransport } = await import('nodemailer');
  tellStep(`sending a mail to ${route.to.join(', ')}`);

  const transport = createTransport(transportOptions(route));
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort(new Error(`no end within ${String(route.timeoutMs / 1000)} s`));
  }, route.timeoutMs);
  const onStop = (): void => {
    abort.abort(new Error('stopped with the run'));
  };

  signal?.addEventListener('abort', onStop, { once: true });
  if (signal?.aborted) onStop();

  try {
    const sent = await transport.sendMail({
      from: route.from,
      to: [...route.to],
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      ...(mail.page === undefined
        ? {}
        : { attachments: [attachedPage(mail.page)] }),
      // RFC 3834: no vacation answer comes back to a machine.
      headers: { 'Auto-Submitted': 'auto-generated' },
      signal: abort.signal,
    });

    return {
      accepted: sent.accepted,
      rejected: rejectedOf(sent.rejectedErrors ?? [], sent.rejected),
    };
  } catch (error) {
    throw refusal(route, abort.signal.aborted ? abort.signal.reason : error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onStop);
    transport.close();
  }
}

function attachedPage(content: string): {
  filename: string;
  content: string;
  contentType: string;
} {
  return {
    filename: 'kms-backup-status.html',
    content,
    contentType: 'text/html; charset=utf-8',
  };
}

function transportOptions(route: MailRoute): SMTPTransportOptions {
  return {
    host: route.host,
    port: route.port,
    secure: route.tls === 'tls',
    requireTLS: route.tls === 'starttls',
    ignoreTLS: route.tls === 'none',
    tls: { rejectUnauthorized: route.verifiesCertificate },
    connectionTimeout: route.timeoutMs,
    greetingTimeout: route.timeoutMs,
    socketTimeout: route.timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(route.login
      ? { auth: { user: route.login.user, pass: route.login.password } }
      : {}),
  };
}

interface SmtpFailure {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly SmtpFailure[];
}

function rejectedOf(
  errors: readonly unknown[],
  addresses: readonly string[],
): SentMail['rejected'] {
  const failures = errors as readonly SmtpFailure[];
  return addresses.map((address) => {
    const failure = failures.find(({ recipient }) => recipient === address);
    return { address, answer: failure?.response ?? 'refused' };
  });
}

function refusal(route: MailRoute, error: unknown): MailRefusedError {
  const failure = (error instanceof Error ? error : {}) as SmtpFailure;
  const place = `${route.host}:${String(route.port)}`;

  const secrets = [
    route.login?.password,
    route.login && `\0${route.login.user}\0${route.login.password}`,
  ];

  const reason = maskSecrets(
    failure.response ?? messageOf(error),
    secrets,
  ).replace(/\s+/g, ' ');

  const [what, hint] = explain(failure, messageOf(error));
  const isPermanent =
    (failure.responseCode ?? 0) >= 500 && failure.code !== 'EAUTH';

  return new MailRefusedError(`${what} ${place}: ${reason}`, isPermanent, {
    hints: [hint],
  });
}

/** What happened and what helps, by nodemailer's code and the SMTP answer (RFC 5321 4.2). */
function explain(
  { code, responseCode }: SmtpFailure,
  message: string,
): [what: string, hint: string] {
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    return [
      'the login was refused by',
      'Check [smtp] user and password-file, and whether the service wants tls first.',
    ];
  }

  if (
    code === 'ETLS' ||
    /certificate|TLS|SSL|wrong version number/i.test(message)
  ) {
    const hint =
      'Check [smtp] tls: tls for port 465, starttls for 587; tls-verify = no accepts a private certificate.';
    return ['no protected connection to', hint];
  }

  if (responseCode !== undefined && responseCode >= 500) {
    return [
      'the mail was refused by',
      'Check the addresses in [smtp] from and to, and who may relay through the service.',
    ];
  }

  if (responseCode !== undefined && responseCode >= 400) {
    return [
      'the mail was put off by',
      'The service asks to try again later: the next run does.',
    ];
  }

  if (code === 'EDNS') return ['cannot find', 'Check the name in [smtp] host.'];

  return [
    'cannot send by',
    'Check that the SMTP service runs and that [smtp] host and port name it.',
  ];
}
