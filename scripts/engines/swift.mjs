// OpenStack's Swift on this machine: a proxy that speaks S3 and three nodes on 127.0.0.1 to 127.0.0.3, each with a copy of everything. Two
// copies must be written. A list that a write could not reach in time is brought up to date later, by daemons, as on every Swift: here
// within half a minute, elsewhere within minutes. Its directory must keep extended attributes (ext4, xfs).
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemons, freePorts, install, untilAnswered } from './daemons.mjs';

const PACKAGES = [
  ...['swift-proxy', 'swift-account', 'swift-container', 'swift-object'],
  'memcached',
];
const KINDS = ['account', 'container', 'object'];
/** What brings lists up to date: writes that did not reach one, and a node that was away. */
const DAEMONS = ['object-updater', 'container-replicator'];
const PROGRAMS = [
  ...['proxy', ...KINDS].map((kind) => `swift-${kind}-server`),
  ...DAEMONS.map((name) => `swift-${name}`),
  ...['swift-ring-builder', 'memcached'],
];
const NODES = [0, 1, 2];
const DAEMON_SECONDS = 20;

export const manner = 'swift';

export const isInstalled = (env) => install(PROGRAMS, PACKAGES, env);

/** Returns where it listens, for whom, and how its nodes go away and come back. */
export async function start(directory, given) {
  const env = { ...given, XDG_RUNTIME_DIR: join(directory, 'run') };
  const daemons = new Daemons(env);
  const [proxyPort, cachePort, ...nodePorts] = await freePorts(11);
  const endpoint = `http://127.0.0.1:${proxyPort}`;
  const secret = randomBytes(20).toString('hex');
  const portOf = (kind, node) => nodePorts[KINDS.indexOf(kind) * 3 + node];

  try {
    for (const name of ['etc', 'run']) mkdirSync(join(directory, name));
    for (const kind of KINDS) makeRing(daemons, directory, { kind, portOf });
    writeProxy(directory, { proxyPort, cachePort, secret });
    startAll(daemons, directory, cachePort);
    await untilAnswered(`${endpoint}/healthcheck`);
    for (const kind of KINDS) {
      for (const node of NODES) {
        await untilAnswered(urlOf(node, portOf(kind, node)));
      }
    }
  } catch (error) {
    await daemons.stopAll();
    throw error;
  }

  return {
    endpoint,
    id: 'kms:full',
    secret,
    nodes: NODES.length,
    takeAway: (node) => stopNode(daemons, node),
    bringBack: async (node) => {
      startNode(daemons, directory, node);
      for (const kind of KINDS) {
        await untilAnswered(urlOf(node, portOf(kind, node)));
      }
    },
    stop: () => daemons.stopAll(),
  };
}

const addressOf = (node) => `127.0.0.${node + 1}`;
const urlOf = (node, port) => `http://${addressOf(node)}:${port}/healthcheck`;

/** The settings of one kind of server on every node, and where each part of the data lies. */
function makeRing(daemons, directory, { kind, portOf }) {
  const builder = join(directory, 'etc', `${kind}.builder`);
  daemons.run('swift-ring-builder', [builder, 'create', '6', '3', '0']);

  for (const node of NODES) {
    const port = portOf(kind, node);
    mkdirSync(join(directory, `node${node}`, `disk${node}`), {
      recursive: true,
    });
    writeFileSync(
      join(directory, 'etc', `${kind}${node}.conf`),
      section('DEFAULT', {
        user: 'root',
        swift_dir: join(directory, 'etc'),
        devices: join(directory, `node${node}`),
        mount_check: 'false',
        bind_ip: addressOf(node),
        bind_port: port,
        workers: 0,
        fallocate_reserve: 0,
      }) +
        section('pipeline:main', { pipeline: `healthcheck ${kind}-server` }) +
        section(`app:${kind}-server`, { use: `egg:swift#${kind}` }) +
        daemonSections(directory, kind) +
        section('filter:healthcheck', { use: 'egg:swift#healthcheck' }),
    );
    const device = `r1z${node + 1}-${addressOf(node)}:${port}/disk${node}`;
    daemons.run('swift-ring-builder', [builder, 'add', device, '1']);
  }

  daemons.run('swift-ring-builder', [builder, 'rebalance']);
}

function daemonSections(directory, kind) {
  return DAEMONS.filter((name) => name.startsWith(kind))
    .map((name) =>
      section(name, {
        interval: DAEMON_SECONDS,
        recon_cache_path: join(directory, 'run'),
      }),
    )
    .join('');
}

/** What a request goes through, in this order. */
const PIPELINE = [
  ...['catch_errors', 'gatekeeper', 'healthcheck', 'cache', 'listing_formats'],
  ...['s3api', 'tempauth', 'copy', 'slo', 'dlo', 'versioned_writes', 'symlink'],
];

function writeProxy(directory, { proxyPort, cachePort, secret }) {
  const settings = {
    tempauth: { user_kms_full: `${secret} .admin` },
    s3api: { location: 'us-east-1', max_upload_part_num: 10_000 },
    slo: { max_manifest_segments: 10_000 },
    versioned_writes: { allow_object_versioning: 'true' },
    cache: { memcache_servers: `127.0.0.1:${cachePort}` },
  };
  const filters = PIPELINE.map((name) => {
    const use = `egg:swift#${name === 'cache' ? 'memcache' : name}`;
    return section(`filter:${name}`, { use, ...settings[name] });
  });

  writeFileSync(
    join(directory, 'etc', 'proxy.conf'),
    section('DEFAULT', {
      user: 'root',
      swift_dir: join(directory, 'etc'),
      bind_ip: '127.0.0.1',
      bind_port: proxyPort,
      workers: 0,
    }) +
      section('pipeline:main', {
        pipeline: [...PIPELINE, 'proxy-server'].join(' '),
      }) +
      section('app:proxy-server', {
        use: 'egg:swift#proxy',
        allow_account_management: 'true',
        account_autocreate: 'true',
        conn_timeout: 1,
      }) +
      filters.join(''),
  );
  writeFileSync(
    join(directory, 'etc', 'swift.conf'),
    section('swift-hash', { swift_hash_path_suffix: secret }) +
      section('storage-policy:0', { name: 'three', default: 'yes' }),
  );
}

function section(name, settings) {
  const lines = Object.entries(settings).map(
    ([key, value]) => `${key} = ${value}\n`,
  );

  return `[${name}]\n${lines.join('')}`;
}

function startAll(daemons, directory, cachePort) {
  daemons.start('memcached', 'memcached', [
    ...['-u', 'root', '-l', '127.0.0.1', '-m', '64', '-p', String(cachePort)],
  ]);
  for (const node of NODES) startNode(daemons, directory, node);
  daemons.start('proxy', 'swift-proxy-server', [
    join(directory, 'etc', 'proxy.conf'),
  ]);
}

function startNode(daemons, directory, node) {
  for (const kind of KINDS) {
    const settings = join(directory, 'etc', `${kind}${node}.conf`);
    daemons.start(`${kind}${node}`, `swift-${kind}-server`, [settings]);
  }

  for (const name of DAEMONS) {
    const [kind] = name.split('-');
    const settings = join(directory, 'etc', `${kind}${node}.conf`);
    daemons.start(`${name}${node}`, `swift-${name}`, [settings]);
  }
}

async function stopNode(daemons, node) {
  for (const name of [...DAEMONS, ...KINDS]) {
    await daemons.stop(`${name}${node}`, 'SIGKILL');
  }
}
