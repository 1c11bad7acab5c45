import { SystemError } from '../errors.js';
import { classOf, wordsOf } from '../platform/errno-classes.js';
import { plural } from '../platform/units.js';
import type { RunMail } from './mass-loss.js';

/** Something that is not in the archive, with the system's name of the reason at its end: `cannot be listed: ESTALE`. */
interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

const MAIL = '@backup/store/mail/';
/** The disk or share is at fault, and not one file on it. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['NOT_REACHABLE', 'IO_ERROR']);

/**
 * One file that cannot be read is named, and the night goes on. A store that went away leaves nothing that is worth the name of a
 * backup: an archive without mail would only stand in the way of the last one with it.
 * @throws {SystemError} where the mail cannot be listed, or of all that was listed not one message be read
 */
export function refuseGoneStore(
  mail: RunMail | undefined,
  leftOut: readonly LeftOut[],
): void {
  const refuse = (errno: string, fact: string): never => {
    const found = classOf(errno);
    throw new SystemError(
      found?.code ?? 'IO_ERROR',
      errno,
      `${fact}: ${wordsOf(errno)} (${errno})`,
      {
        hints: [
          ...(found?.hints ?? []),
          'Nothing was published; earlier archives are untouched.',
        ],
      },
    );
  };

  const root = leftOut.find(({ name }) => name === MAIL);
  const rootErrno = root && diskErrnoOf(root);

  if (rootErrno !== undefined) {
    refuse(rootErrno, 'the mail of the store cannot be listed');
  }

  const [listed, stored] = [sum(mail?.listed), sum(mail?.stored)];
  const errno = leftOut.map(diskErrnoOf).find((one) => one !== undefined);

  if (listed > 0 && stored === 0 && errno !== undefined) {
    refuse(errno, `not one of ${plural(listed, 'listed message')} can be read`);
  }
}

/** An alarm where the store went away during the run: nobody knows what else it would have had. */
export function findGoneStore(leftOut: readonly LeftOut[]): string[] {
  const gone = leftOut.find(
    (one) => classOf(diskErrnoOf(one) ?? '')?.code === 'NOT_REACHABLE',
  );
  if (!gone) return [];
  return [
    `the store could not be reached for a time (${gone.reason}, ${gone.name}); no archive is removed in this run`,
  ];
}

function diskErrnoOf({ reason }: LeftOut): string | undefined {
  const errno = /\b(E[A-Z0-9]+)\)?$/.exec(reason)?.[1];
  return errno !== undefined && OF_THE_DISK.has(classOf(errno)?.code ?? '')
    ? errno
    : undefined;
}

function sum(counts: RunMail['listed'] | undefined): number {
  return [...(counts?.values() ?? [])].reduce(
    (total, count) => total + count,
    0,
  );
}
