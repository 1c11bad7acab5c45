/** The report of a drill. Pure data. */
import type { DrillFault } from './compare-recovered.js';
import type {
  MailAmount,
  MeasuredRecover,
  RecoverEstimate,
} from './estimate.js';
import type { UnopenedMail } from './open-mails.js';

export interface DrillReport {
  /** `F20060118T220007Z.zip`: the archive of the point. */
  readonly archive: string;
  /** With the full that it needs, the base first. */
  readonly archives: readonly string[];
  readonly takenAt: Date;
  /** What was recovered: `alice@example.com`. */
  readonly drilled: readonly string[];
  readonly isWhole: boolean;
  /** What chance decided; undefined where it decided nothing. */
  readonly chance:
    { readonly seed: number; readonly among: number } | undefined;
  readonly recovered: MeasuredRecover & { readonly messages: number };
  /** All of the point. */
  readonly whole: MailAmount;
  /** Live files with the same content; undefined where they were not looked at. */
  readonly liveSame: number | undefined;
  /** Live files that changed, moved or went since. */
  readonly liveChanged: number;
  readonly opened: number;
  readonly unopened: readonly UnopenedMail[];
  readonly estimate: RecoverEstimate | undefined;
  /** What differs or is damaged; none: the drill proves what it recovered. */
  readonly faults: readonly DrillFault[];
  /** Undefined where it was removed. */
  readonly keptIn: string | undefined;
  readonly warnings: readonly string[];
  readonly startedAt: Date;
  readonly durationMs: number;
}
