// Compiles assembly/ to WebAssembly and writes it as text into src/, so that npm's package, bundle and executable hold it alike.
// With --check only says whether the committed texts are what the sources give.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const TARGET = 'src/archive/zip/wasm';
const LINE_CHARACTERS = 120;

/** The modules. Their memory is what their layout.ts lays out, in pages of 64 KiB; it never grows. */
const MODULES = [
  {
    source: 'assembly',
    pages: '54',
    file: 'engine-text.ts',
    constant: 'ENGINE_TEXT',
  },
  {
    source: 'assembly/inflate',
    pages: '53',
    file: 'inflater-text.ts',
    constant: 'INFLATER_TEXT',
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));

for (const module of MODULES) {
  const target = `${root}${TARGET}/${module.file}`;
  const text = moduleText(module, await compile(module));

  if (!process.argv.includes('--check')) {
    writeFileSync(target, text);
  } else if (readFileSync(target, 'utf8') !== text) {
    console.error(
      `${TARGET}/${module.file} does not match ${module.source}/: run npm run assembly and commit it.`,
    );
    process.exitCode = 1;
  }
}

/** The WebAssembly module: no imports, nothing allocated. */
async function compile({ source, pages }) {
  let binary;

  const { error, stderr } = await asc.main(
    [
      `${source}/index.ts`,
      ...['--baseDir', root],
      ...['--outFile', 'module.wasm'],
      ...['--runtime', 'stub'],
      ...['--enable', 'simd'],
      ...['--initialMemory', pages],
      ...['--maximumMemory', pages],
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

function moduleText({ source, constant }, binary) {
  const lines = binary
    .toString('base64')
    .match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g'));

  return [
    `/** The WebAssembly of ${source}/ in base64, written by \`npm run assembly\`. */`,
    `export const ${constant} = \``,
    ...lines,
    '`;',
    '',
  ].join('\n');
}
