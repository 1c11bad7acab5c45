import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import Recover from '../../src/commands/recover.js';
import { runInProcess } from '../helpers/in-process.js';
import { buildInstallation, message } from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const root = temporaryDirectory('message-names');

afterAll(() => {
  removeTemporary(root);
});

describe('recover --message', () => {
  it.each([[[]], [['--additive']]])(
    'brings both messages that share a name, one of them beside #msgs %j',
    async (flags) => {
      const server = buildInstallation(join(root, `server${flags.join('')}`), {
        store: {},
      });
      const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX');
      const paths = [join(inbox, 'x.eml'), join(inbox, '#msgs', 'x.eml')];
      mkdirSync(join(inbox, '#msgs'), { recursive: true });
      for (const path of paths) writeFileSync(path, message(path));

      await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {});
      for (const path of paths) rmSync(path);

      const { exitCode } = await runInProcess(Recover, [
        server.backupDir,
        '--message',
        'example.com/alice/INBOX/x.eml',
        '--yes',
        '--server-dir',
        server.serverDir,
        ...flags,
      ]);

      expect(exitCode).toBe(0);
      expect(paths.map((path) => readFileSync(path, 'latin1'))).toEqual(
        paths.map((path) => message(path)),
      );
    },
  );
});
