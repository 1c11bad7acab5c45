import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, FailedError, LockedError, messageOf } from '../errors.js';
import { replaceFile } from '../platform/atomic-file.js';
import type { Clock } from '../platform/clock.js';
import { formatMoment } from '../platform/dates.js';
import { acquireLock } from '../platform/lock.js';
import {
  isJsonObject,
  ownFileError,
  readOwnJson,
} from '../platform/own-file.js';
import type { MailRoute } from './mail-route.js';
import { MailRefusedError, sendMail } from './mailer.js';
import type { MailContent } from './notification.js';

/** Beyond these the oldest mails go: a spool that nothing empties must not fill the disk. */
const MOST_MAILS = 50;
const SCHEMA = 'kms-backup/spooled-mail/1';
const MAIL_PATTERN = /^\d{8}T\d{9}Z-\d+\.json$/;

interface SpooledMail extends MailContent {
  readonly schema: typeof SCHEMA;
  /** RFC 3339, UTC. */
  readonly writtenAt: string;
}

/** Returns the directory of mails that could not be sent: beside mailserver.cfg, outside of the backup. */
export function spoolDirectory(installDir: string): string {
  return join(installDir, 'kms-backup.spool');
}

/**
 * Puts a mail into the spool, whole or not at all, readable by its owner alone. Recipients are not kept: the next run
 * sends it to those that are configured then.
 * @throws {Error} the operating system's, when the spool cannot be written
 */
export function spoolMail(
  directory: string,
  mail: MailContent,
  clock: Clock,
): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });

  const writtenAt = clock().toISOString();
  const { subject, text, html } = mail;

  const spooled: SpooledMail = {
    schema: SCHEMA,
    writtenAt,
    subject,
    text,
    html,
  };

  const name = `${writtenAt.replace(/[-:.]/g, '')}-${String(process.pid)}.json`;

  replaceFile(
    join(directory, name),
    Buffer.from(`${JSON.stringify(spooled)}\n`),
  );
  for (const old of listSpool(directory).slice(0, -MOST_MAILS)) {
    rmSync(join(directory, old), { force: true });
  }
}

/** The names of waiting mails, oldest first; empty where there is no spool. */
export function listSpool(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => MAIL_PATTERN.test(name))
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];

    throw error;
  }
}

/** The fate of the waiting mails. */
export interface SpoolResult {
  readonly sent: number;
  readonly waiting: number;
  /** Why the rest still waits; undefined where nothing waits or another run sends them now. */
  readonly reason?: string | undefined;
  /** The service took nothing and will not take the next mail either. */
  readonly isUnreachable: boolean;
}

/**
 * Sends the waiting mails, oldest first, each removed only after the service took it. A service that cannot be reached
 * ends the attempt; a mail that is refused for good stays and the next one is tried. An abort between the service's
 * answer and the removal sends one mail twice, never none.
 */
export async function sendSpool(
  directory: string,
  route: MailRoute,
  clock: Clock,
  signal?: AbortSignal,
): Promise<SpoolResult> {
  if (listSpool(directory).length === 0) {
    return { sent: 0, waiting: 0, isUnreachable: false };
  }

  const lock = await lockSpool(directory, clock);
  if (!lock) {
    return {
      sent: 0,
      waiting: listSpool(directory).length,
      isUnreachable: false,
    };
  }

  let sent = 0;
  let reason: string | undefined;
  let isUnreachable = false;

  try {
    for (const name of listSpool(directory)) {
      try {
        await sendMail(route, readSpooled(join(directory, name)), signal);
      } catch (error) {
        reason = messageOf(error);
        isUnreachable = error instanceof MailRefusedError && !error.isPermanent;
        if (isUnreachable) break;

        continue;
      }

      rmSync(join(directory, name), { force: true });
      sent++;
    }
  } finally {
    lock.release();
  }

  return { sent, waiting: listSpool(directory).length, reason, isUnreachable };
}

async function lockSpool(
  directory: string,
  clock: Clock,
): Promise<{ release(): void } | undefined> {
  try {
    return await acquireLock({
      path: join(directory, '.lock'),
      what: 'the mail spool',
      command: 'notify',
      clock,
    });
  } catch (error) {
    if (error instanceof LockedError) return undefined;

    throw error;
  }
}

/** @throws {FailedError} when it cannot be read or is no mail of ours: it stays, and the next one is tried */
function readSpooled(path: string): MailContent {
  const file = readOwnJson(path, parseSpooled);
  if (file.state === 'absent') {
    throw new FailedError(`the mail ${path} is gone`);
  }

  if (file.state !== 'sound') {
    throw ownFileError(path, 'a mail that waits', file);
  }

  const mail = file.value;
  const note = `This mail could not be sent when it was written, ${formatMoment(new Date(mail.writtenAt))}.`;
  const html = mail.html.replace(/(<body[^>]*>)/, `$1<p>${note}</p>`);

  return {
    subject: `${mail.subject} (delayed)`,
    text: `${note}\n\n${mail.text}`,
    html,
  };
}

function parseSpooled(json: unknown): SpooledMail | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { writtenAt, subject, text, html } = json;

  if (typeof writtenAt !== 'string' || Number.isNaN(Date.parse(writtenAt))) {
    return undefined;
  }

  if (
    typeof subject !== 'string' ||
    typeof text !== 'string' ||
    typeof html !== 'string'
  ) {
    return undefined;
  }

  return { schema: SCHEMA, writtenAt, subject, text, html };
}
