// Runs the contract of the object store against a real Ceph on this machine: a monitor, an OSD and radosgw on 127.0.0.1, in a
// directory of their own, which is gone afterwards. The last line counts the tests. Needs Linux and root; Debian's packages (63 MB) are
// installed where they are missing. Where they are not to be had, or Ceph does not come up, it says so and skips.
//   node scripts/test-ceph.mjs [FILE…]
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PACKAGES = ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common'];
const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph'];
const INSTALL_MS = 180_000;
const STEP_MS = 60_000;
const START_MS = 90_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const files = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'kms-ceph-'));
const daemons = [];
const env = {
  ...process.env,
  PATH: `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH}`,
  CEPH_CONF: join(directory, 'ceph.conf'),
};

try {
  process.exitCode = await testCeph();
} finally {
  await stop();
  rmSync(directory, { recursive: true, force: true });
}

async function testCeph() {
  const startMs = performance.now();
  if (!installed()) return skip('Ceph is not to be had here');

  let server;
  try {
    server = await start();
  } catch (error) {
    return skip(`Ceph did not start: ${error.message}`);
  }

  const seconds = Math.round((performance.now() - startMs) / 1000);
  console.log(`Ceph runs, after ${seconds} s`);

  return runTests(server);
}

function skip(why) {
  console.log(`skipped: ${why}`);
  console.log('tests: 0 passed, 0 failed, 1 skipped');

  return 0;
}

function installed() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return false;
  if (hasPrograms()) return true;

  console.log(`installing ${PACKAGES.join(' ')}`);
  const options = {
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: 'ignore',
    timeout: INSTALL_MS,
  };

  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync(
    'apt-get',
    ['install', '-qq', '-y', '--no-install-recommends', ...PACKAGES],
    options,
  );

  return hasPrograms();
}

function hasPrograms() {
  return PROGRAMS.every(
    (program) => spawnSync(program, ['--version'], { env }).status === 0,
  );
}

/** Starts all daemons. Returns where they listen, and for whom. */
async function start() {
  const [monitorPort, port] = [await freePort(), await freePort()];
  const keys = {
    id: `KMS${randomBytes(8).toString('hex')}`,
    secret: randomBytes(20).toString('hex'),
  };

  writeConfiguration(monitorPort, port);
  startMonitor(monitorPort);
  startDisk();
  run('radosgw-admin', [
    ...['user', 'create', '--uid=kms', '--display-name=kms'],
    ...[`--access-key=${keys.id}`, `--secret-key=${keys.secret}`],
  ]);
  startDaemon('radosgw', ['-f', '-n', 'client.rgw.a']);

  const endpoint = `http://127.0.0.1:${port}`;
  await untilAnswered(endpoint);

  return { endpoint, ...keys };
}

function writeConfiguration(monitorPort, port) {
  for (const name of ['run', 'log', 'mon', 'osd0', 'rgw']) {
    mkdirSync(join(directory, name));
  }

  writeFileSync(
    env.CEPH_CONF,
    `[global]
fsid = ${randomUUID()}
mon host = [v2:127.0.0.1:${monitorPort}/0]
public addr = 127.0.0.1
ms bind msgr1 = false
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${directory}/run
admin socket = ${directory}/run/$name.asok
log file = ${directory}/log/$name.log
mon cluster log file = ${directory}/log/cluster.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
[mon.a]
mon data = ${directory}/mon
[osd]
osd data = ${directory}/osd$id
bluestore block size = 4294967296
[client.rgw.a]
rgw data = ${directory}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port}
ms mon client mode = crc
`,
  );
}

function startMonitor(monitorPort) {
  const map = join(directory, 'monmap');
  const address = `[v2:127.0.0.1:${monitorPort}]`;

  run('monmaptool', ['--create', '--clobber', '--addv', 'a', address, map]);
  run('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map]);
  startDaemon('ceph-mon', ['-f', '-i', 'a']);
}

function startDisk() {
  const id = randomUUID();

  run('ceph', ['osd', 'new', id]);
  run('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', id]);
  startDaemon('ceph-osd', ['-f', '-i', '0']);
}

function run(program, args) {
  const ended = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    timeout: STEP_MS,
  });
  if (ended.status === 0) return;

  const words = ended.stderr?.trim().split('\n').at(-1) ?? '';
  throw new Error(`${program} ended with ${ended.status}: ${words}`);
}

function startDaemon(program, args) {
  daemons.push(spawn(program, args, { env, stdio: 'ignore' }));
}

async function untilAnswered(endpoint) {
  const endMs = performance.now() + START_MS;

  while (performance.now() < endMs) {
    try {
      await fetch(endpoint, { signal: AbortSignal.timeout(2_000) });

      return;
    } catch {
      await sleep(200);
    }
  }

  throw new Error('radosgw does not answer');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();

    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => {
        resolve(port);
      });
    });
  });
}

function runTests({ endpoint, id, secret }) {
  const named =
    files.length > 0 ? files : ['test/object-store/contract.test.ts'];

  const { status } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'test.mjs'), ...named],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        KMS_TEST_S3_URL: endpoint,
        KMS_TEST_S3_MANNER: 'ceph',
        AWS_ACCESS_KEY_ID: id,
        AWS_SECRET_ACCESS_KEY: secret,
      },
    },
  );

  return status ?? 1;
}

/** Ends the daemons, those that others need last. */
async function stop() {
  for (const daemon of daemons.reverse()) {
    if (daemon.exitCode !== null) continue;

    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    const isSlow = await Promise.race([ended, sleep(10_000, 'slow')]);
    if (isSlow === 'slow') daemon.kill('SIGKILL');
  }
}
