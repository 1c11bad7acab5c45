import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { namesIn } from './woven-kill.js';
import type { Installation } from './installation.js';
import { readLiveFolder } from './live-mailbox.js';
import { type Ended, expectDone, runTool } from './tools.js';
import { valueOf } from './woven-settings.js';

/** Archives that backups made of a server while it ran, against what it had before and has afterwards. */

/** What the store holds at a moment. */
export interface Sight {
  /** First lines of the messages in INBOX. */
  readonly ids: ReadonlySet<string>;
  readonly config: string;
}

const VALUES = ['RotationLimit', 'MaxFileSize', 'AdminNotify'];

export function lookAt({ serverDir, storeDir }: Installation): Sight {
  const inbox = join(storeDir, 'mail/example.com/alice/INBOX');

  const ids = [...readLiveFolder(inbox).ids.values()];

  return {
    // One that is being written has no line yet, and nobody has promised it.
    ids: new Set(ids.filter(Boolean)),
    config: readFileSync(join(serverDir, 'mailserver.cfg'), 'utf8'),
  };
}

/** In these rounds messages come and none goes: what was there before is in the archive, and what is in there is there now. */
export async function expectBetween(
  path: string,
  before: Sight,
  now: Sight,
  verify: (path: string) => Promise<Ended>,
): Promise<void> {
  expectDone(await verify(path));

  const mail = contentOf(path, '*mail/example.com/alice/INBOX/#msgs/*');
  const ids = [...mail.matchAll(/^Message-ID: [^\r\n]*/gm)].map(([id]) => id);
  expect(ids).toHaveLength(new Set(ids).size);
  expect([...before.ids].filter((id) => !ids.includes(id))).toEqual([]);
  expect(ids.filter((id) => !now.ids.has(id))).toEqual([]);

  const config = contentOf(path, 'mailserver.cfg');
  for (const name of VALUES) {
    const values = [before, now].map((sight) => valueOf(sight.config, name));
    expect(values, name).toContain(valueOf(config, name));
  }
}

function contentOf(path: string, pattern: string): string {
  const ended = runTool('unzip', ['-p', path, pattern]);
  expectDone(ended);

  return ended.stdout;
}

/** The archives that lie in a directory. */
export function archivesIn(directory: string): string[] {
  return namesIn(directory).filter((name) =>
    /^[FC]\d{8}T\d{6}Z\.zip$/.test(name),
  );
}

/** One archive more or less is no matter in these rounds. */
export function dropArchive(directory: string, archive: string): void {
  const [stem = ''] = archive.split('.');

  for (const name of namesIn(directory)) {
    if (name.startsWith(stem)) rmSync(join(directory, name));
  }
}
