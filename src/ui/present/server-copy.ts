import type { ServerCopy } from '../../jobs/server-copy.js';
import { formatSize } from '../../platform/units.js';
import { document } from '../document.js';
import { formatVerify } from './verify.js';

/** A copy that the server made, as a document. */
export function documentServerCopy({
  server,
  archive,
  takenAt,
  sizeBytes,
  verified: { reports, warnings },
}: ServerCopy): object {
  return document('server-copy', {
    server,
    archive,
    takenAt,
    sizeBytes,
    isSound: reports.every(({ isSound }) => isSound),
    problems: reports.flatMap(({ problems }) => problems),
    warnings,
  });
}

/** For people: who made it, and what the verify says. */
export function formatServerCopy(copy: ServerCopy): string {
  const { archive, server, sizeBytes } = copy;

  return [
    `${archive}, ${formatSize(sizeBytes)}, was made by the mail server at ${server}.`,
    formatVerify(copy.verified),
  ].join('\n');
}
