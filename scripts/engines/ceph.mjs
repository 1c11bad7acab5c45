// Ceph on this machine: a monitor, three disks and radosgw on 127.0.0.1. Each object lies on all disks; two of them take writes.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemons, freePorts, install, untilAnswered } from './daemons.mjs';

const PACKAGES = ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common'];
const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph'];
const DISKS = [0, 1, 2];

export const manner = 'ceph';

export const isInstalled = (env) => install(PROGRAMS, PACKAGES, env);

/** Returns where it listens, for whom, and how its disks go away and come back. */
export async function start(directory, given) {
  const env = { ...given, CEPH_CONF: join(directory, 'ceph.conf') };
  const daemons = new Daemons(env);
  const [monitorPort, port] = await freePorts(2);
  const endpoint = `http://127.0.0.1:${port}`;
  const keys = {
    id: `KMS${randomBytes(8).toString('hex')}`,
    secret: randomBytes(20).toString('hex'),
  };

  try {
    configure(directory, { monitorPort, port, path: env.CEPH_CONF });
    startMonitor(daemons, directory, monitorPort);
    for (const disk of DISKS) makeDisk(daemons, disk);
    startGateway(daemons, keys);
    await untilAnswered(endpoint);
  } catch (error) {
    await daemons.stopAll();
    throw error;
  }

  return {
    endpoint,
    ...keys,
    nodes: DISKS.length,
    takeAway: async (disk) => {
      await daemons.stop(`osd.${disk}`, 'SIGKILL');
      // What the monitor would find out after half a minute.
      daemons.run('ceph', ['osd', 'down', String(disk)]);
    },
    bringBack: (disk) => startDisk(daemons, disk),
    stop: () => daemons.stopAll(),
  };
}

function configure(directory, { monitorPort, port, path }) {
  const disks = DISKS.map((disk) => `osd${disk}`);
  for (const name of ['run', 'log', 'mon', 'rgw', ...disks]) {
    mkdirSync(join(directory, name));
  }

  writeFileSync(
    path,
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
osd pool default size = ${DISKS.length}
osd pool default min size = 2
osd pool default pg num = 8
osd crush chooseleaf type = 0
mon data avail crit = 1
[mon.a]
mon data = ${directory}/mon
[osd]
osd data = ${directory}/osd$id
bluestore block size = 17179869184
osd memory target = 939524096
[client.rgw.a]
rgw data = ${directory}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port}
ms mon client mode = crc
`,
  );
}

function startMonitor(daemons, directory, port) {
  const map = join(directory, 'monmap');
  const address = `[v2:127.0.0.1:${port}]`;

  daemons.run('monmaptool', [
    '--create',
    '--clobber',
    '--addv',
    'a',
    address,
    map,
  ]);
  daemons.run('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map]);
  daemons.start('mon.a', 'ceph-mon', ['-f', '-i', 'a']);
}

function makeDisk(daemons, disk) {
  const id = randomUUID();

  daemons.run('ceph', ['osd', 'new', id]);
  daemons.run('ceph-osd', ['-i', String(disk), '--mkfs', '--osd-uuid', id]);
  startDisk(daemons, disk);
}

function startDisk(daemons, disk) {
  daemons.start(`osd.${disk}`, 'ceph-osd', ['-f', '-i', String(disk)]);
}

function startGateway(daemons, { id, secret }) {
  daemons.run('radosgw-admin', [
    ...['user', 'create', '--uid=kms', '--display-name=kms'],
    ...[`--access-key=${id}`, `--secret-key=${secret}`],
  ]);
  daemons.start('radosgw', 'radosgw', ['-f', '-n', 'client.rgw.a']);
}
