import type { RecoverListing } from '../../recover/listing.js';
import { formatMoment } from '../../platform/dates.js';
import { formatCount, formatSize, plural } from '../../platform/units.js';
import { folderLabel } from '../../store/mail-names.js';
import { formatTable } from '../table.js';

/** Formats the content of an archive: domains, users and folders with their messages and sizes, and the other parts. */
export function formatListing(listing: RecoverListing): string {
  const rows = listing.folders.map(
    ({ domain, user, folder, messages, sizeBytes }) => [
      domain ?? '',
      user,
      folderLabel(folder),
      formatCount(messages),
      formatSize(sizeBytes),
    ],
  );

  return [
    `From      ${listing.archives.join(' + ')}, as of ${formatMoment(listing.takenAt)}`,
    ...(rows.length > 0
      ? formatTable([['DOMAIN', 'USER', 'FOLDER', 'MESSAGES', 'SIZE'], ...rows])
      : []),
    ...listing.parts.map(
      ({ name, files }) => `${name}: ${plural(files, 'file')}`,
    ),
    `${plural(listing.messages, 'message')}, ${plural(listing.files, 'file')}, ${formatSize(listing.bytes)}. Nothing was recovered.`,
    ...listing.warnings.map((warning) => `Note      ${warning}`),
  ].join('\n');
}
