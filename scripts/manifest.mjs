// Writes oclif.manifest.json from the compiled commands; with --check only says whether the committed one matches.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = new URL('../oclif.manifest.json', import.meta.url);
const read = () => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

const before = read();
const oclif = fileURLToPath(
  new URL('../node_modules/oclif/bin/run.js', import.meta.url),
);
const made = spawnSync(process.execPath, [oclif, 'manifest', root], {
  cwd: root,
  encoding: 'utf8',
});
// The generator lists commands as the file system gives them: by name they are the same everywhere.
const sortCommands = (text) => {
  const { commands, ...rest } = JSON.parse(text);
  const byName = Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ commands: Object.fromEntries(byName), ...rest }, null, 2)}\n`;
};

if (made.status === 0) writeFileSync(file, sortCommands(read()));
if (made.status !== 0) {
  console.error(made.stderr);
  process.exitCode = 1;
} else {
  const after = sortCommands(read());
  const isCheck = process.argv.includes('--check');
  writeFileSync(file, isCheck ? before : after);
  if (isCheck && before !== after) {
    console.error(
      'oclif.manifest.json does not match the commands: run npm run derive and commit it.',
    );
    process.exitCode = 1;
  }
}
