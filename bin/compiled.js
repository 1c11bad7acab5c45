// Runs the bundled program with the code that V8 compiled for it in an earlier run, and keeps what it compiled in this one.
// That lies in .compiled beside the program, belongs to whom the program belongs, and may be deleted at any time.
import {
  fchmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag, getHeapCodeStatistics } from 'node:v8';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** The checksum of the code, and the bytes of all code that was compiled when it was kept. */
const HEADER_BYTES = 8;
/** What a run must have compiled beyond what is kept, to keep it anew. */
const WORTH_KEEPING_BYTES = 100_000;
/** Of a longer run, V8 has thrown away again what the start needed. */
const LONGEST_RUN_MS = 10_000;
/** One for each version of Node, set of options and kind of processor that run the program. */
const MOST_FILES = 8;

/**
 * Loads a CommonJS file.
 * @param {URL} url the file @param {URL} directory where compiled code is kept, with its final slash
 * @returns what the file exports, and what keeps the code that is compiled by then
 */
export function loadCompiled(url, directory) {
  const path = fileURLToPath(url);
  const bytes = readFileSync(path);
  const place = placeOf(path, bytes, fileURLToPath(directory));
  const kept = place && readKept(place);
  const script = new Script(
    `(function (exports, require, module, __filename, importModule) {${bytes.latin1Slice()}\n})`,
    {
      filename: url.href,
      cachedData: kept?.code,
    },
  );

  const isUsed = kept !== undefined && script.cachedDataRejected === false;
  const module = { exports: {} };
  const run = script.runInThisContext();
  const importModule = (specifier) => import(specifier);

  run(module.exports, createRequire(url), module, path, importModule);

  return {
    exports: module.exports,
    keep: () => {
      const compiled = getHeapCodeStatistics().bytecode_and_metadata_size;
      const before = isUsed ? kept.compiled : 0;
      const isWorthIt = compiled > before + WORTH_KEEPING_BYTES;
      if (!place || !isWorthIt || performance.now() > LONGEST_RUN_MS) return;

      keep(place, compiled, () => script.createCachedData());
    },
  };
}

/** The file that holds the code for this source, this very Node and its options; undefined where none is wanted. */
function placeOf(path, bytes, directory) {
  if (process.env.NODE_DISABLE_COMPILE_CACHE) return undefined;

  const { uid, mode } = statSync(path);
  // Of a text it would take ten times as long.
  const digest = crc32(bytes).toString(16);
  const name = `${digest}-${bytes.length}-${identityOfNode()}`;

  return { directory, file: join(directory, name), uid, mode };
}

/** V8's tag is the same in versions of Node that crash with each other's code: none is used but by the file that compiled it. */
function identityOfNode() {
  const { size, mtimeMs, ino } = statSync(process.execPath);
  const { version, arch, platform } = process;
  const file = [process.execPath, size, mtimeMs, ino];

  return crc32(
    [version, arch, platform, ...file, cachedDataVersionTag()].join(),
  ).toString(16);
}

/** Only what belongs to whom the program belongs, and only as it was written. Undefined: V8 compiles. */
function readKept({ file, uid }) {
  return attempt(() => {
    if (statSync(file).uid !== uid) return undefined;

    const bytes = readFileSync(file);
    const code = bytes.subarray(HEADER_BYTES);

    return crc32(code) === bytes.readUInt32LE(0)
      ? { code, compiled: bytes.readUInt32LE(4) }
      : undefined;
  });
}

function keep({ directory, file, uid, mode }, compiled, make) {
  // What another user keeps in the program's directory, its owner could not remove.
  if (process.getuid && process.getuid() !== uid) return;

  const draft = `${file}.${process.pid}`;

  attempt(() => {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    makeRoom(directory);

    const code = make();
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(crc32(code), 0);
    header.writeUInt32LE(compiled, 4);
    writeDraft(draft, Buffer.concat([header, code]), mode);
    renameSync(draft, file);
  });

  // It is still there where something went wrong.
  attempt(() => rmSync(draft, { force: true }));
}

/** Fails without a word: nobody asked for compiled code, and all goes on without. */
function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Removes what other versions of the program, or of Node, left. */
function makeRoom(directory) {
  const names = readdirSync(directory);
  if (names.length < MOST_FILES) return;

  for (const name of names) rmSync(join(directory, name), { force: true });
}

/** Whoever may read the program may read it, whatever the umask. */
function writeDraft(path, bytes, mode) {
  const file = openSync(path, 'wx', 0o600);

  try {
    writeFileSync(file, bytes);
    fchmodSync(file, mode & 0o644);
  } finally {
    closeSync(file);
  }
}
