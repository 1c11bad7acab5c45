// The limits of speed, size and memory that a release must hold, and their verdicts.
import { median } from './measure.mjs';

const MIB = 1024 ** 2;

/** The greatest ratio of kms-backup's time to a peer's time, by job and store. */
const RATIOS = [
  ...row('full', 'A', { restic: 0.85, 'zip -6': 0.35, '7zz': 0.4 }),
  ...row('full', 'B', { restic: 0.65, 'zip -6': 0.45, '7zz': 0.45 }),
  ...row('full', 'C', { restic: 0.85, 'zip -6': 0.15, '7zz': 0.25 }),
  ...['A', 'B', 'C'].flatMap((store) =>
    row('verify', store, { 'unzip -t': 0.6 }),
  ),
  ...['A', 'B'].flatMap((store) =>
    row('recover', store, { 'restic restore': 0.8, unzip: 0.5 }),
  ),
  ...row('unchanged', 'B', { 'zip -DF': 0.6, restic: 0.2 }),
  ...row('million', '-', { 'unzip -Z1': 1 }),
  ...row('start', '-', { 'node -e 0': 2 }),
];
/** The longest time, in seconds, by job, store and contestant. */
const SECONDS = [
  ['folder', 'B', 'kms-backup', 0.5],
  ['folder', 'B', 'kms-backup -l', 0.5],
  ['million', '-', 'kms-backup', 6],
];
/** The most memory: 300 MB for the listing of a million entries, 250 MB for every other job. */
const RSS_LIMITS_MIB = { million: 286, store: 238 };
/** The greatest ratio of an archive's size to that of zip -6. */
const SIZE_LIMIT = 1.01;
/** The greatest share of the read-back in the time of a full backup. */
const READ_BACK_LIMIT = 0.1;

function row(job, store, peers) {
  return Object.entries(peers).map(([peer, atMost]) => ({
    job,
    store,
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
  return [
    ...judgeRatios(results),
    ...judgeSeconds(results),
    ...['A', 'B', 'C'].flatMap((store) => judgeFull(results, store)),
    ...judgeMemory(results),
  ];
}

function judgeRatios(results) {
  return RATIOS.flatMap(({ job, store, peer, atMost }) => {
    const ours = find(results, job, store, 'kms-backup');
    const theirs = find(results, job, store, peer);
    if (!ours || !theirs) return [];

    const ratio = median(ours.seconds) / median(theirs.seconds);

    return [verdict(`${job} ${store} ÷ ${peer}`, ratio, atMost)];
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

  return [
    ...judgePeak(
      ours.filter(({ job }) => job !== 'million'),
      RSS_LIMITS_MIB.store,
    ),
    ...judgePeak(
      ours.filter(({ job }) => job === 'million'),
      RSS_LIMITS_MIB.million,
    ),
  ];
}

function judgePeak(results, limitMib) {
  const [highest] = results
    .map((result) => ({ ...result, peak: Math.max(...result.peaks) }))
    .sort((a, b) => b.peak - a.peak);
  if (!highest) return [];

  const { job, store, name, peak } = highest;

  return [
    verdict(
      `peak memory (${job} ${store} ${name})`,
      peak / MIB,
      limitMib,
      ' MiB',
    ),
  ];
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
