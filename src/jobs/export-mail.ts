/** Mail of an archive, handed over in a format that others read. */
import { NotFoundError } from '../errors.js';
import {
  type ExportFormat,
  exportMessages,
  type ExportReport,
} from '../export/export-messages.js';
import { readMessages } from '../export/read-messages.js';
import type { MessageQuery } from '../mail/message-query.js';
import { searchMessages, type SearchReport } from '../search/run-search.js';
import { placeOf } from '../store/entry-place.js';
import type { RunControl } from './backup-request.js';
import { firstPieces } from './mail-places.js';
import { type MailSource, onlyMessages } from './select-mail.js';

/** The flags that say where an export goes. */
export interface ExportFlags {
  /** One of EXPORT_FORMATS. */
  readonly format: string;
  /** A file, a directory (Maildir; mbox with a final `/`: one file a folder) or `-` for standard output. */
  readonly output: string;
  readonly overwrite: boolean;
}

/** A message that is damaged: nobody knows whether it was meant. */
export type Unsearched = SearchReport['problems'][number];

/** The part of the selected mail that is exported. */
export interface ChosenMail extends MailSource {
  readonly problems: readonly Unsearched[];
}

/** Narrows mail to what a query finds; all of it where there is none. */
export async function chooseMessages(
  source: MailSource,
  query: MessageQuery | undefined,
  signal: AbortSignal,
): Promise<ChosenMail> {
  if (!query) return { ...source, problems: [] };

  const { hits, problems } = await searchMessages(
    firstPieces(source.messages),
    query,
    { signal },
  );

  // Two messages may go by one name: in a folder's own directory, and in its #msgs.
  const paths = new Set(hits.map(({ storePath }) => storePath));

  const found = onlyMessages(source, (_, name) =>
    paths.has(placeOf(name)?.path ?? ''),
  );

  return { ...found, problems };
}

/** @throws {NotFoundError} where no message is left */
export function refuseNothing({ counts }: MailSource): void {
  if (counts.messages > 0) return;

  throw new NotFoundError('no message matches', {
    hints: ['Try it with search.'],
  });
}

/** Writes the export. @throws as `exportMessages` */
export async function exportMail(
  source: MailSource,
  { format, output, overwrite }: ExportFlags,
  control: RunControl,
): Promise<ExportReport> {
  return exportMessages({
    messages: readMessages(source.messages, source.indexes),
    scope: source.counts,
    format: format as ExportFormat,
    output,
    overwrite,
    ...control,
  });
}
