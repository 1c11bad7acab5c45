// Compiles assembly/ to WebAssembly and writes it as text into src/, so that npm's package, bundle and executable hold it alike.
// With --check only says whether the committed text is what the sources give.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const TARGET = 'src/archive/zip/wasm/engine-text.ts';
const LINE_CHARACTERS = 120;
/** The memory that assembly/layout.ts lays out, in pages of 64 KiB; it never grows. */
const PAGES = '54';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = fileURLToPath(new URL(`../${TARGET}`, import.meta.url));
const text = moduleText(await compile());

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error(
    `${TARGET} does not match assembly/: run npm run assembly and commit it.`,
  );
  process.exitCode = 1;
}

/** The WebAssembly module: no imports, nothing allocated. */
async function compile() {
  let binary;

  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      ...['--baseDir', root],
      ...['--outFile', 'engine.wasm'],
      ...['--runtime', 'stub'],
      ...['--enable', 'simd'],
      ...['--initialMemory', PAGES],
      ...['--maximumMemory', PAGES],
      '-O3',
      '--noAssert',
    ],
    {
      writeFile: (name, content) => {
        if (name.endsWith('.wasm')) binary = content;
      },
    },
  );

  if (error || !binary) throw new Error(`${error}\n${stderr}`);

  return Buffer.from(binary);
}

function moduleText(binary) {
  const lines = binary
    .toString('base64')
    .match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g'));

  return [
    '/** The WebAssembly of assembly/ in base64, written by `npm run assembly`. */',
    'export const ENGINE_TEXT = `',
    ...lines,
    '`;',
    '',
  ].join('\n');
}
