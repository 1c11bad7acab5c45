// The limits of speed, size and memory that a release must hold, and their verdicts.
import { median } from './measure.mjs';

const MB = 1e6;

/** The greatest ratio of kms-backup's time to a peer's time, by job and store. */
const RATIOS = [
  ...row('full', 'A', { restic: 0.55, borg: 0.65, 'zip -6': 0.35, '7zz': 0.4 }),
  ...row('full', 'B', {
    restic: 0.38,
    borg: 0.45,
    'zip -6': 0.45,
    '7zz': 0.45,
  }),
  ...row('full', 'C', { restic: 0.4, 'zip -6': 0.15, '7zz': 0.25 }),
  ...row('verify', 'A', { 'unzip -t': 0.6 }),
  ...row('verify', 'B', { 'unzip -t': 0.22 }),
  ...row('verify', 'C', { 'unzip -t': 0.6 }),
  ...row('recover', 'A', { 'restic restore': 0.8, unzip: 0.5 }),
  ...row('recover', 'B', { 'restic restore': 0.37, unzip: 0.3 }),
  ...row('unchanged', 'B', { 'zip -DF': 0.5, restic: 0.15 }),
  ...row('unchanged', 'B', { restic: 0.35 }, 'kms-backup --reuse'),
  ...row('changed', 'B', { restic: 0.4 }, 'kms-backup --reuse'),
  ...row('million', '-', { 'unzip -Z1': 1 }),
  ...row('start', '-', { 'node -e 0': 2 }),
];
/** The same from a cold disk. */
const COLD_RATIOS = row('full', 'B', { restic: 0.45, 'zip -6': 0.35 });
/** The greatest ratio of processor time to a peer's. */
const PROCESSOR_RATIOS = [
  ...row('full', 'A', { 'zip -6': 0.3 }),
  ...row('full', 'B', { 'zip -6': 0.5 }),
];
/** The longest time, in seconds, by job, store and contestant. */
const SECONDS = [
  ['folder', 'B', 'kms-backup', 0.35],
  ['folder', 'B', 'kms-backup -l', 0.35],
  ['folder', 'M', 'kms-backup', 0.45],
  ['folder', 'M', 'kms-backup -l', 0.45],
  ['million', '-', 'kms-backup', 6],
];
/** The most memory, in MB: of a million messages, of a listing of a million entries, and of every other job. */
const PEAK_LIMITS = { M: 220, million: 300, other: 250 };
/** The most bytes that a message adds to the memory of a job, from one million messages to three. */
const GROWTH_LIMIT = 16;
const GROWTH_MESSAGES = 2_000_000;
/** The greatest ratio of an archive's size to that of zip -6. */
const SIZE_LIMIT = 1;
/** The greatest share of the read-back in the time of a full backup. */
const READ_BACK_LIMIT = 0.1;

/** @param ours the contestant that is judged */
function row(job, store, peers, ours = 'kms-backup') {
  return Object.entries(peers).map(([peer, atMost]) => ({
    job,
    store,
    ours,
    peer,
    atMost,
  }));
}

/**
 * Judges every limit that the results have figures for.
 * @param results as `compete` returns them
 * @returns `{ text, measured, limit, holds }`
 */
export function judge(results) {
  const isCold = results.some((result) => result.isCold);

  return isCold
    ? judgeRatios(results, COLD_RATIOS, 'seconds')
    : [
        ...judgeRatios(results, RATIOS, 'seconds'),
        ...judgeRatios(results, PROCESSOR_RATIOS, 'processor'),
        ...judgeSeconds(results),
        ...['A', 'AR', 'B', 'C'].flatMap((store) => judgeFull(results, store)),
        ...judgeMemory(results),
        ...judgeGrowth(results),
      ];
}

/** @param figure what is compared: `seconds` or `processor` */
function judgeRatios(results, limits, figure) {
  return limits.flatMap(({ job, store, ours, peer, atMost }) => {
    const our = find(results, job, store, ours);
    const their = find(results, job, store, peer);
    if (!our || !their) return [];

    const ratio = median(our[figure]) / median(their[figure]);
    const what = figure === 'seconds' ? '' : ', processor time';

    return [verdict(`${job} ${store} ${ours} ÷ ${peer}${what}`, ratio, atMost)];
  });
}

function judgeSeconds(results) {
  return SECONDS.flatMap(([job, store, name, limit]) => {
    const result = find(results, job, store, name);
    if (!result) return [];

    const seconds = median(result.seconds);

    return [verdict(`${job} ${store} ${name}`, seconds, limit, ' s')];
  });
}

/** Judges the size of a full archive, and the share of the read-back in its time. */
function judgeFull(results, store) {
  const ours = find(results, 'full', store, 'kms-backup');
  const zip = find(results, 'full', store, 'zip -6');
  const unverified = find(results, 'full', store, 'kms-backup --no-verify');
  const verdicts = [];

  if (ours?.bytes && zip?.bytes) {
    const ratio = ours.bytes / zip.bytes;
    verdicts.push(verdict(`size of ${store} ÷ zip -6`, ratio, SIZE_LIMIT));
  }

  if (ours && unverified) {
    const share = 1 - median(unverified.seconds) / median(ours.seconds);
    verdicts.push(
      verdict(`read-back's share of ${store}`, share, READ_BACK_LIMIT),
    );
  }

  return verdicts;
}

function judgeMemory(results) {
  const ours = results.filter(({ name }) => name.startsWith('kms-backup'));
  const kindOf = ({ job, store }) => {
    if (job === 'million') return job;

    return store === 'M' ? store : 'other';
  };

  return Object.entries(PEAK_LIMITS).flatMap(([kind, limit]) =>
    judgePeak(
      ours.filter((result) => kindOf(result) === kind && result.store !== 'M3'),
      limit,
    ),
  );
}

function judgePeak(results, limit) {
  const [highest] = results.toSorted((a, b) => peakOf(b) - peakOf(a));
  if (!highest) return [];

  const { job, store, name } = highest;
  const text = `peak memory (${job} ${store} ${name})`;

  return [verdict(text, peakOf(highest) / MB, limit, ' MB')];
}

function judgeGrowth(results) {
  return results
    .filter(({ store }) => store === 'M')
    .flatMap((small) => {
      const { job, name } = small;
      const large = find(results, job, 'M3', name);
      if (!large) return [];

      const growth = (peakOf(large) - peakOf(small)) / GROWTH_MESSAGES;
      const text = `memory that a message adds (${job} ${name})`;

      return [verdict(text, growth, GROWTH_LIMIT, ' bytes')];
    });
}

function peakOf({ peaks }) {
  return median(peaks);
}

function find(results, job, store, name) {
  return results.find(
    (result) =>
      result.job === job && result.store === store && result.name === name,
  );
}

function verdict(text, measured, limit, unit = '') {
  return {
    text,
    measured: `${measured.toFixed(2)}${unit}`,
    limit: `${limit}${unit}`,
    holds: measured <= limit,
  };
}
