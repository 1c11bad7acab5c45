// Node's single executable applications: a copy of a target's Node with a program inside.
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'postject';
import {
  hostTarget,
  NODE_VERSION,
  nodeBinary,
  run,
} from '../node-binaries.mjs';

/** Node's mark of the place where the program goes (Node.js documentation, "Single executable applications"). */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Writes `executable`: Node for `target` with the CommonJS file `main` inside, and `assets`, files by name. */
export async function makeExecutable({
  target,
  main,
  assets = {},
  executable,
  version = NODE_VERSION,
}) {
  copyFileSync(nodeBinary(target, version), executable);
  chmodSync(executable, 0o755);

  const quiet = console.warn;
  console.warn = () => undefined;

  try {
    const blob = readFileSync(writeBlob({ target, main, assets, version }));
    await inject(executable, 'NODE_SEA_BLOB', blob, { sentinelFuse: FUSE });
  } finally {
    console.warn = quiet;
  }
}

/** The program as Node wants it. Made by the Node of that very version: its form is nobody else's business. */
function writeBlob({ target, main, assets, version }) {
  const directory = dirname(main);
  const output = join(directory, 'program.blob');
  const config = join(directory, 'sea.json');
  // Compiled code saves a third of the start, but only the machine it is for can make it.
  const host = hostTarget();
  const useCodeCache = target === host;

  writeFileSync(
    config,
    JSON.stringify({
      main,
      output,
      disableExperimentalSEAWarning: true,
      useCodeCache,
      assets,
    }),
  );
  run(host === undefined ? process.execPath : nodeBinary(host, version), [
    '--experimental-sea-config',
    config,
  ]);

  return output;
}
