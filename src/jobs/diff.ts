/** What changed between two backups, or since a backup. */
import { identityOf } from '../archive/backup-directory.js';
import { type DiffResult, runDiff } from '../diff/run-diff.js';
import { systemClock } from '../platform/clock.js';
import type { OnProgress } from '../platform/progress.js';
import { findUnfinishedRecover } from '../server/recover-mark.js';
import type { SkippedPath } from '../store/list-directory.js';
import type { MailScope } from '../store/mail-scope.js';
import {
  archivesOf,
  type DiffMoment,
  type LiveMoment,
  openPoint,
  type PointMoment,
  timeOf,
} from './diff-moments.js';
import { ComparedMoments } from './compared-moments.js';
import { findDiffScope } from './diff-scope.js';
import { type ListedMessage, listMessages } from './diff-messages.js';
import { type ScopeFlags, toTypedScope } from './select-mail.js';
import { locate } from './archive-places.js';
import { openServer, type ServerFlags } from './server.js';

export interface DiffFlags extends ScopeFlags, ServerFlags {}

export interface DiffOptions {
  /** The messages are listed one by one. */
  readonly listsMessages: boolean;
  /** With who wrote each, when and about what. */
  readonly readsHeaders: boolean;
  readonly onProgress: OnProgress;
}

/** One of two moments, for people. */
export interface ReportedMoment {
  /** The base first; empty for the live store. */
  readonly archives: readonly string[];
  /** Undefined for a point of archives. */
  readonly storeDir: string | undefined;
  readonly takenAt: Date;
}

export interface DiffReport extends Omit<DiffResult, 'messages'> {
  readonly from: ReportedMoment;
  readonly to: ReportedMoment;
  readonly scope: MailScope | undefined;
  /** Undefined where nobody asked for them. */
  readonly messages: readonly ListedMessage[] | undefined;
  /** What is there and could not be looked at. */
  readonly notCompared: readonly SkippedPath[];
  readonly warnings: readonly string[];
}

export interface OpenDiff {
  readonly before: PointMoment;
  readonly after: DiffMoment;
  readonly scope: MailScope | undefined;
  readonly warnings: readonly string[];
}

/**
 * Opens both moments.
 * @param later undefined: the live store
 * @throws as `openPoint` · {NotFoundError} without a server, or for a part that neither moment has
 */
export async function openDiff(
  earlier: string,
  later: string | undefined,
  flags: DiffFlags,
): Promise<OpenDiff> {
  const { domain, user, folder } = flags;
  const isPart = [domain, user, folder].some((part) => part !== undefined);
  const typed = isPart ? toTypedScope(flags) : undefined;

  const after =
    later === undefined
      ? openLive(flags)
      : await openPoint(locate(later, flags), typed);
  const before = await openPoint(locate(earlier, flags), typed);
  const scope = typed && (await findDiffScope(before, after, typed));

  return { before, after, scope, warnings: warningsOf(before, after) };
}

function openLive(flags: ServerFlags): LiveMoment {
  return { kind: 'live', server: openServer(flags), takenAt: systemClock() };
}

function warningsOf(before: PointMoment, after: DiffMoment): string[] {
  const notes = after.kind === 'point' ? after.notes : warnOfRecover(after);

  return [
    ...new Set([...before.notes, ...notes]),
    ...warnOfOrder(before, after),
    ...warnOfServers(before, after),
  ];
}

/** Of a store that a recover is replacing, part is of another time. */
function warnOfRecover({ server }: LiveMoment): string[] {
  const { installation, settings } = server;
  const recover = findUnfinishedRecover([installation.dir, settings.storeDir]);

  return recover ? [recover.fact] : [];
}

function warnOfOrder(before: PointMoment, after: DiffMoment): string[] {
  const [name = ''] = archivesOf(before).slice(-1);

  if (after.kind === 'point') {
    const [own, other] = [before, after].map(({ chain }) =>
      identityOf(chain.point.facts.files),
    );

    if (own === other) return [`${name} is compared with itself`];
  }

  if (timeOf(before) <= timeOf(after)) return [];

  const later =
    after.kind === 'point' ? archivesOf(after).at(-1) : 'the live store';

  return [
    `${name} is newer than ${later ?? ''}: what is called new was there before, and what is called deleted came later`,
  ];
}

function warnOfServers(before: PointMoment, after: DiffMoment): string[] {
  if (after.kind === 'live') return [];

  const [own = '', other = ''] = [before, after].map(
    ({ chain }) => chain.point.facts.version?.hostname,
  );
  if (own === '' || other === '' || own === other) return [];

  return [`these are backups of two machines: ${own} and ${other}`];
}

/** Compares the moments. */
export async function diffMoments(
  { before, after, scope, warnings }: OpenDiff,
  options: DiffOptions,
): Promise<DiffReport> {
  const compared = new ComparedMoments(before, after, scope);
  const result = await runDiff({
    before: compared.earlier(),
    after: compared.later(),
    onProgress: options.onProgress,
  });

  const listed = options.listsMessages
    ? await listMessages(
        result.messages(),
        [before, after],
        options.readsHeaders,
      )
    : undefined;

  return {
    from: reported(before),
    to: reported(after),
    scope,
    totals: result.totals,
    folders: result.folders,
    parts: result.parts,
    messages: listed?.messages,
    notCompared: compared.skipped,
    warnings: [...warnings, ...(listed?.warnings ?? [])],
  };
}

function reported(moment: DiffMoment): ReportedMoment {
  const isLive = moment.kind === 'live';

  return {
    archives: isLive ? [] : archivesOf(moment),
    storeDir: isLive ? moment.server.settings.storeDir : undefined,
    takenAt: timeOf(moment),
  };
}
