import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  lstatSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { isAsSet, ticksOf } from '../../src/platform/file-times.js';
import { removeTree } from '../../src/platform/remove-tree.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { runInProcess } from '../helpers/in-process.js';
import { temporaryDirectory } from '../helpers/store.js';

/**
 * Whatever a file system allows in a store: what backup publishes a recover brings, all of it, each user and the
 * configuration alone, but for what the report names.
 */

const RUNS = process.env['KMS_TEST_THOROUGH'] ? 150 : 2;

let dir = '';
afterEach(() => {
  if (dir !== '') removeTree(dir);
});

/** A step of a path, as bytes: everything but the slash and the zero. */
type Step = Buffer;

/** Something that is made in the store, at a path below `mail/example.com`. */
interface Node {
  readonly steps: readonly Step[];
  readonly kind: 'file' | 'directory' | 'link' | 'large';
  readonly mode: number;
  readonly seconds: number;
  readonly linkTo: string;
}

const byte = fc.integer({ min: 1, max: 255 }).filter((value) => value !== 0x2f);
const anyStep = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => Buffer.from(bytes));
const step: fc.Arbitrary<Step> = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        'alice',
        'bob',
        'INBOX',
        '#msgs',
        '00000001.eml',
        'index.fld',
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'a.eml',
        'a.eml.kms-part-1-of-2',
        'x'.repeat(255),
        'y'.repeat(240),
        'CON',
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '.kms-backup-recover',
        '.deleted.txt',
        'ä',
        'a\u0308',
        ' ',
        '...',
        'a\nb',
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(byte, { minLength: 1, maxLength: 60 })
        .map((bytes) => Buffer.from(bytes)),
    },
    { weight: 1, arbitrary: anyStep },
  )
  .map((value) => Buffer.from(value))
  .filter(
    (value) =>
      !value.includes(0) &&
      !value.includes(0x2f) &&
      !['.', '..'].includes(value.toString('latin1')),
  );
const deep = fc
  .tuple(
    fc.constantFrom('d', 'x'.repeat(100), 'Deleted Items'),
    fc.integer({ min: 3300, max: 3900 }),
    step,
  )
  .map(([name, bytes, last]) => [
    ...Array.from({ length: Math.floor(bytes / (name.length + 1)) }, () =>
      Buffer.from(name),
    ),
    last,
  ]);
