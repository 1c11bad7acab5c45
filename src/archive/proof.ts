/** When and how an archive was proven, and the words for it. Pure. */
import { formatDay } from '../platform/dates.js';
import { plural } from '../platform/units.js';

/** Who read every byte of an archive: the backup that wrote it, a verify, or a drill of everything. */
export type Prover = 'backup' | 'verify' | 'drill';

const PROVERS: readonly Prover[] = ['backup', 'verify', 'drill'];

/** The last time at which an archive was recovered on trial. */
export interface DrillProof {
  readonly at: Date;
  /** So many mailboxes of it: no proof of the others. Undefined: everything. */
  readonly mailboxes: number | undefined;
}

export function isProver(word: unknown): word is Prover {
  return PROVERS.some((prover) => prover === word);
}

/** `2026-11-22 (1 mailbox)`, `2026-11-22 (everything)`. */
export function describeDrill(
  { at, mailboxes }: DrillProof,
  format = formatDay,
): string {
  const extent =
    mailboxes === undefined
      ? 'everything'
      : plural(mailboxes, 'mailbox', 'mailboxes');

  return `${format(at)} (${extent})`;
}
