// The results of a measurement as Markdown: medians and ratios, and the limits that hold or are missed.
import { median } from './measure.mjs';

const MIB = 1024 ** 2;
const MB = 1e6;

/** Formats measured contestants, a table for each job and store. */
export function formatResults(results) {
  const titles = new Set(results.map(titleOf));

  return [...titles].flatMap((title) => formatGroup(title, results)).join('\n');
}

function titleOf({ job, store }) {
  return store === '-' ? job : `${job}, store ${store}`;
}

function formatGroup(title, results) {
  const group = results.filter((result) => titleOf(result) === title);
  const ours = group.find(({ name }) => name === 'kms-backup');

  return [
    '',
    `### ${title}`,
    '',
    '| | median s | range s | kms-backup ÷ this | processor s | kms-backup ÷ this | peak MB | MiB on disk |',
    '|---|---|---|---|---|---|---|---|',
    ...group.map((result) => formatRow(result, ours)),
  ];
}

function formatRow(result, ours) {
  const { name, seconds, processor, peaks, bytes } = result;
  const middle = median(seconds);
  const hasRatio = ours !== undefined && ours !== result;

  const cells = [
    name,
    middle.toFixed(2),
    `${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)}`,
    hasRatio ? ratioOf(ours.seconds, seconds) : '',
    median(processor).toFixed(2),
    hasRatio ? ratioOf(ours.processor, processor) : '',
    (median(peaks) / MB).toFixed(0),
    bytes === undefined ? '' : (bytes / MIB).toFixed(1),
  ];

  return `| ${cells.join(' | ')} |`;
}

function ratioOf(ours, theirs) {
  return (median(ours) / median(theirs)).toFixed(2);
}

/** Formats the verdicts of `judge` as one table. */
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
