/** The page that `[status] html` of kms-backup.ini asks for, written after every run, also after one that failed. */
import { ConfigurationError, messageOf } from '../errors.js';
import { addNote } from '../platform/run-notes.js';
import { readTelling } from '../report/telling.js';
import { collectStatus } from './collect-status.js';
import { toStatusRequest } from './status-request.js';
import { makeStatusPage, writeStatusPage } from './status-page.js';
import { findServer, type ServerFlags } from './server.js';
import type { SourceFlags } from './setting-sources.js';

/** Never fails: what cannot be written is a warning of the run that it tells about. */
export async function keepStatusPage(
  flags: ServerFlags & SourceFlags,
): Promise<void> {
  try {
    const { html } = readTelling(findServer(flags)).settings.status;
    if (html === undefined) return;

    const request = toStatusRequest(pickFlags(flags));
    const page = await makeStatusPage(request, await collectStatus(request));
    writeStatusPage(html, page);
  } catch (error) {
    const text = `the status page is not written: ${messageOf(error)}`;
    const kind = error instanceof ConfigurationError ? 'remark' : 'warning';
    addNote({ kind, key: 'status-html', text });
  }
}

/** The page is about the server's own place, whatever this one run was told. */
function pickFlags(flags: ServerFlags): ServerFlags & SourceFlags {
  return {
    'server-dir': flags['server-dir'],
  };
}
