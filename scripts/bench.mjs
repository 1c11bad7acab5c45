// Measures this tool beside every peer found on the machine. docs/benchmarks.md describes the stores, the jobs and the limits.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { argv } from './argv.mjs';
import { makeBases } from './bench/bases.mjs';
import { compete } from './bench/contest.mjs';
import { whyNotCold } from './bench/drop-caches.mjs';
import { fullJob } from './bench/jobs-full.mjs';
import {
  listJob,
  millionJob,
  startJob,
  statusJob,
  verifyJob,
} from './bench/jobs-read.mjs';
import { folderJob, recoverJob } from './bench/jobs-recover.mjs';
import { changeOnePercent, secondJob } from './bench/jobs-second.mjs';
import { judge } from './bench/limits.mjs';
import { measure, toolsFound } from './bench/measure.mjs';
import { ensureMillion } from './bench/million.mjs';
import { formatResults, formatVerdicts } from './bench/report.mjs';
import { ensureStore, isOurs, refuseUnknownStore } from './bench/stores.mjs';
import { hostTarget, nodeBinary } from './node-binaries.mjs';

const HELP = `node scripts/bench.mjs [options]
  --quick            small stores (a twentieth) and one round: a first look in about a minute
  --stores A,AR,B,C  which stores; M and M3 are 1 and 3 million small messages, which no other tool gets
  --jobs LIST        of full,unchanged,changed,verify,recover,folder,list,status,million,start
  --reuse            second fulls that copy what is unchanged, in the jobs unchanged and changed
  --on DIR           where stores, archives and targets lie; default: in memory
  --cold             drop what the system remembers of disks before each measurement (root, Linux, with --on)
  --rounds N         default 3
  --peers LIST       only these contestants besides kms-backup, by name or by its first word; none: none
  --node VERSION     run under another Node, fetched from npm: 22.23.3
  --slow             also archiver, and --checksum
  --strict           exit 1 where a limit is missed`;
const JOBS =
  'full,unchanged,changed,verify,recover,folder,list,status,million,start';
const TOOLS = argv`zip unzip 7zz bsdtar restic borg rsync`;
const MEMORY = '/dev/shm';
/** What takes part where the stores compare this tool with itself. */
const OURS_ALONE = ['kms-backup', 'kms-backup -l', 'kms-backup --reuse'];
/** The jobs that start from an archive of every tool. */
const JOBS_ON_BASES = {
  unchanged: secondJob,
  verify: verifyJob,
  recover: recoverJob,
  folder: folderJob,
  list: listJob,
  status: statusJob,
};

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    slow: { type: 'boolean' },
    strict: { type: 'boolean' },
    help: { type: 'boolean' },
    reuse: { type: 'boolean' },
    cold: { type: 'boolean' },
    on: { type: 'string' },
    node: { type: 'string' },
    stores: { type: 'string', default: 'A,AR,B,C' },
    jobs: { type: 'string', default: JOBS },
    rounds: { type: 'string' },
    peers: { type: 'string' },
  },
});
const project = fileURLToPath(new URL('..', import.meta.url));
const root = options.on
  ? resolve(options.on)
  : join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'kms-backup-bench');
/** Two runs at once share the stores, and nothing else. */
const workRoot = join(root, `work-${process.pid}`);
const divisor = options.quick ? 20 : 1;
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));

if (options.help) console.log(HELP);
else if (options.node) runUnder(options.node);
else await main();

function runUnder(version) {
  const binary = nodeBinary(hostTarget(), version);
  const args = process.argv
    .slice(1)
    .filter(
      (word, at, all) => !/^--node(=|$)/.test(word) && all[at - 1] !== '--node',
    );

  process.exitCode = spawnSync(binary, args, { stdio: 'inherit' }).status ?? 1;
}

async function main() {
  const jobs = new Set(options.jobs.split(','));
  const stores = options.stores.split(',').filter(Boolean);

  stores.forEach(refuseUnknownStore);
  const refusal = options.cold ? whyNotColdHere() : undefined;

  if (refusal !== undefined) {
    console.error(refusal);
    process.exitCode = 2;

    return;
  }

  try {
    report(await benchAll(stores, jobs));
  } finally {
    rmSync(workRoot, { recursive: true, force: true });
  }
}

function whyNotColdHere() {
  return options.on
    ? whyNotCold()
    : '--cold needs --on DIR: what lies in memory is never cold';
}

async function benchAll(stores, jobs) {
  const tools = toolsFound(TOOLS);
  const results = [];

  for (const name of stores) {
    results.push(...(await benchStore(name, jobs, tools)));
  }

  if (jobs.has('million')) {
    const store = ensureStore(root, stores[0] ?? 'C', divisor);
    const directory = ensureMillion(root, 1_000_000 / divisor);
    const contestants = millionJob({ store, tools, directory });
    results.push(...(await runJob('million', '-', contestants)));
  }

  if (jobs.has('start')) {
    const store = ensureStore(root, stores[0] ?? 'C', divisor);
    results.push(...(await runJob('start', '-', startJob({ store }))));
  }

  return results;
}

async function benchStore(name, jobs, toolsHere) {
  const store = ensureStore(root, name, divisor);
  const work = join(workRoot, name);
  const tools = isOurs(name) ? new Set() : toolsHere;
  const isReused = options.reuse;
  const context = { store, work, tools, run: measure, isReused };
  const results = [];

  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'second'), { recursive: true });
  if (!options.cold) readIntoCache(store.serverDir);

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
    contestants: contestants.filter((contestant) =>
      isWanted(contestant, store),
    ),
    rounds,
    isCold: options.cold,
  });
}

function isWanted({ name, isSlow }, store) {
  if (isSlow && !options.slow) return false;
  if (store !== '-' && isOurs(store)) return OURS_ALONE.includes(name);

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
  console.error(`the stores are kept in ${root}; remove it to build them anew`);
  mkdirSync(join(project, '.bench'), { recursive: true });
  writeFileSync(
    join(project, '.bench', 'last.json'),
    JSON.stringify({ machine, results, verdicts }, null, 1),
  );

  if (options.strict && verdicts.some(({ holds }) => !holds)) {
    process.exitCode = 1;
  }
}

function machineLine() {
  const commit = execFileSync('git', argv`rev-parse --short HEAD`, {
    encoding: 'utf8',
    cwd: project,
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
    options.cold ? `cold disk: ${root}` : root,
  ].join(', ');
}
