import type { Selection } from '../archive/read/read-archive.js';
import { notFound } from '../store/find-name.js';
import { messageKeyOf } from '../store/mail-names.js';
import {
  type MailScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { fileIn, parseEntryDirectory } from '../store/store-path.js';
import type { ChainIndex } from '../archive/chain-index.js';
import { indexMail } from './index-mail.js';
import { findIn } from './judge-damage.js';
import { selectFrom } from './select-entries.js';
import { selectedRuns } from './selected-runs.js';

/** Finding the part of the mail that a person means in a chain. */

/** @throws {NotFoundError} · {DamagedArchiveError} where it may be lost */
export function findScope(chain: ChainIndex, typed: TypedScope): MailScope {
  return findIn(chain, () => resolveScope(indexMail(chain), typed));
}

/**
 * Compares the messages that were named with those that are there.
 * @throws {NotFoundError} naming one that the archive does not hold, with the nearest that its folder has
 */
export function refuseMissingMessages(
  chain: ChainIndex,
  scope: MailScope,
  selections: readonly Selection[],
): void {
  if (!scope.messages) return;

  const present = messageKeysOf(selections);
  const missing = [...scope.messages].find((name) => !present.has(name));
  if (missing === undefined) return;

  const folder = missing.slice(0, Math.max(0, missing.lastIndexOf('/')));
  const beside = selectFrom(chain, { kind: 'folder messages', folder }, true);

  throw notFound('message', missing, [...messageKeysOf(beside.selections)]);
}

function messageKeysOf(selections: readonly Selection[]): Set<string> {
  const keys = new Set<string>();

  for (const { prefix, indices, fileName } of selectedRuns(selections)) {
    const directory = parseEntryDirectory(prefix);
    if (!directory?.holdsMessages) continue;

    for (const index of indices) {
      const path = fileIn(directory, fileName(index));
      if (path.isMessage) keys.add(messageKeyOf(path));
    }
  }

  return keys;
}
