// Medians, ratios and the limits that must hold, as Markdown.
import { median } from './measure.mjs';

const MIB = 1024 ** 2;

/** job, store, what is divided by what (`kms-backup` is ours), and the greatest ratio. */
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
/** job, store, contestant, greatest seconds. */
const SECONDS = [
  ['folder', 'B', 'kms-backup', 0.5],
  ['folder', 'B', 'kms-backup -l', 0.5],
  ['million', '-', 'kms-backup', 6],
];
/** Megabytes, in MiB: 300 MB for the listing of a million entries, 250 MB for everything else. */
const RSS_LIMITS_MIB = { million: 286, store: 238 };
const SIZE_LIMIT = 1.01;
const READ_BACK_LIMIT = 0.1;

function row(job, store, peers) {
  return Object.entries(peers).map(([peer, atMost]) => ({
    job,
    store,
    peer,
    atMost,
  }));
}

/** One measured contestant: `{ job, store, name, seconds: [], peaks: [], bytes }`. */
export function formatResults(results) {
  const lines = [];
  for (const [job, store] of [
    ...new Set(results.map((r) => `${r.job}\t${r.store}`)),
  ].map((key) => key.split('\t'))) {
    const group = results.filter((r) => r.job === job && r.store === store);
    const ours = group.find(({ name }) => name === 'kms-backup');

    lines.push('', `### ${job}${store === '-' ? '' : `, store ${store}`}`, '');
    lines.push(
      '| | median s | range s | kms-backup ÷ this | peak MiB | MiB on disk |',
      '|---|---|---|---|---|---|',
    );
    for (const one of group) lines.push(formatRow(one, ours));
  }

  return lines.join('\n');
}

function formatRow(one, ours) {
  const middle = median(one.seconds);
  const range = `${Math.min(...one.seconds).toFixed(2)} to ${Math.max(...one.seconds).toFixed(2)}`;
  const ratio =
    ours && ours !== one ? (median(ours.seconds) / middle).toFixed(2) : '';
  const disk = one.bytes === undefined ? '' : (one.bytes / MIB).toFixed(1);
  return `| ${one.name} | ${middle.toFixed(2)} | ${range} | ${ratio} | ${(median(one.peaks) / MIB).toFixed(0)} | ${disk} |`;
}

/** Every limit that these results can judge: `{ text, measured, limit, holds }`. */
export function judge(results) {
  const find = (job, store, name) =>
    results.find((r) => r.job === job && r.store === store && r.name === name);
  const verdicts = [];

  const add = (text, measured, limit, unit = '') =>
    verdicts.push({
      text,
      measured: `${measured.toFixed(2)}${unit}`,
      limit: `${limit}${unit}`,
      holds: measured <= limit,
    });

  for (const { job, store, peer, atMost } of RATIOS) {
    const [ours, theirs] = [
      find(job, store, 'kms-backup'),
      find(job, store, peer),
    ];

    if (ours && theirs) {
      add(
        `${job} ${store} ÷ ${peer}`,
        median(ours.seconds) / median(theirs.seconds),
        atMost,
      );
    }
  }

  for (const [job, store, name, limit] of SECONDS) {
    const one = find(job, store, name);
    if (one) add(`${job} ${store} ${name}`, median(one.seconds), limit, ' s');
  }

  for (const store of ['A', 'B', 'C']) {
    const [ours, zip] = [
      find('full', store, 'kms-backup'),
      find('full', store, 'zip -6'),
    ];

    if (ours?.bytes && zip?.bytes) {
      add(`size of ${store} ÷ zip -6`, ours.bytes / zip.bytes, SIZE_LIMIT);
    }

    const bare = find('full', store, 'kms-backup --no-verify');
    if (ours && bare) {
      add(
        `read-back's share of ${store}`,
        1 - median(bare.seconds) / median(ours.seconds),
        READ_BACK_LIMIT,
      );
    }
  }

  const mine = results.filter(({ name }) => name.startsWith('kms-backup'));

  const groups = [
    [mine.filter(({ job }) => job !== 'million'), RSS_LIMITS_MIB.store],
    [mine.filter(({ job }) => job === 'million'), RSS_LIMITS_MIB.million],
  ];

  for (const [group, limit] of groups.filter(([{ length }]) => length > 0)) {
    const worst = group.reduce((a, b) =>
      Math.max(...a.peaks) >= Math.max(...b.peaks) ? a : b,
    );
    add(
      `peak memory (${worst.job} ${worst.store} ${worst.name})`,
      Math.max(...worst.peaks) / MIB,
      limit,
      ' MiB',
    );
  }

  return verdicts;
}

export function formatVerdicts(verdicts) {
  const rows = verdicts.map(
    ({ text, measured, limit, holds }) =>
      `| ${text} | ${measured} | ${limit} | ${holds ? 'holds' : '**missed**'} |`,
  );

  return [
    '',
    '### Limits',
    '',
    '| | measured | at most | |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
