import { hostname } from 'node:os';
import { messageOf } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import { formatMoment } from '../platform/dates.js';
import { formatSize } from '../platform/units.js';
import type { IniSettings } from '../settings/ini-settings.js';
import type { NotifyRule } from '../settings/smtp-section.js';
import { readNotifyAddress } from '../server/notify-address.js';
import {
  readMailRoute,
  type MailRoute,
  type ServerMailFacts,
} from './mail-route.js';
import { sendMail, type SentMail } from './mailer.js';
import { notificationFor, type MailContent } from './notification.js';
import { needsAttention, type RunReport } from './run-report.js';
import { listSpool, sendSpool, spoolDirectory, spoolMail } from './spool.js';

/** Characters: mail services refuse mails of more than 10 MB and some of less. */
const LARGEST_PAGE = 4 << 20;

/** Everything a notification needs besides its content. */
export interface NotifyContext {
  readonly installDir: string;
  readonly settings: IniSettings;
  readonly server: ServerMailFacts;
  /** From `--notify`; undefined: kms-backup.ini's, and `always` where that says nothing. */
  readonly rule?: NotifyRule | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Makes the status page that goes with a mail; asked when a mail is about to be sent. Undefined: none goes. */
  readonly makePage?: (() => Promise<string>) | undefined;
  /** Aborted where the run was told to stop: no mail service is waited for, the mail is spooled. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tells about a run as the rule asks, after the mails of earlier runs that still wait. Never throws: what went wrong is
 * returned as warnings, and the mail waits in the spool.
 */
export async function notifyAboutRun(
  report: RunReport,
  context: NotifyContext,
): Promise<string[]> {
  return notifyWith((rule) => mailFor(report, rule), context);
}

/** The same with the mail that is due by a rule; undefined: none is. */
export async function notifyWith(
  toMail: (rule: NotifyRule) => MailContent | undefined,
  context: NotifyContext,
): Promise<string[]> {
  const rule = notifyRule(context);
  if (rule === 'never') return [];

  const problem = addressProblem(context);
  const warnings = problem === undefined ? [] : [problem];

  try {
    const route = routeOf(context);

    if (route) {
      const mail = toMail(rule);

      return [...warnings, ...(await deliver(mail, route, context))];
    }

    const isTold = context.settings.notify.url !== undefined;

    return context.rule === undefined || problem !== undefined || isTold
      ? warnings
      : [noRecipientText()];
  } catch (error) {
    const fact = notSentText(messageOf(error));
    const mail = toMail(rule);

    return [...warnings, ...(mail ? keep(mail, fact, context) : [fact])];
  }
}

/** Which runs are told about, by mail and by the address of `[notify]`. */
export function notifyRule({ rule, settings }: NotifyContext): NotifyRule {
  return rule ?? settings.smtp.notify ?? 'always';
}

/** The mail about a run, where one is due: without an address nobody needs it. */
function mailFor(report: RunReport, rule: NotifyRule): MailContent | undefined {
  return rule === 'always' || needsAttention(report)
    ? notificationFor(report)
    : undefined;
}

/** Sends what waits, and then the mail. Returns what went wrong. */
async function deliver(
  mail: MailContent | undefined,
  route: MailRoute,
  context: NotifyContext,
): Promise<string[]> {
  const { installDir, clock, signal } = context;
  if (signal?.aborted) return mail ? keep(mail, undefined, context) : [];

  const directory = spoolDirectory(installDir);
  const spool = await sendSpool(directory, route, clock, signal);
  const { reason = '', waiting } = spool;

  // A service that was just seen not to answer is not asked, and waited for, a second time.
  if (mail && spool.isUnreachable) {
    return keep(mail, notSentText(reason), context);
  }

  const warnings =
    reason === ''
      ? []
      : [`earlier notifications still wait (${String(waiting)}): ${reason}`];

  return mail
    ? [...warnings, ...(await sendWithPage(mail, route, context))]
    : warnings;
}

/** Sends a mail with the status page, or keeps it for the next run. */
async function sendWithPage(
  mail: MailContent,
  route: MailRoute,
  context: NotifyContext,
): Promise<string[]> {
  const { page, problem } = await pageOf(context);
  const warnings = problem === undefined ? [] : [problem];

  try {
    const sent = await sendMail(route, { ...mail, page }, context.signal);

    return [...warnings, ...refusedRecipients(sent)];
  } catch (error) {
    const fact = notSentText(messageOf(error));

    return [...warnings, ...keep(mail, fact, context)];
  }
}

function notSentText(reason: string): string {
  return `no notification was sent: ${reason}`;
}

/** A page that cannot be made, for instance because the archives cannot be read, keeps no mail back. */
async function pageOf({
  makePage,
}: NotifyContext): Promise<{ page?: string; problem?: string }> {
  try {
    const page = await makePage?.();
    if (page === undefined) return {};
    if (page.length <= LARGEST_PAGE) return { page };

    return {
      problem: `the status page is not in the notification: it is too large (${formatSize(page.length)})`,
    };
  } catch (error) {
    return {
      problem: `the status page is not in the notification: ${messageOf(error)}`,
    };
  }
}

/**
 * Spools a mail that was not sent and returns the warnings that say so.
 * @param fact why it was not sent; undefined where nobody needs to be told
 */
function keep(
  mail: MailContent,
  fact: string | undefined,
  context: NotifyContext,
): string[] {
  const directory = spoolDirectory(context.installDir);
  try {
    spoolMail(directory, mail, context.clock);

    const count = listSpool(directory).length;
    const waits = count === 1 ? 'it waits' : `${String(count)} wait`;

    return fact === undefined
      ? []
      : [`${fact}; ${waits} in ${directory} for the next run`];
  } catch (error) {
    return [
      `${fact ?? 'no notification was sent'}; nor could it be kept for the next run: ${messageOf(error)}`,
    ];
  }
}

function refusedRecipients({ rejected }: SentMail): string[] {
  return rejected.map(
    ({ address, answer }) =>
      `the notification was refused for ${address}: ${answer}`,
  );
}

function routeOf({
  settings,
  server,
  env,
}: NotifyContext): MailRoute | undefined {
  return readMailRoute({
    smtp: settings.smtp,
    server,
    machine: hostname(),
    env,
  });
}

/** Returns the fault of mailserver.cfg's address, where that address is used. */
export function addressProblem({
  settings,
  server,
}: NotifyContext): string | undefined {
  return settings.smtp.to === undefined
    ? readNotifyAddress(server.notifyAddress).problem
    : undefined;
}

function noRecipientText(): string {
  return 'nobody to notify: set the notification address with config set notify=ADDRESS, or to in [smtp] of kms-backup.ini';
}

/** How a test mail went. */
export interface TestMailReport extends SentMail {
  readonly host: string;
  readonly port: number;
  readonly from: string;
  /** Mails of earlier runs that went out with it. */
  readonly sentFromSpool: number;
}

/**
 * Sends a test mail by the route that notifications take, and then the mails that wait in the spool.
 * Undefined where nobody is to be notified.
 * @throws {MailRefusedError} with the service's answer when it takes the mail for nobody
 */
export async function sendTestMail(
  context: NotifyContext,
): Promise<TestMailReport | undefined> {
  const route = routeOf(context);
  if (!route) return undefined;

  const sent = await sendMail(route, testMail(context), context.signal);

  const spool = await sendSpool(
    spoolDirectory(context.installDir),
    route,
    context.clock,
    context.signal,
  );

  const { host, port, from } = route;

  return {
    host,
    port,
    from,
    ...sent,
    sentFromSpool: spool.sent,
  };
}

function testMail({ clock }: NotifyContext): MailContent {
  const machine = hostname();
  const text = `This is a test of kms-backup's notifications, sent ${formatMoment(clock())} from ${machine}.\nNothing happened to the backup.\n`;
  const html = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Test</title></head><body><p>${text.replace('\n', '<br>')}</p></body></html>`;

  return {
    subject: `[kms-backup] ${machine}: test of the notifications`,
    text,
    html,
  };
}
