/** The list of what a salvage could not bring: a file beside what it brought. */
import { archiveName } from '../archive/names.js';
import type { Missing } from '../archive/salvage/missing.js';
import { replaceOrdinaryFile } from '../platform/atomic-file.js';
import { formatMoment } from '../platform/dates.js';
import type { PlannedRecover } from '../recover/plan-recover.js';
import type { RecoverReport } from '../recover/request.js';
import type { MailSource } from './select-mail.js';
import { STANDARD_OUTPUT } from '../platform/output-file.js';
import { toSystemError } from '../platform/system-error.js';

/** Where a list lies, or why it could not be written: what was recovered is none the less for it. */
export interface WrittenList {
  readonly path: string | null;
  readonly warnings: readonly string[];
}

interface ListedSalvage {
  /** `F20060118T220007Z.zip + I20060119T220007Z.zip` */
  readonly archives: readonly string[];
  readonly takenAt: Date;
  readonly lost: readonly Missing[];
  /** Live files that stayed. */
  readonly carried: readonly string[];
}

/**
 * Writes `TARGET.missing-from-F….txt`, where something is missing.
 * @param target the output of an export, the directory that a recover went to
 */
function writeMissingList(target: string, salvage: ListedSalvage): WrittenList {
  if (salvage.lost.length === 0) return { path: null, warnings: [] };

  const last = salvage.archives.at(-1)?.replace(/\.zip$/, '') ?? '';
  const path = `${target.replace(/[/\\]+$/, '')}.missing-from-${last}.txt`;

  try {
    replaceOrdinaryFile(path, Buffer.from(formatList(salvage)));

    return { path, warnings: [] };
  } catch (error) {
    const refusal = toSystemError(error);
    if (!refusal) throw error;

    const warning = `the list of what is missing could not be written: ${refusal.message}`;

    return { path: null, warnings: [warning] };
  }
}

/** The list of a recover lies beside the store, or beside the configuration where nothing else came. */
export function listOfRecover(
  report: RecoverReport,
  { entries }: Pick<PlannedRecover, 'entries'>,
): WrittenList {
  const isStore = entries.tops.some(({ area }) => area === 'store');

  return writeMissingList(isStore ? report.storeDir : report.cfgDir, report);
}

/** The list of an export lies beside its output; standard output has no place beside it. */
export function listOfExport(
  output: string,
  { chain, lost }: Pick<MailSource, 'chain' | 'lost'>,
): WrittenList {
  if (output === STANDARD_OUTPUT) return { path: null, warnings: [] };

  return writeMissingList(output, {
    archives: chain.archives.map(({ stem }) => archiveName(stem)),
    takenAt: chain.point.facts.files.takenAt,
    lost,
    carried: [],
  });
}

/** A line for each, with tabs between kind, name, messages, archive or volume, and reason. */
function formatList({
  archives,
  takenAt,
  lost,
  carried,
}: ListedSalvage): string {
  const lines = lost.map(({ kind, name, messages, archive, volume, reason }) =>
    [kind, name, messages ?? '', volume ?? archive, reason]
      .map((field) => plainText(String(field)))
      .join('\t'),
  );

  const kept = carried.map((path) => `kept\t${plainText(path)}`);

  return [
    `# What could not be brought from ${archives.join(' + ')}, as of ${formatMoment(takenAt)}`,
    '# kind, name, messages, where, reason; kept: a live file that stays in its place',
    ...lines,
    ...kept,
    '',
  ].join('\n');
}

/** A name may hold anything: nothing of it may look like another line, or speak to a terminal. */
function plainText(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}
