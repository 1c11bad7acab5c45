// Measures this tool beside every peer found on the machine. See docs/benchmarks.md for what and how.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  changeOnePercent,
  fullJob,
  makeBases,
  unchangedJob,
} from './bench/jobs-backup.mjs';
import {
  folderJob,
  listJob,
  millionJob,
  recoverJob,
  startJob,
  verifyJob,
} from './bench/jobs-read.mjs';
import { measure, toolsFound } from './bench/measure.mjs';
import { ensureMillion } from './bench/million.mjs';
import { formatResults, formatVerdicts, judge } from './bench/report.mjs';
import { ensureStore } from './bench/stores.mjs';

const HELP = `node scripts/bench.mjs [options]
  --quick            small stores (a twentieth) and one round: a first look in about a minute
  --stores A,B,C     which stores
  --jobs LIST        of full,unchanged,changed,verify,recover,folder,list,million,start
  --rounds N         default 3
  --peers LIST       only these contestants besides kms-backup, by name or by its first word
  --slow             also archiver, and --checksum
  --strict           exit 1 where a limit is missed`;
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    slow: { type: 'boolean' },
    strict: { type: 'boolean' },
    help: { type: 'boolean' },
    stores: { type: 'string', default: 'A,B,C' },
    jobs: {
      type: 'string',
      default:
        'full,unchanged,changed,verify,recover,folder,list,million,start',
    },
    rounds: { type: 'string' },
    peers: { type: 'string' },
  },
});
const root = fileURLToPath(new URL('../.bench', import.meta.url));
const divisor = options.quick ? 20 : 1;
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const jobs = new Set(options.jobs.split(','));
const tools = toolsFound([
  'zip',
  'unzip',
  '7zz',
  'bsdtar',
  'restic',
  'borg',
  'rsync',
]);
const peers = options.peers?.split(',');
const results = [];
const run = (spec) => measure(spec);

function isWanted({ name, isSlow }) {
  if (isSlow && !options.slow) return false;
  return (
    peers === undefined ||
    name.startsWith('kms-backup') ||
    peers.includes(name) ||
    peers.includes(name.split(' ')[0])
  );
}

/** Every contestant once a round, in an order that turns, so that nobody always runs after the same neighbour. */
async function compete(job, store, contestants) {
  const field = contestants
    .filter(isWanted)
    .map((one) => ({ job, store, ...one, seconds: [], peaks: [] }));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < field.length; i++) {
      const one = field[(i + round) % field.length];
      if (one.failed) continue;

      try {
        await one.before?.();
        spawnSync('sync');

        const { seconds, peakBytes } = await measure(one);
        one.seconds.push(seconds);
        one.peaks.push(peakBytes);
        one.bytes = one.diskBytes?.();
        console.error(
          `${job} ${store} round ${round + 1}: ${one.name} ${seconds.toFixed(2)} s, ${Math.round(peakBytes / 2 ** 20)} MiB`,
        );
      } catch (error) {
        one.failed = true;
        console.error(`${job} ${store}: ${one.name} failed: ${error.message}`);
      }
    }
  }

  results.push(...field.filter(({ seconds }) => seconds.length > 0));
}

async function benchStore(name) {
  const store = ensureStore(root, name, divisor);
  const work = join(root, 'work', name);

  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'second'), { recursive: true });
  spawnSync('sh', [
    '-c',
    'find "$1" -type f -print0 | xargs -0 cat > /dev/null',
    'sh',
    store.serverDir,
  ]);

  const context = { store, work, tools, run };
  if (jobs.has('full')) await compete('full', name, fullJob(context));
  rmSync(join(work, 'full'), { recursive: true, force: true });

  const READERS = {
    unchanged: unchangedJob,
    verify: verifyJob,
    recover: recoverJob,
    folder: folderJob,
    list: listJob,
  };

  const needBases = [...Object.keys(READERS), 'changed'].some((job) =>
    jobs.has(job),
  );

  if (needBases) {
    console.error(`making every tool's archive of store ${name} …`);
    context.base = await makeBases(context);
    for (const [job, contestants] of Object.entries(READERS)) {
      if (jobs.has(job)) await compete(job, name, contestants(context));
    }
  }

  if (jobs.has('changed')) {
    const putBack = changeOnePercent(store, divisor);
    try {
      await compete('changed', name, unchangedJob(context));
    } finally {
      putBack();
    }
  }

  rmSync(work, { recursive: true, force: true });
}

async function main() {
  if (options.help) return void console.log(HELP);

  const stores = options.stores.split(',').filter(Boolean);
  for (const name of stores) await benchStore(name);

  const anyStore = ensureStore(root, stores[0] ?? 'C', divisor);
  if (jobs.has('million')) {
    const dir = ensureMillion(root, 1_000_000 / divisor);
    await compete('million', '-', millionJob({ store: anyStore, tools, dir }));
  }

  if (jobs.has('start')) {
    await compete('start', '-', startJob({ store: anyStore }));
  }

  const verdicts = judge(results);
  console.log(machineLine());
  console.log(formatResults(results));
  console.log(formatVerdicts(verdicts));
  writeFileSync(
    join(root, 'last.json'),
    JSON.stringify({ machine: machineLine(), results, verdicts }, null, 1),
  );
  if (options.strict && verdicts.some(({ holds }) => !holds)) {
    process.exitCode = 1;
  }
}

function machineLine() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  const size = divisor === 1 ? 'full stores' : `stores divided by ${divisor}`;
  return `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.version}, commit ${commit.trim()}, ${rounds} rounds, ${size}`;
}

await main();
