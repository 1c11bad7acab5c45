#!/usr/bin/env node
import './interrupt.js';
// The version is printed before any other module is loaded, because monitoring asks for it often.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const argv = process.argv.slice(2);
const packageFile = new URL('../package.json', import.meta.url);
const text = await shortAnswer();

if (text === undefined) {
  const { loadCompiled } = await import('./compiled.js');
  const program = loadCompiled(
    new URL('../dist/bundle/main.cjs', import.meta.url),
    new URL('../.compiled/', import.meta.url),
  );

  await program.exports.start({ argv, directory: fileURLToPath(packageFile) });
  program.keep();
} else {
  // A closed pipe or a full disk ends the program without a stack trace.
  process.stdout.on('error', ({ code }) => {
    process.exitCode = code === 'EPIPE' ? 0 : 1;
  });
  process.stdout.write(text);
}

/** The answer that needs no command line: the version, and words for a shell. */
async function shortAnswer() {
  if (argv[0] === 'complete') {
    const { offerText } = await import('../dist/bundle/offer-words.js');

    return offerText(argv);
  }

  if (argv.length !== 1 || argv[0] !== '--version') return undefined;

  const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8'));

  return `${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`;
}
