// Writes oclif.manifest.json from the compiled commands; with --check only says whether the committed one matches.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAME = 'oclif.manifest.json';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = join(root, NAME);
const made = sortCommands(makeManifest());

if (!process.argv.includes('--check')) {
  writeFileSync(file, made);
} else if (readFileSync(file, 'utf8') !== made) {
  console.error(`${NAME} does not match the commands: run npm run derive.`);
  process.exitCode = 1;
}

/** The manifest as oclif writes it, made beside the repository: other checks read the committed one meanwhile. */
function makeManifest() {
  const place = mkdtempSync(join(tmpdir(), 'kms-backup-manifest-'));

  try {
    // The generator names files from where they really lie: only the libraries may be a link.
    for (const name of ['package.json', 'dist']) {
      cpSync(join(root, name), join(place, name), { recursive: true });
    }

    symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));

    const oclif = fileURLToPath(
      new URL('../node_modules/oclif/bin/run.js', import.meta.url),
    );
    const { status, stderr } = spawnSync(
      process.execPath,
      [oclif, 'manifest', place],
      { cwd: place, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`oclif made no manifest: ${stderr}`);

    return readFileSync(join(place, NAME), 'utf8');
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The generator lists commands as the file system gives them: by name they are the same everywhere. */
function sortCommands(text) {
  const { commands, ...rest } = JSON.parse(text);
  const byName = Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1));

  return `${JSON.stringify({ commands: Object.fromEntries(byName), ...rest }, null, 2)}\n`;
}
