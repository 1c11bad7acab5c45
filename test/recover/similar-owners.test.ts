import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';

let dir: string;
let server: Installation;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-similar-'));
  server = buildInstallation(dir);
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

// Other systems take these names for one.
it.skipIf(process.platform !== 'linux').each([
  ['BOB', 'bob'],
  ['a\u0308', '\u00e4'],
])(
  'the user %s, who has folders and no mail, is not %s',
  async (named, other) => {
    const domain = join(server.storeDir, 'mail', 'example.com');
    mkdirSync(join(domain, named, 'INBOX', '#msgs'), { recursive: true });
    const inbox = join(domain, other, 'INBOX', '#msgs');
    mkdirSync(inbox, { recursive: true });
    writeFileSync(join(inbox, '00000001.eml'), 'of the other one');
    await kmsInProcess(['backup', 'full', '--server-dir', dir]);

    const store = join(dir, 'recovered');
    mkdirSync(store);
    const { stdout, stderr } = await kmsInProcess([
      'recover',
      server.backupDir,
      '--server-dir',
      dir,
      '--store',
      store,
      '--user',
      named,
      '--yes',
    ]);

    expect(stderr + stdout).toContain('Recovered');
    expect(readdirSync(join(store, 'mail', 'example.com'))).toEqual([named]);
  },
);
