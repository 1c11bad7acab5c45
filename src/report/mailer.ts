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
  const limit = new SendLimit(route.timeoutMs, signal);

  try {
    const sent = await transport.sendMail({
      from: route.from,
      to: [...route.to],
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      attachments: mail.page === undefined ? [] : [attachedPage(mail.page)],
      // RFC 3834: no vacation answer comes back to a machine.
      headers: { 'Auto-Submitted': 'auto-generated' },
      signal: limit.signal,
    });

    return {
      accepted: sent.accepted,
      rejected: rejectedOf(sent.rejectedErrors ?? [], sent.rejected),
    };
  } catch (error) {
    throw refusal(route, limit.signal.aborted ? limit.signal.reason : error);
  } finally {
    limit.close();
    transport.close();
  }
}

/** Ends the sending of one mail: after its time, or with the run. */
class SendLimit {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(
    timeoutMs: number,
    private readonly runSignal: AbortSignal | undefined,
  ) {
    this.#timer = setTimeout(() => {
      this.#abort.abort(
        new Error(`no end within ${String(timeoutMs / 1000)} s`),
      );
    }, timeoutMs);

    runSignal?.addEventListener('abort', this.#stop, { once: true });
    if (runSignal?.aborted) this.#stop();
  }

  /** Aborted with the reason that people are told. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.runSignal?.removeEventListener('abort', this.#stop);
  }

  readonly #stop = (): void => {
    this.#abort.abort(new Error('stopped with the run'));
  };
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

/** An error of nodemailer. */
interface SmtpFailure {
  readonly code?: string;
  /** The system's call that failed; undefined where TLS failed, and not the network below it. */
  readonly syscall?: string;
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

  const { fact, hint } = explain(failure);
  const isPermanent =
    (failure.responseCode ?? 0) >= 500 && failure.code !== 'EAUTH';

  return new MailRefusedError(`${fact} ${place}: ${reason}`, isPermanent, {
    hints: [hint],
  });
}

interface Explanation {
  /** Goes before the service's name. */
  readonly fact: string;
  readonly hint: string;
}

/** Describes a failure and its remedy, by nodemailer's code and the SMTP answer (RFC 5321 4.2). */
function explain(failure: SmtpFailure): Explanation {
  const { code, responseCode = 0 } = failure;

  if (code === 'EAUTH' || code === 'ENOAUTH') {
    return {
      fact: 'the login was refused by',
      hint: 'Check [smtp] user and password-file, and whether the service wants tls first.',
    };
  }

  if (isTlsFailure(failure)) {
    return {
      fact: 'no protected connection to',
      hint: 'Check [smtp] tls: tls for port 465, starttls for 587; tls-verify = no accepts a private certificate.',
    };
  }

  if (responseCode >= 500) {
    return {
      fact: 'the mail was refused by',
      hint: 'Check the addresses in [smtp] from and to, and who may relay through the service.',
    };
  }

  if (responseCode >= 400) {
    return {
      fact: 'the mail was put off by',
      hint: 'The service asks to try again later: the next run does.',
    };
  }

  if (code === 'EDNS') {
    return { fact: 'cannot find', hint: 'Check the name in [smtp] host.' };
  }

  return {
    fact: 'cannot send by',
    hint: 'Check that the SMTP service runs and that [smtp] host and port name it.',
  };
}

/** No TLS was offered, or the handshake failed: on the socket, but in no call of the system. */
function isTlsFailure({ code, syscall }: SmtpFailure): boolean {
  return code === 'ETLS' || (code === 'ESOCKET' && syscall === undefined);
}
