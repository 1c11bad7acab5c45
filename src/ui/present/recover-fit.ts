import type { RecoverReport } from '../../recover/request.js';
import { formatCount } from '../../platform/units.js';

/** How a recover fits its place: what it changes, what it lacks, and who cannot use what it brings. */

const LISTED_MAILBOXES = 5;

/** A line for each path that is not the archive's: `Adapts    StoreDir  /data/store/ → /opt/store/`. */
export function adaptedLines(
  label: string,
  { adapted }: RecoverReport,
): string[] {
  const width = Math.max(...adapted.map(({ name }) => name.length));

  return adapted.map(
    ({ name, from, to }, at) =>
      `${at === 0 ? label : ' '.repeat(label.length)}${name.padEnd(width)}  ${from === '' ? '(none)' : from} → ${to}`,
  );
}

export function missingLines(
  label: string,
  { missing, lost, archives, cfgDir }: RecoverReport,
): string[] {
  const names = new Set(lost.map(({ name }) => name));
  const absent = missing.filter((name) => !names.has(name));
  if (absent.length === 0) return [];

  return [
    `${label}${absent.join(' and ')}: ${archives.join(' + ')} holds none, and is no complete backup; what is in ${cfgDir} stays`,
  ];
}

export function accountLines(
  label: string,
  { withoutAccount }: RecoverReport,
): string[] {
  const domains = withoutAccount.filter((name) => name.startsWith('@'));
  const mailboxes = withoutAccount.filter((name) => !name.startsWith('@'));

  return [
    ...mailboxLine(mailboxes),
    ...domains.map(
      (name) =>
        `${name.slice(1)} has no account in users.cfg: nobody can open its mailboxes until accounts are made, unless a directory service has them`,
    ),
  ].map((line) => label + line);
}

function mailboxLine(mailboxes: readonly string[]): string[] {
  const [first] = mailboxes;
  if (first === undefined) return [];

  if (mailboxes.length === 1) {
    return [
      `${first} has no account in users.cfg: nobody can open that mailbox until it is made`,
    ];
  }

  const named = mailboxes.slice(0, LISTED_MAILBOXES).join(', ');
  const more = mailboxes.length > LISTED_MAILBOXES ? ', …' : '';

  return [
    `${formatCount(mailboxes.length)} mailboxes have no account in users.cfg (${named}${more}): nobody can open them until they are made`,
  ];
}
