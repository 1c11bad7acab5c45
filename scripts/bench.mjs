// Measures this tool beside every peer found on the machine. docs/benchmarks.md describes the stores, the jobs and the limits.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { argv } from './argv.mjs';
import { makeBases } from './bench/bases.mjs';
import { compete } from './bench/contest.mjs';
import { fullJob } from './bench/jobs-full.mjs';
import {
  listJob,
  millionJob,
  startJob,
  verifyJob,
} from './bench/jobs-read.mjs';
import { folderJob, recoverJob } from './bench/jobs-recover.mjs';
import { changeOnePercent, secondJob } from './bench/jobs-second.mjs';
import { judge } from './bench/limits.mjs';
import { measure, toolsFound } from './bench/measure.mjs';
import { ensureMillion } from './bench/million.mjs';
import { formatResults, formatVerdicts } from './bench/report.mjs';
import { ensureStore } from './bench/stores.mjs';

const HELP = `node scripts/bench.mjs [options]
  --quick            small stores (a twentieth) and one round: a first look in about a minute
  --stores A,B,C     which stores
  --jobs LIST        of full,unchanged,changed,verify,recover,folder,list,million,start
  --rounds N         default 3
  --peers LIST       only these contestants besides kms-backup, by name or by its first word
  --slow             also archiver, and --checksum
  --strict           exit 1 where a limit is missed`;
const JOBS = 'full,unchanged,changed,verify,recover,folder,list,million,start';
const TOOLS = argv`zip unzip 7zz bsdtar restic borg rsync`;
/** The jobs that start from an archive of every tool. */
const JOBS_ON_BASES = {
  unchanged: secondJob,
  verify: verifyJob,
  recover: recoverJob,
  folder: folderJob,
  list: listJob,
};

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    slow: { type: 'boolean' },
    strict: { type: 'boolean' },
    help: { type: 'boolean' },
    stores: { type: 'string', default: 'A,B,C' },
    jobs: { type: 'string', default: JOBS },
    rounds: { type: 'string' },
    peers: { type: 'string' },
  },
});
const root = fileURLToPath(new URL('../.bench', import.meta.url));
const divisor = options.quick ? 20 : 1;
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));

if (options.help) console.log(HELP);
else await main();

async function main() {
  const jobs = new Set(options.jobs.split(','));
  const stores = options.stores.split(',').filter(Boolean);
  const tools = toolsFound(TOOLS);
  const results = [];

  for (const name of stores) {
    results.push(...(await benchStore(name, jobs, tools)));
  }

  const store = ensureStore(root, stores[0] ?? 'C', divisor);
  if (jobs.has('million')) {
    const directory = ensureMillion(root, 1_000_000 / divisor);
    const contestants = millionJob({ store, tools, directory });
    results.push(...(await runJob('million', '-', contestants)));
  }

  if (jobs.has('start')) {
    results.push(...(await runJob('start', '-', startJob({ store }))));
  }

  report(results);
}

async function benchStore(name, jobs, tools) {
  const store = ensureStore(root, name, divisor);
  const work = join(root, 'work', name);
  const context = { store, work, tools, run: measure };
  const results = [];

  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'second'), { recursive: true });
  readIntoCache(store.serverDir);

  if (jobs.has('full')) {
    results.push(...(await runJob('full', name, fullJob(context))));
    rmSync(join(work, 'full'), { recursive: true, force: true });
  }

  results.push(...(await benchOnBases(context, jobs)));
  rmSync(work, { recursive: true, force: true });

  return results;
}

async function benchOnBases(context, jobs) {
  const { store } = context;
  const names = Object.keys(JOBS_ON_BASES).filter((name) => jobs.has(name));
  if (names.length === 0 && !jobs.has('changed')) return [];

  console.error(`making every tool's archive of store ${store.name} …`);
  const base = await makeBases(context);
  const results = [];

  for (const name of names) {
    const contestants = JOBS_ON_BASES[name]({ ...context, base });
    results.push(...(await runJob(name, store.name, contestants)));
  }

  if (jobs.has('changed')) {
    const putBack = changeOnePercent(store, divisor);
    try {
      const contestants = secondJob({ ...context, base });
      results.push(...(await runJob('changed', store.name, contestants)));
    } finally {
      putBack();
    }
  }

  return results;
}

function runJob(job, store, contestants) {
  return compete({
    job,
    store,
    contestants: contestants.filter(isWanted),
    rounds,
  });
}

function isWanted({ name, isSlow }) {
  if (isSlow && !options.slow) return false;

  const peers = options.peers?.split(',');

  return (
    peers === undefined ||
    name.startsWith('kms-backup') ||
    peers.includes(name) ||
    peers.includes(name.split(' ')[0])
  );
}

/** Reads every file once, so that no contestant has to fetch it from the disk. */
function readIntoCache(directory) {
  const script = 'find "$1" -type f -print0 | xargs -0 cat > /dev/null';
  spawnSync('sh', ['-c', script, 'sh', directory]);
}

function report(results) {
  const verdicts = judge(results);
  const machine = machineLine();

  console.log(machine);
  console.log(formatResults(results));
  console.log(formatVerdicts(verdicts));
  writeFileSync(
    join(root, 'last.json'),
    JSON.stringify({ machine, results, verdicts }, null, 1),
  );

  if (options.strict && verdicts.some(({ holds }) => !holds)) {
    process.exitCode = 1;
  }
}

function machineLine() {
  const commit = execFileSync('git', argv`rev-parse --short HEAD`, {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  const memory = Math.round(totalmem() / 2 ** 30);
  const size = divisor === 1 ? 'full stores' : `stores divided by ${divisor}`;

  return [
    `${cpus().length} × ${cpus()[0].model}`,
    `${memory} GiB`,
    `node ${process.version}`,
    `commit ${commit.trim()}`,
    `${rounds} rounds`,
    size,
  ].join(', ');
}
