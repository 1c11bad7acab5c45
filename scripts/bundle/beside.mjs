// Packages that are bundled into files of their own, beside the main one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { common, root } from './common.mjs';

/** Packages that few commands need: a file each, which an installation has without the packages below them. */
export const BESIDE = {
  'age-encryption': {
    entry: 'age-encryption/dist/index.js',
    holds: [
      '@noble/ciphers',
      '@noble/curves',
      '@noble/hashes',
      '@noble/post-quantum',
      '@scure/base',
    ],
  },
  imapflow: {
    entry: 'imapflow/dist/esm/imap-flow.js',
    holds: [
      '@zone-eu/mailsplit',
      'iconv-lite',
      'libbase64',
      'libmime',
      'libqp',
      'safer-buffer',
    ],
  },
};
const IS_BESIDE = new RegExp(`^(${Object.keys(BESIDE).join('|')})$`);

/** Imports these files, as `bin/compiled.js` sees them. */
export const besideTheBundle = {
  name: 'kms-backup-beside',
  setup(builder) {
    builder.onResolve({ filter: IS_BESIDE }, ({ path }) => ({
      path: `../dist/bundle/${path}.mjs`,
      external: true,
    }));
  },
};

/**
 * What imapflow has for others: a log of its own, proxies, and Japanese mail in a decoder that is only called for text that is shown.
 * Nothing here calls them.
 */
export const withoutExtras = {
  name: 'kms-backup-without-extras',
  setup(builder) {
    const namespace = 'extra';
    builder.onResolve(
      { filter: /^(pino|socks|encoding-japanese)$/ },
      ({ path }) => ({ path, namespace }),
    );
    builder.onLoad({ filter: /./, namespace }, () => ({
      contents: 'module.exports = {};',
    }));
  },
};

/** The licences of the packages in such a file, which want to go with them. */
function licencesBeside(name) {
  const texts = [name, ...BESIDE[name].holds].map((holder) => {
    const directory = join(root, 'node_modules', holder);
    const file = readdirSync(directory).find((own) => /^licen[cs]e/i.test(own));
    if (!file) throw new Error(`${holder} has no licence`);

    return `${holder}\n\n${readFileSync(join(directory, file), 'utf8').trim()}`;
  });

  return `/*\n${texts.join('\n\n')}\n*/`;
}

/** Writes the file of one such package. */
export async function bundleBeside(name, outdir) {
  const { metafile } = await build({
    ...common,
    format: 'esm',
    minify: true,
    metafile: true,
    entryPoints: [join(root, 'node_modules', BESIDE[name].entry)],
    plugins: [withoutExtras],
    banner: {
      js: `${licencesBeside(name)}\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
    outfile: join(outdir, `${name}.mjs`),
  });

  refuseUnlicensed(name, Object.keys(metafile.inputs));
}

/** A new version may bring a package whose licence is not in the file. */
function refuseUnlicensed(name, files) {
  for (const file of files) {
    const holder = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
    if (holder === undefined || holder === name) continue;
    if (BESIDE[name].holds.includes(holder)) continue;

    throw new Error(`${name} brings ${holder}: name its licence`);
  }
}
