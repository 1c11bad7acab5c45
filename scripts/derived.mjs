// Writes what is derived from the commands and the schemas: shell completion, the manual page, docs/json.md. Run after scripts/manifest.mjs.
// With --check only says whether the committed files match.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core';
import { EXIT_MEANING } from '../dist/errors.js';
import { bashCompletion } from './derived/bash.mjs';
import { fishCompletion } from './derived/fish.mjs';
import { jsonPaper } from './derived/json.mjs';
import { manualPage } from './derived/man.mjs';
import { readCommands, readPackage } from './derived/read-manifest.mjs';
import { zshCompletion } from './derived/zsh.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
// The plugin exports no generators; its files are the way to them.
const generator = async (name) =>
  (
    await import(
      new URL(
        `../node_modules/@oclif/plugin-autocomplete/lib/autocomplete/${name}.js`,
        import.meta.url,
      ).href
    )
  ).default;
const [Zsh, PowerShell] = [
  await generator('zsh'),
  await generator('powershell'),
];

const commands = readCommands();
const { version, description } = readPackage();
const config = await Config.load({ root });
// The day of the last release; before the first, the day this page was last looked through.
const [, released = '2026-11-25'] =
  readFileSync(join(root, 'CHANGELOG.md'), 'utf8').match(
    /^## .*(\d{4}-\d\d-\d\d)/m,
  ) ?? [];
const lines = (value) => `${value.replaceAll('\r\n', '\n').trimEnd()}\n`;
const files = {
  'completion/kms-backup.bash': bashCompletion(commands),
  'completion/_kms-backup': lines(
    zshCompletion(lines(new Zsh(config).generate()), commands),
  ),
  'completion/kms-backup.fish': lines(fishCompletion(commands)),
  'completion/kms-backup.ps1': lines(new PowerShell(config).generate()),
  'docs/json.md': await jsonPaper(),
  'man/kms-backup.1': manualPage({
    commands,
    version,
    description,
    exitMeaning: EXIT_MEANING,
    released,
  }),
};

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

for (const [name, content] of Object.entries(files)) {
  const path = join(root, name);
  if (read(path) === content) continue;
  if (process.argv.includes('--check')) {
    console.error(
      `${name} does not match the commands: run npm run derive and commit it.`,
    );
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
