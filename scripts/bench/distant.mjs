// Measures how long reading an archive takes from a bucket that answers late, as one on another continent does.
//   node scripts/build.mjs && node scripts/bench/distant.mjs [--late 100] [--rounds 3]
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { kms } from './kms.mjs';
import { emptyWork, smallStore } from './small-store.mjs';

const { values } = parseArgs({
  options: {
    late: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
  },
});

const work = emptyWork('distant');
const s3 = await startServer();
const near = s3.endpoint;
const far = await startDelaying(near, Number(values.late));
const store = await smallStore();
const bucket = `s3://${s3.bucketName}/mail`;

await run(
  kms`backup full --server-dir ${store.serverDir} --backup-dir ${bucket} --quiet`,
  near,
);

const seconds = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const begin = performance.now();
  await run(
    kms`verify ${bucket} --server-dir ${store.serverDir} --quiet`,
    far.endpoint,
  );
  seconds.push((performance.now() - begin) / 1000);
}

seconds.sort((a, b) => a - b);
const median = seconds[seconds.length >> 1].toFixed(2);
console.log(
  `verify over a line that answers ${values.late} ms late: ${median} s`,
);
far.close();
await s3.close();

/** The strict server of the tests. */
async function startServer() {
  const outfile = join(work, 's3-server.mjs');
  await build({
    entryPoints: [
      fileURLToPath(
        new URL('../../test/helpers/s3-server.ts', import.meta.url),
      ),
    ],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
  });
  const { startS3 } = await import(outfile);

  return startS3();
}

/** Passes on at once what is asked, and late what is answered. */
async function startDelaying(endpoint, lateMs) {
  const { port } = new URL(endpoint);
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1');
    const end = () => {
      client.destroy();
      upstream.destroy();
    };

    client.pipe(upstream);
    upstream.on('data', async (bytes) => {
      await sleep(lateMs);
      client.write(bytes);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', end).on('close', end);
    }
  });

  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    close: () => server.close(),
  };
}

function run({ command, env }, endpoint) {
  const child = spawn(command[0], command.slice(1), {
    env: {
      ...process.env,
      ...env,
      ...s3.env,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      KMS_BACKUP_STATE_DIR: join(work, 'state'),
    },
    stdio: 'inherit',
  });

  return new Promise((done, fail) => {
    child.on('close', (status) => {
      if (status === 0) done();
      else fail(new Error(`${command.join(' ')} ended with ${status}`));
    });
  });
}
