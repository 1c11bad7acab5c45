// The commands as completion and manual page need them: visible ones, in the words that people type.
import { readFileSync } from 'node:fs';

const read = (path) =>
  JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));

export function readCommands() {
  const { commands } = read('oclif.manifest.json');
  return Object.values(commands)
    .filter(({ hidden }) => !hidden)
    .map((command) => ({
      ...command,
      words: command.id.replaceAll(':', ' '),
      flags: Object.values(command.flags),
    }))
    .sort((a, b) => (a.words < b.words ? -1 : 1));
}

export function readPackage() {
  return read('package.json');
}

/** Text with oclif's placeholders filled in. */
export function filled(text, command) {
  return text
    .replaceAll('<%= config.bin %>', 'kms-backup')
    .replaceAll('<%= command.id %>', command.words);
}
