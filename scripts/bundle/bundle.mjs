// Bundles the compiled program into one CommonJS file and one for each worker: for Node below dist/bundle, which loads in half
// the time of several hundred files, and for the single executable.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import {
  BESIDE,
  besideTheBundle,
  bundleBeside,
  withoutExtras,
} from './beside.mjs';
import { common, root } from './common.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const json = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));

/** Paths below dist/ that match, without .js, with forward slashes. */
function compiled(pattern) {
  return readdirSync(join(root, 'dist'), { recursive: true })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => pattern.test(path))
    .map((path) => path.slice(0, -'.js'.length))
    .sort();
}

/** The entry: everything that oclif loads by name at run time is listed here by name. */
function entrySource() {
  const { name, version, oclif } = json('package.json');
  const modules = ['ui/help', ...compiled(/^commands\/.*\.js$/)];
  const table = modules.map(
    (path) => `${JSON.stringify(path)}: () => import('./dist/${path}.js')`,
  );

  return `
    globalThis.kmsBackupModules = { ${table.join(',\n')} };
    const manifest = ${JSON.stringify(json('oclif.manifest.json'))};
    const pjson = ${JSON.stringify({ name, version, type: 'module', oclif })};
    export const start = (place) =>
      import('./scripts/bundle/start.mjs').then((module) => module.start({ ...place, pjson, manifest }));
    if (globalThis.kmsBackupIsExecutable) {
      const argv = process.argv.slice(2);
      const isShort = argv.length === 1 && argv[0] === '--version';
      if (isShort) {
        process.stdout.on('error', ({ code }) => { process.exitCode = code === 'EPIPE' ? 0 : 1; });
        process.stdout.write(\`${name}/${version} \${process.platform}-\${process.arch} node-\${process.version}\n\`);
      } else void start({ argv, directory: process.execPath });
    }
  `;
}

/** A compiled file with one part replaced; the build fails where the file no longer holds it. */
function withReplaced(path, part, replacement) {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(part)) {
    throw new Error(`${path} changed: it does not hold ${part.trim()}`);
  }

  return { contents: text.replace(part, () => replacement), loader: 'js' };
}

/** Replaces parts of oclif in both bundles, which have no files of oclif beside them. */
const inOneFile = {
  name: 'kms-backup-bundle',
  setup(builder) {
    builder.onLoad(
      { filter: /@oclif[\\/]core[\\/]lib[\\/]module-loader\.js$/ },
      () => ({
        contents: readFileSync(join(here, 'oclif-loader.cjs'), 'utf8'),
      }),
    );
    // oclif looks for its package.json to check the version of Node: the executable brings its own.
    builder.onLoad(
      { filter: /@oclif[\\/]core[\\/]lib[\\/]index\.js$/ },
      ({ path }) => withReplaced(path, '\ncheckNodeVersion();', ''),
    );
    // oclif loads these only for TypeScript projects and package managers; the bundle has neither.
    builder.onResolve(
      { filter: /^(typescript|ts-node|tsx|pnpapi)$/ },
      ({ path }) => ({ path, external: true }),
    );
  },
};

const READ_PACKAGE =
  "JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))";
const READ_COMPLETION =
  "readFileSync(new URL(`../../completion/${SHELLS[shell]}`, import.meta.url), 'utf8')";

/** Replaces parts of the program in the executable, which has no files beside it at all. */
const inExecutable = {
  name: 'kms-backup-executable',
  setup(builder) {
    builder.onLoad(
      { filter: /dist[\\/]platform[\\/]tool\.js$/ },
      ({ path }) => {
        const { name, version } = json('package.json');
        return withReplaced(
          path,
          READ_PACKAGE,
          JSON.stringify({ name, version }),
        );
      },
    );
    builder.onLoad(
      { filter: /dist[\\/]ui[\\/]completion-script\.js$/ },
      ({ path }) => {
        const names = readdirSync(join(root, 'completion'));
        const scripts = names.map((name) => [
          name,
          readFileSync(join(root, 'completion', name), 'utf8'),
        ]);

        return withReplaced(
          path,
          READ_COMPLETION,
          `${JSON.stringify(Object.fromEntries(scripts))}[SHELLS[shell]]`,
        );
      },
    );
    builder.onLoad(
      { filter: /dist[\\/]platform[\\/]process-list\.js$/ },
      () => ({
        contents: readFileSync(join(here, 'process-list.mjs'), 'utf8'),
        resolveDir: here,
      }),
    );
    builder.onResolve({ filter: /^node:worker_threads$/ }, ({ importer }) =>
      /(worker-pool|blocking-calls)\.js$/.test(importer)
        ? { path: join(here, 'worker-threads.mjs') }
        : undefined,
    );
  },
};

