#!/usr/bin/env node
import './interrupt.js';
// The version is printed before any other module is loaded, because monitoring asks for it often.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const argv = process.argv.slice(2);
const packageFile = new URL('../package.json', import.meta.url);
if (argv.length === 1 && argv[0] === '--version') {
  // A closed pipe or a full disk ends the program without a stack trace.
  process.stdout.on('error', ({ code }) => {
    process.exitCode = code === 'EPIPE' ? 0 : 1;
  });
  const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8'));
  process.stdout.write(
    `${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`,
  );
} else {
  const { loadCompiled } = await import('./compiled.js');
  const program = loadCompiled(
    new URL('../dist/bundle/main.cjs', import.meta.url),
    new URL('../.compiled/', import.meta.url),
  );

  await program.exports.start({ argv, directory: fileURLToPath(packageFile) });
  program.keep();
}
