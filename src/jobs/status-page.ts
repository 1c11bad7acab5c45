/** The status page: made of the state at this moment, and written. */
import { statusPage } from '../page/status-page.js';
import { replaceOrdinaryFile } from '../platform/atomic-file.js';
import { toSystemError } from '../platform/system-error.js';
import {
  type CollectedStatus,
  collectStatus,
  type StatusRequest,
} from './collect-status.js';
import { collectFacts } from './status-facts.js';

/** The page of a state that was just collected. */
export async function makeStatusPage(
  request: StatusRequest,
  status: CollectedStatus,
): Promise<string> {
  return statusPage(await collectFacts(request, status));
}

/** The page of the state at this moment, as `status --html` writes it. */
export async function makeCurrentPage(request: StatusRequest): Promise<string> {
  return makeStatusPage(request, await collectStatus(request));
}

/**
 * Writes a page, whole or not at all.
 * @throws {SystemError} when the file cannot be written
 */
export function writeStatusPage(path: string, page: string): void {
  try {
    replaceOrdinaryFile(path, Buffer.from(page), 0o644);
  } catch (error) {
    const hints = ['Name a file in a directory that this user can write to.'];
    throw (
      toSystemError(error, { fact: `cannot write ${path}`, hints }) ?? error
    );
  }
}