const entry = () => ({
  contents: `import './bin/interrupt.js';${entrySource()}`,
  resolveDir: root,
  sourcefile: 'main.mjs',
});

/** Packages that only some commands load stay where npm puts them, with the files that lie beside them. */
const LEFT_OUT = [
  'archiver',
  'inquirer',
  'nodemailer',
  'ora',
  'postal-mime',
  'ps-list',
  'yauzl',
];

/**
 * Writes main.cjs, for the main thread, and a module for each worker with what they share into dist/bundle. One file can be kept compiled
 * (bin/compiled.js), and takes no time to be put together. What answers Tab is a small file that shares nothing.
 */
export async function bundleForNode() {
  const outdir = join(root, 'dist', 'bundle');
  const workers = compiled(/-worker\.js$/).map((path) => [
    basename(path),
    join(root, 'dist', `${path}.js`),
  ]);

  await build({
    ...common,
    format: 'cjs',
    external: LEFT_OUT,
    stdin: { ...entry(), contents: entrySource() },
    plugins: [inOneFile, besideTheBundle],
    define: { 'import.meta.url': 'kmsBackupUrl' },
    banner: {
      js: "const kmsBackupUrl = require('node:url').pathToFileURL(__filename).href;",
    },
    outfile: join(outdir, 'main.cjs'),
  });
  adaptImports(join(outdir, 'main.cjs'));

  for (const name of Object.keys(BESIDE)) await bundleBeside(name, outdir);

  await build({
    ...common,
    format: 'esm',
    splitting: true,
    external: [...LEFT_OUT, ...Object.keys(BESIDE)],
    entryPoints: Object.fromEntries(workers),
    outdir,
  });

  await build({
    ...common,
    format: 'esm',
    minify: true,
    external: [...LEFT_OUT, ...Object.keys(BESIDE)],
    entryPoints: [join(root, 'dist', 'ui', 'offer-words.js')],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    outdir,
  });
}

/**
 * Code that was kept compiled cannot import by itself (Node 20 forgets how): whoever runs it gives it the function. And the
 * default of a package that is a module is another thing for `require`: such a package is imported where it is used.
 */
function adaptImports(path) {
  const source = readFileSync(path, 'utf8');
  const adapted = source.replaceAll('await import(', 'await importModule(');
  const [left] = /^.*(?<![\w$.])import\(.*$/m.exec(adapted) ?? [];
  if (left) throw new Error(`${path} imports in another way: ${left}`);

  const whole = LEFT_OUT.find((name) =>
    source.includes(`__toESM(require("${name}")`),
  );
  if (whole) throw new Error(`${whole} is imported at the head of a file`);

  writeFileSync(path, adapted);
}

/** Writes main.cjs and one file a worker into `directory`; returns the workers' paths by their base name. */
export async function bundleForExecutable(directory) {
  const options = {
    ...common,
    format: 'cjs',
    // Not the names: oclif tells errors by them, and the call that keeps them slows every closure.
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [inOneFile, inExecutable, withoutExtras],
    define: { 'import.meta.url': 'kmsBackupUrl' },
    banner: {
      js: "const kmsBackupUrl = require('node:url').pathToFileURL(process.execPath).href; globalThis.kmsBackupIsExecutable = true;",
    },
  };

  await build({
    ...options,
    stdin: entry(),
    outfile: join(directory, 'main.cjs'),
  });

  const workers = compiled(/-worker\.js$/);
  for (const path of workers) {
    const entryPoints = [join(root, 'dist', `${path}.js`)];
    await build({
      ...options,
      entryPoints,
      outfile: join(directory, `${basename(path)}.js`),
    });
  }

  return Object.fromEntries(
    workers.map((path) => [
      `${basename(path)}.js`,
      join(directory, `${basename(path)}.js`),
    ]),
  );
}
