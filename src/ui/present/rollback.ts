import type { RollbackPlan } from '../../recover/rollback.js';
import type { TakenBack } from '../../recover/take-back.js';
import type { KeptState } from '../../server/kept-states.js';
import { describeKept } from '../../server/kept-words.js';
import { systemClock } from '../../platform/clock.js';
import { formatMinute } from '../../platform/dates.js';
import { plural } from '../../platform/units.js';
import { document } from '../document.js';
import {
  describeCounts,
  describeMoves,
  labelled,
  otherLosses,
  shorten,
} from './recover-cost.js';

/** A rollback, and the states that are forgotten, as people and scripts read them. */

/** The words of a plan, and of what was done. */
const TENSES = {
  plan: ['Restores', 'Loses', 'Moves', 'Adds', 'Changes', 'Keeps'],
  done: ['Restored', 'Lost', 'Moved', 'Added', 'Changed', 'Kept'],
} as const;

/** What is known once it is done. */
interface RollbackEnd {
  readonly isDryRun: boolean;
  readonly warnings: readonly string[];
  readonly keptIn: readonly string[];
  /** The mail server was stopped for it so long. */
  readonly downMs?: number | undefined;
}

/** Formats what a rollback would do, or has done. */
export function formatRollback(
  plan: RollbackPlan,
  keptIn?: readonly string[],
  isVerbose = false,
): string {
  const { archive, startedAt, restores, cost, takesBack } = plan;
  if (takesBack) return formatTakenBack(plan, takesBack, keptIn !== undefined);

  const [restored, lost, moved, added, changed, kept] =
    TENSES[keptIn ? 'done' : 'plan'];
  const since = startedAt.slice(0, 19).replace('T', ' ');
  const names = isVerbose ? plan.since.map(({ name }) => name) : [];

  return [
    ...labelled('Undo', [`the recover of ${archive}, begun ${since} UTC`]),
    ...labelled(restored, shorten(restores)),
    ...labelled(lost, [describeLosses(plan), ...names]),
    ...labelled(moved, describeMoves(cost)),
    ...labelled(added, [describeCounts(cost.adds.messages, cost.adds.files)]),
    ...labelled(changed, [
      describeCounts(cost.overwrites.messages, cost.overwrites.files),
    ]),
    ...labelled(kept, describeSince(plan, keptIn)),
  ].join('\n');
}

function countIndexed({ indexed }: TakenBack): number {
  return indexed.reduce((sum, { messages }) => sum + messages, 0);
}

/** Formats what an additive recover added and a rollback takes back. */
function formatTakenBack(
  { archive, startedAt }: RollbackPlan,
  { messages, files, others }: TakenBack,
  isDone: boolean,
): string {
  const [removes, leaves] = isDone
    ? ['Removed', 'Left']
    : ['Removes', 'Leaves'];
  const since = startedAt.slice(0, 19).replace('T', ' ');

  const lines = [
    `Undo      the additive recover of ${archive}, begun ${since} UTC; other mail stays`,
    `${removes}   ${describeCounts(messages, messages + files)} that it added`,
  ];

  if (others > 0) {
    lines.push(
      `${leaves.padEnd(9)} ${plural(others, 'added file')} that ${others === 1 ? 'is' : 'are'} not as added any more`,
    );
  }

  return lines.join('\n');
}

/** `2 messages that came in since (newest …), 120 messages that it brought, 1 other file`. */
function describeLosses({ cost, since }: RollbackPlan): string {
  const late = since.filter(({ isLost }) => isLost);
  const newest = newestOf(late);
  const brought = cost.loses.messages - late.length;
  const lost = [
    ...(newest
      ? [
          `${plural(late.length, 'message')} that came in since (newest ${formatMinute(newest)})`,
        ]
      : []),
    ...(brought > 0 ? [`${plural(brought, 'message')} that it brought`] : []),
    ...otherLosses(cost.loses),
  ];

  return lost.join(', ') || 'nothing';
}

function newestOf(since: RollbackPlan['since']): Date | undefined {
  const times = since.map(({ writtenAt }) => writtenAt.getTime());

  return times.length === 0
    ? undefined
    : new Date(times.reduce((a, b) => Math.max(a, b)));
}

function describeSince(
  { since, keepsSince }: RollbackPlan,
  keptIn: readonly string[] = [],
): string[] {
  if (since.length === 0) return [];
  if (!keepsSince) return ['nothing of what came in since'];

  const isNew = since.every(({ isLost }) => isLost);
  const messages = `${plural(since.length, 'message')} that came in${isNew ? '' : ' or changed'} since`;

  return keptIn.length === 0
    ? [`${messages}, beside the state that comes back`]
    : [`${messages}, as files of their folders, in`, ...keptIn];
}

/** The same as a document. */
export function documentRollback(plan: RollbackPlan, end: RollbackEnd): object {
  const { archive, startedAt, restores, takesBack, since, keepsSince } = plan;
  const { isDryRun, warnings, keptIn, downMs } = end;

  return document('rollback', {
    isDryRun,
    restored: isDryRun ? [] : restores,
    archive,
    startedAt,
    restores,
    ...(takesBack && {
      takesBack: { ...takesBack, indexed: countIndexed(takesBack) },
    }),
    ...plan.costFields,
    cameSince: {
      messages: since.length,
      newest: newestOf(since) ?? null,
      names: since.map(({ name }) => name),
    },
    keepsSince,
    keptIn,
    warnings,
    downMs,
  });
}

/** Formats the kept states that are given up, or would be. */
export function formatForget(verb: string, kept: readonly KeptState[]): string {
  const now = systemClock();

  return kept
    .flatMap((state) => [
      `${verb.padEnd(9)} ${describeKept(state, now)}`,
      ...state.directories.map((directory) => `          ${directory}`),
    ])
    .join('\n');
}

/** The same as a document. */
export function documentForget(
  kept: readonly KeptState[],
  end: { readonly isDryRun: boolean; readonly warnings: readonly string[] },
): object {
  return document('forget', { ...end, kept });
}
