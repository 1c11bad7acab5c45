import type { ArchiveState } from '../../archive/archive-state.js';
import { archiveName } from '../../archive/names.js';
import {
  describePin,
  documentPin,
  isKeptByPin,
} from '../../archive/pin-words.js';
import type { PinReport } from '../../jobs/pin-archive.js';
import { document } from '../document.js';

/** `Pinned C20260118T220007Z.zip until 2027-01-31: before the move` */
export function formatPin(report: PinReport, now: Date): string {
  const { archive, isPinned, reason, until, file, keeps } = report;
  if (!isPinned) {
    return file === null
      ? `${archive} was not pinned.`
      : `${archive} is pinned no more: the next rotation judges it by its rules.`;
  }

  const words = describePin(
    {
      isPinned,
      at: now,
      reason: reason ?? undefined,
      until: until ?? undefined,
    },
    now,
  );

  return [
    `${archive} is ${words ?? ''}`,
    ...(keeps === null ? [] : [`${keeps} stays with it.`]),
  ].join('\n');
}

export function documentPinReport(report: PinReport): object {
  return document('pin', { ...report });
}

/** A row for each archive that has a pin. */
export function pinRows(
  states: readonly ArchiveState[],
  now: Date,
): string[][] {
  return states.flatMap(({ facts, pin }) => {
    const words = describePin(pin, now);

    return words === undefined
      ? []
      : [['Pinned', `${archiveName(facts.files.stem)}, ${words}`]];
  });
}

/** The same as a document. */
export function documentPins(
  states: readonly ArchiveState[],
  now: Date,
): object[] {
  return states
    .filter(({ pin }) => isKeptByPin(pin, now))
    .map(({ facts, pin }) => ({
      archive: archiveName(facts.files.stem),
      ...documentPin(pin, now),
    }));
}
