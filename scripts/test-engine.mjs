// Runs tests of archives in buckets against a real object store on this machine, which it starts, and stops afterwards; its data are in a
// directory of their own, which is gone then. The last line counts the tests. Needs Linux and root; Debian's packages are installed where
// they are missing (Ceph 63 MB, Swift 7 MB). Where they are not to be had, or the store does not come up, it says so and skips.
//   node scripts/test-engine.mjs ceph|swift [FILE…]
//   node scripts/test-engine.mjs ceph|swift --serve    prints the environment of a client, and serves until it is interrupted
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ceph from './engines/ceph.mjs';
import * as swift from './engines/swift.mjs';

const ENGINES = { ceph, swift };
const FILES = [
  'test/object-store/contract.test.ts',
  'test/object-store/outage.test.ts',
  'test/archive/bucket-backup.test.ts',
  'test/archive/bucket-index.test.ts',
  'test/archive/bucket-sealed.test.ts',
  'test/archive/bucket-days.test.ts',
  'test/replicate/replicate-bucket.test.ts',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const [name = '', ...files] = process.argv.slice(2);
const engine = ENGINES[name];
if (!engine) throw new Error('say which engine: ceph or swift');

const directory = mkdtempSync(join(tmpdir(), `kms-${name}-`));
const env = {
  ...process.env,
  PATH: `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH}`,
};

try {
  process.exitCode = await testEngine();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function testEngine() {
  const startMs = performance.now();
  if (!engine.isInstalled(env)) return skip(`${name} is not to be had here`);

  let server;
  try {
    server = await engine.start(directory, env);
  } catch (error) {
    return skip(`${name} did not start: ${error.message}`);
  }

  const seconds = Math.round((performance.now() - startMs) / 1000);
  console.log(`${name} runs, after ${seconds} s`);

  const nodes = await serveNodes(server);
  try {
    return files[0] === '--serve'
      ? await serve(server)
      : await runTests(server, `http://127.0.0.1:${nodes.address().port}`);
  } finally {
    nodes.close();
    await server.stop();
  }
}

function skip(why) {
  console.log(`skipped: ${why}`);
  console.log('tests: 0 passed, 0 failed, 1 skipped');

  return 0;
}

/** A test takes a node away by POST /takeAway/0, and brings it back by POST /bringBack/0. */
async function serveNodes(server) {
  const nodes = createServer((asked, answer) => {
    const [, act, node] = asked.url.split('/');
    Promise.resolve(server[act](Number(node))).then(
      () => answer.end(),
      (error) => answer.writeHead(500).end(error.message),
    );
  });

  nodes.listen(0, '127.0.0.1');
  await once(nodes, 'listening');

  return nodes;
}

function environmentOf({ endpoint, id, secret }) {
  return {
    KMS_TEST_S3_URL: endpoint,
    KMS_TEST_S3_MANNER: engine.manner,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
  };
}

async function serve(server) {
  for (const [key, value] of Object.entries(environmentOf(server))) {
    console.log(`${key}=${value}`);
  }

  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);

  return 0;
}

async function runTests(server, control) {
  const tests = spawn(
    process.execPath,
    [
      join(root, 'scripts', 'test.mjs'),
      '--no-file-parallelism',
      ...(files.length > 0 ? files : FILES),
    ],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        ...environmentOf(server),
        KMS_TEST_S3_NODES: control,
      },
    },
  );
  const [status] = await once(tests, 'exit');

  return status ?? 1;
}
