// A mail server of a few messages with two fulls and a differential, kept as a template that each case starts from.
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { sampleConfig } from '../../dist/demo/sample-config.js';
import { run } from './run.mjs';

export class Server {
  constructor(root) {
    this.root = join(root, 'case');
    this.template = join(root, 'template');
    this.serverDir = join(this.root, 'server');
    this.storeDir = join(this.root, 'store');
    this.backupDir = join(this.root, 'backup');
    this.outDir = join(this.root, 'out');
  }

  async build() {
    const { mailserver, users } = sampleConfig(this.storeDir, this.backupDir);
    for (const directory of [this.serverDir, this.backupDir, this.outDir]) {
      mkdirSync(directory, { recursive: true });
    }

    writeFileSync(join(this.serverDir, 'mailserver.cfg'), mailserver);
    writeFileSync(join(this.serverDir, 'users.cfg'), users);
    for (const user of ['alice', 'bob']) this.addMail(user, 3);

    const flags = [
      '--server-dir',
      this.serverDir,
      '--backup-dir',
      this.backupDir,
      '--no-rotate',
    ];

    for (const kind of ['full', 'full', 'diff']) {
      const { exitCode, output } = await run('backup:' + kind, flags);
      if (exitCode !== 0) throw new Error(output);

      this.addMail('alice', 1);
    }

    // So that the next full pushes one out.
    const kept = await run('config:set', [
      '--server-dir',
      this.serverDir,
      'keep=2',
    ]);
    if (kept.exitCode !== 0) throw new Error(kept.output);

    cpSync(this.root, this.template, {
      recursive: true,
      preserveTimestamps: true,
    });
  }

  /** Recovers from the newest archives. */
  async recover() {
    const { exitCode, output } = await run('recover', [
      this.backupDir,
      '--server-dir',
      this.serverDir,
      '--yes',
    ]);
    if (exitCode !== 0) throw new Error(output);
  }

  /** The template anew. */
  reset() {
    rmSync(this.root, { recursive: true, force: true });
    cpSync(this.template, this.root, {
      recursive: true,
      preserveTimestamps: true,
    });
  }

  archives() {
    return readdirSync(this.backupDir).filter((name) => name.endsWith('.zip'));
  }

  /** Tells one content of the store from another. */
  storeDigest() {
    return digestOf(this.storeDir);
  }

  /** Tells whether a file is there, live or among what is kept. @param path its last steps; undefined: none is wanted */
  holds(path) {
    return (
      path === undefined ||
      readdirSync(this.storeDir, { recursive: true }).some((name) =>
        name.endsWith(path),
      )
    );
  }

  backupDigest() {
    return digestOf(this.backupDir, (name) => name.endsWith('.zip'));
  }

  addMail(user, count) {
    const folder = join(this.storeDir, 'mail/example.com', user, 'INBOX');
    mkdirSync(join(folder, '#msgs'), { recursive: true });

    for (let n = 0; n < count; n++) {
      const id = readdirSync(join(folder, '#msgs'))
        .length.toString(16)
        .padStart(8, '0');
      const text = `From: a@example.com\r\nTo: ${user}@example.com\r\nSubject: ${id}\r\n\r\n${'hello '.repeat(900)}\r\n`;

      writeFileSync(join(folder, '#msgs', `${id}.eml`), text);
      appendFileSync(
        join(folder, 'index.fld'),
        `U${id} F1 S${String(text.length)}\r\n`,
      );
    }

    writeFileSync(join(folder, 'status.fld'), 'S\r\n');
  }
}

function digestOf(directory, isCounted = () => true) {
  const hash = createHash('sha256');
  const entries = readdirSync(directory, {
    recursive: true,
    withFileTypes: true,
  });

  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

  for (const path of paths.sort()) {
    if (!isCounted(path) || path.includes('.kms-backup')) continue;

    hash.update(path).update(readFileSync(path));
  }

  return hash.digest('hex');
}
