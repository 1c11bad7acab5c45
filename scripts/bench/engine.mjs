// Measures backups into a real object store on this machine, and one message out of it, beside restic: Ceph with three disks, which is
// started and stopped here (Linux, root). The store lies in memory, the disks in the directory for temporary files.
//   node scripts/build.mjs && node scripts/bench/engine.mjs [--store B] [--divisor 1] [--rounds 3] [--volume-size 15MB: about forty]
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { S3Client } from '../../dist/object-store/s3-client.js';
import { surroundingsOf } from '../../dist/object-store/surroundings.js';
import { argv } from '../argv.mjs';
import * as ceph from '../engines/ceph.mjs';
import { kms } from './kms.mjs';
import { measure, median } from './measure.mjs';
import { resticEnvironment, SOURCES } from './peers.mjs';
import { ensureStore, ONE_FOLDER } from './stores.mjs';

const CONFIGURATION = ['mailserver.cfg', 'users.cfg', 'kms-backup.ini'];
const MESSAGE = '00000003';
const { domain, user, folder } = ONE_FOLDER;
const PATH = `/store/mail/${domain}/${user}/${folder}/#msgs/${MESSAGE}.eml`;

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'B' },
    divisor: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    'volume-size': { type: 'string', default: '2GiB' },
  },
});

const store = ensureStore(
  '/dev/shm/kms-backup-bench',
  values.store,
  Number(values.divisor),
);
const work = mkdtempSync(join(tmpdir(), 'kms-engine-'));
const environment = {
  ...process.env,
  PATH: `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH}`,
};
if (!ceph.isInstalled(environment)) throw new Error('Ceph is not to be had');
const server = await ceph.start(work, environment);
const env = {
  AWS_ACCESS_KEY_ID: server.id,
  AWS_SECRET_ACCESS_KEY: server.secret,
};
const identity = await generateIdentity();
const identityFile = join(work, 'identity');

try {
  writeFileSync(identityFile, `${identity}\n`, { mode: 0o600 });
  await writeTargets();
  await measureAll();
} finally {
  await server.stop();
  rmSync(join(store.serverDir, 'kms-backup.ini'), { force: true });
  rmSync(work, { recursive: true, force: true });
}

/** Each round has buckets of its own, as nothing may be found there. */
async function writeTargets() {
  const recipient = await identityToRecipient(identity);
  const sections = [];

  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of ['plain', 'sealed']) {
      const bucket = `${name}${round}`;
      await makeBucket(bucket);
      const recipients = name === 'sealed' ? `recipients = ${recipient}\n` : '';
      sections.push(
        `[target.${bucket}]\nendpoint = ${server.endpoint}\nbucket = ${bucket}\nspool = ${join(work, 'spool')}\n${recipients}`,
      );
    }
  }

  writeFileSync(join(store.serverDir, 'kms-backup.ini'), sections.join('\n'));
}

async function makeBucket(bucket) {
  const target = {
    endpoint: server.endpoint,
    bucket,
    prefix: '',
  };
  const client = new S3Client(target, surroundingsOf({ env }));

  try {
    await client.call({
      method: 'PUT',
      what: `create ${bucket}`,
    });
  } finally {
    client.close();
  }
}

async function measureAll() {
  const results = new Map();

  for (let round = 0; round < Number(values.rounds); round++) {
    for (const contestant of inTurn(contestants(round), round)) {
      const { name, command, before, cwd } = contestant;
      await before?.();
      const result = await measure({
        command,
        cwd,
        env: contestant.env,
      });
      results.set(name, [...(results.get(name) ?? []), result]);
      console.error(`${name}: ${result.seconds.toFixed(2)} s`);
    }
  }

  for (const [name, all] of results) {
    const middle = (key) => median(all.map((result) => result[key]));
    const peak = (middle('peakBytes') / (1 << 20)).toFixed(0);
    console.log(
      `${name.padEnd(26)} ${middle('seconds').toFixed(2)} s, ${middle('processorSeconds').toFixed(2)} s of processors, ${peak} MB`,
    );
  }
}

/** Backups come before the messages that are taken out of them; within each, the order turns. */
function inTurn(groups, round) {
  return groups.flatMap((group) => {
    const first = round % group.length;

    return [...group.slice(first), ...group.slice(0, first)];
  });
}

function contestants(round) {
  const repository = `s3:${server.endpoint}/restic${round}`;
  const restic = argv`restic -q -r ${repository}`;
  const resticEnv = { ...env, ...resticEnvironment(join(work, `r${round}`)) };
  const target = (name) => join(work, `${name}-${round}`);

  const backups = ['plain', 'sealed'].map((name) => ({
    ...ours(
      kms`backup full --server-dir ${store.serverDir} --backup-dir ${name}${round} --volume-size ${values['volume-size']} --quiet`,
    ),
    name: `backup ${name}`,
  }));
  const messages = ['plain', 'sealed'].map((name) =>
    oneMessage(`${name}${round}`, target(name), name),
  );

  return [
    [
      ...backups,
      {
        name: 'backup restic',
        before: () => measure({ command: [...restic, 'init'], env: resticEnv }),
        command: [...restic, 'backup', ...SOURCES],
        cwd: store.serverDir,
        env: resticEnv,
      },
    ],
    [
      ...messages,
      {
        name: 'message restic',
        command: argv`${restic} restore latest --target ${target('restic')} --include ${PATH}`,
        env: resticEnv,
      },
      {
        name: 'message restic, no cache',
        command: argv`${restic} --no-cache restore latest --target ${target('restic2')} --include ${PATH}`,
        env: resticEnv,
      },
    ],
  ];
}

/** Recovers into a server that has its configuration files, and no mail. */
function oneMessage(archives, serverDir, name) {
  const places = ['--server-dir', serverDir, '-s', join(serverDir, 'store')];
  const message = `${domain}/${user}/${folder}/${MESSAGE}`;

  return {
    ...ours(
      kms`recover ${archives} ${places} -d ${domain} -u ${user} -f ${folder} --message ${message} --identity ${identityFile} --yes --quiet`,
    ),
    name: `message ${name}`,
    before: () => {
      mkdirSync(join(serverDir, 'store'), { recursive: true });
      for (const file of CONFIGURATION) {
        cpSync(join(store.serverDir, file), join(serverDir, file));
      }
    },
  };
}

function ours(contestant) {
  return { ...contestant, env: { ...contestant.env, ...env } };
}
