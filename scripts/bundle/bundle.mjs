// Bundles the compiled program and each of its workers into single CommonJS files, for the single executable.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
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

/** The entry: everything that is loaded by name at run time is listed here by name. */
function entrySource() {
  const { name, version, oclif } = json('package.json');
  const modules = ['ui/help', ...compiled(/^commands\/.*\.js$/)];
  const table = modules.map((path) => `${JSON.stringify(path)}: () => import('./dist/${path}.js')`);
  return `
    globalThis.kmsBackupModules = { ${table.join(',\n')} };
    const manifest = ${JSON.stringify(json('oclif.manifest.json'))};
    const pjson = ${JSON.stringify({ name, version, type: 'module', oclif })};
    const argv = process.argv.slice(2);
    const isShort = argv.length === 1 && argv[0] === '--version';
    if (isShort) process.stdout.write(\`${name}/${version} \${process.platform}-\${process.arch} node-\${process.version}\\n\`);
    else void import('./scripts/bundle/start.mjs').then(({ start }) => start({ argv, pjson, manifest }));
  `;
}

/** oclif looks for its package.json to check the version of Node: the executable brings its own. */
function without(text, part) {
  if (!text.includes(part)) throw new Error(`@oclif/core changed: no ${part.trim()} in its index.js`);
  return text.replace(part, '');
}

/** What the bundle answers otherwise than the installed package: it has no files beside it. */
const replacements = {
  name: 'kms-backup-bundle',
  setup(builder) {
    builder.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/]module-loader\.js$/ }, () => ({
      contents: readFileSync(join(here, 'oclif-loader.cjs'), 'utf8'),
    }));
    builder.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/]index\.js$/ }, ({ path }) => ({
      contents: without(readFileSync(path, 'utf8'), '\ncheckNodeVersion();'),
    }));
    builder.onLoad({ filter: /dist[\\/]platform[\\/]tool\.js$/ }, () => {
      const { name, version } = json('package.json');
      return { contents: `export const TOOL = ${JSON.stringify(`${name} ${version}`)};` };
    });
    builder.onLoad({ filter: /dist[\\/]ui[\\/]completion-script\.js$/ }, () => {
      const shells = { bash: 'kms-backup.bash', zsh: '_kms-backup', powershell: 'kms-backup.ps1' };
      const scripts = Object.entries(shells).map(([shell, file]) => [
        shell,
        readFileSync(join(root, 'completion', file), 'utf8'),
      ]);
      return {
        contents: `export const SHELLS = ${JSON.stringify(shells)};
          const scripts = ${JSON.stringify(Object.fromEntries(scripts))};
          export const readCompletionScript = (shell) => scripts[shell];`,
      };
    });
    builder.onLoad({ filter: /dist[\\/]platform[\\/]process-list\.js$/ }, () => ({
      contents: readFileSync(join(here, 'process-list.mjs'), 'utf8'),
      resolveDir: here,
    }));
    builder.onResolve({ filter: /^node:worker_threads$/ }, ({ importer }) =>
      /worker-pool\.js$/.test(importer) ? { path: join(here, 'worker-threads.mjs') } : undefined,
    );
    // oclif loads these only for TypeScript projects and package managers; the bundle has neither.
    builder.onResolve({ filter: /^(typescript|ts-node|tsx|pnpapi)$/ }, ({ path }) => ({ path, external: true }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  absWorkingDir: root,
  minify: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'error',
  define: { 'import.meta.url': 'kmsBackupUrl' },
  banner: { js: "const kmsBackupUrl = require('node:url').pathToFileURL(process.execPath).href;" },
};

/** Writes main.cjs and one file a worker into `directory`; returns the workers' paths by their base name. */
export async function bundle(directory) {
  await build({
    ...common,
    plugins: [replacements],
    stdin: { contents: entrySource(), resolveDir: root, sourcefile: 'entry.mjs' },
    outfile: join(directory, 'main.cjs'),
  });
  const workers = compiled(/-worker\.js$/);
  for (const path of workers) {
    await build({
      ...common,
      plugins: [replacements],
      entryPoints: [join(root, 'dist', `${path}.js`)],
      outfile: join(directory, `${basename(path)}.js`),
    });
  }
  return Object.fromEntries(workers.map((path) => [`${basename(path)}.js`, join(directory, `${basename(path)}.js`)]));
}