const node: fc.Arbitrary<Node> = fc.record({
  steps: fc.oneof(
    { weight: 12, arbitrary: fc.array(step, { minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: deep },
  ),
  kind: fc.constantFrom('file', 'file', 'file', 'directory', 'link', 'large'),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  seconds: fc.oneof(
    fc.integer({ min: 1, max: 2_000_000_000 }),
    fc.constantFrom(-1, 0, 4_294_967_295, 4_294_967_296),
  ),
  linkTo: fc.constantFrom('/etc', '..', 'nowhere', '/etc/hostname', '.'),
});

it(
  `what is published comes back, but for what the report names, in ${RUNS} stores of any shape`,
  { timeout: RUNS * 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(node, { maxLength: 25 }),
        fc.array(node, { maxLength: 8 }),
        fc.boolean(),
        async (nodes, later, splits) => {
          if (dir !== '') removeTree(dir);
          dir = temporaryDirectory('any');
          const server = buildInstallation(join(dir, 'server'), {
            beside: { sslcert: { 'server.crt': 'x' } },
          });
          const root = Buffer.from(`${server.storeDir}/mail/example.com`);
          for (const one of nodes) plant(root, one);
          await backUp(server, 'full', splits);
          for (const one of later) plant(root, one);
          await backUp(server, 'diff', splits);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  },
);

/** Makes one node; what cannot be made there is left. */
function plant(
  root: Buffer,
  { steps, kind, mode, seconds, linkTo }: Node,
): void {
  const below = steps.slice(0, -1).reduce(joinBytes, root);
  const path = joinBytes(below, steps.at(-1) ?? Buffer.from('x'));
  try {
    mkdirSync(below, { recursive: true });
    if (kind === 'directory') {
      mkdirSync(path);
    } else if (kind === 'link') {
      symlinkSync(linkTo, path);
    } else {
      writeFileSync(
        path,
        kind === 'large'
          ? Buffer.alloc(40_000, steps.join('/'))
          : steps.join('/'),
        { flag: 'wx' },
      );
    }

    if (kind === 'link') return;
    chmodSync(path, kind === 'directory' ? mode | 0o700 : mode);
    utimesSync(path, seconds, seconds);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

function joinBytes(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}

async function backUp(
  server: Installation,
  type: 'full' | 'diff',
  splits: boolean,
): Promise<void> {
  const args = [
    '--server-dir',
    server.serverDir,
    '--json',
    '--quiet',
    '--no-rotate',
    '--threads',
    '1',
  ];
  const volumes = splits
    ? ['--oversize', 'split', '--volume-size', '20000']
    : [];
  const made = await runInProcess(`backup:${type}`, [...args, ...volumes]);
  expect([0, 3], made.output).toContain(made.exitCode);
  const report = JSON.parse(made.stdout) as { issues: { name: string }[] };
  const named = report.issues.map(({ name }) => name.replace(/\/$/, ''));
  const verified = await runInProcess('verify', [server.backupDir, '--quiet']);
  expect(verified.exitCode, verified.output).toBe(0);

  await recover(server, []);
  compare(server, named);
  await recover(server, ['--mask', 'cfg']);
  expect(readFileSync(join(dir, 'cfg', 'users.cfg'))).toEqual(
    readFileSync(join(server.serverDir, 'users.cfg')),
  );

  for (const user of await listUsers(server)) {
    await recover(server, ['--domain', 'example.com', '--user', user]);
    compare(server, named, `mail/example.com/${user}`);
  }
}

/** The users whose folders the archive lists. */
async function listUsers(server: Installation): Promise<Set<string>> {
  const listed = await runInProcess('recover', [
    server.backupDir,
    '--listing',
    '--json',
  ]);
  expect(listed.exitCode, listed.output).toBe(0);
  const { folders } = JSON.parse(listed.stdout) as {
    folders: { domain: string | null; user: string }[];
  };

  return new Set(
    folders
      .filter(({ domain, user }) => domain === 'example.com' && user !== '')
      .map(({ user }) => user),
  );
}

async function recover(
  server: Installation,
  wanted: readonly string[],
): Promise<void> {
  const [store, cfg] = [join(dir, 'store'), join(dir, 'cfg')];
  removeTree(store);
  removeTree(cfg);
  mkdirSync(store);
  mkdirSync(cfg);
  const args = [
    server.backupDir,
    '--store',
    store,
    '--cfgdir',
    cfg,
    '--server-dir',
    server.serverDir,
    '--yes',
    ...wanted,
  ];
  const done = await runInProcess('recover', args);
  expect(done.exitCode, done.output).toBe(0);
}

/** Everything below a path of the store that is not named, nor below what is, has come back: bytes, rights and times. */
function compare(
  server: Installation,
  named: readonly string[],
  top = 'mail',
): void {
  const skipped = new Set(named);
  const open = [top];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const [from, to] = [join(server.storeDir, path), join(dir, 'store', path)];
    if (skipped.has(`@backup/store/${path}`)) continue;

    expectSameFacts(from, to);

    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const name = `${path}/${entry.name}`;
      if (skipped.has(`@backup/store/${name}`) || isLeftOut(entry.name)) {
        continue;
      }

      if (entry.isDirectory()) {
        open.push(name);
      } else {
        const back = readFile(`${to}/${entry.name}`);
        const bytes = readFileSync(`${from}/${entry.name}`);
        expect(back?.equals(bytes), name).toBe(true);
        expectSameFacts(`${from}/${entry.name}`, `${to}/${entry.name}`);
      }
    }
  }
}

/** The kind, the rights that a recover gives, and the time to the precision that every Node can set. */
function expectSameFacts(from: string, to: string): void {
  const [before, after] = [from, to].map((path) =>
    lstatSync(path, { bigint: true, throwIfNoEntry: false }),
  );
  if (!before) throw new Error(`${from} is not there`);

  expect(after?.isDirectory(), to).toBe(before.isDirectory());
  if (!after) return;

  const rights = before.isDirectory() ? 0o3777n : 0o777n;
  expect(after.mode & 0o7777n, to).toBe(before.mode & rights);
  expect(isAsSet(ticksOf(after), ticksOf(before)), `time of ${to}`).toBe(true);
}

const isLeftOut = (name: string): boolean =>
  name === '.kms-backup-recover' ||
  /^search\.fld$|\.cfg\.bak$|\.kms-backup-tmp$/.test(name);

function readFile(path: string): Buffer | undefined {
  try {
    closeSync(openSync(path, 'r'));
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
