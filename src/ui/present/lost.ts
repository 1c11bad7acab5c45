import type { Missing } from '../../archive/salvage/missing.js';
import { formatCount, plural } from '../../platform/units.js';

const LISTED = 8;

/** What a salvage cannot bring, for people: all of it counted, and a line for each of the first; `--verbose` has all. */
export function formatLost(
  missing: readonly Missing[],
  { isVerbose = false, indent = 10 } = {},
): string[] {
  if (missing.length === 0) return [];

  const shown = isVerbose ? missing : missing.slice(0, LISTED);
  const rest = missing.length - shown.length;
  const lines = [
    ...shown.map(describe),
    ...(rest > 0 ? [`… and ${formatCount(rest)} more`] : []),
  ];

  return [
    `${'Lost'.padEnd(indent)}${countLost(missing)}`,
    ...lines.map((line) => ' '.repeat(indent) + line),
  ];
}

/** `3 messages, 1 file, F….1.zip` */
function countLost(missing: readonly Missing[]): string {
  const count = (kind: Missing['kind']): number =>
    missing.filter((one) => one.kind === kind).length;

  const messages = messagesOf(missing);
  const files = count('file');
  const directories = count('directory');
  const counted: string[] = [];

  if (messages > 0) {
    counted.push(plural(messages, 'message'));
  }

  if (files > 0) {
    counted.push(plural(files, 'file'));
  }

  if (directories > 0) {
    counted.push(plural(directories, 'directory', 'directories'));
  }

  const parts = missing
    .filter(({ kind }) => PARTS.has(kind))
    .map(({ kind, name }) => (kind === 'break' ? `some of ${name}` : name));

  return [...counted, ...new Set(parts)].join(', ');
}

const PARTS: ReadonlySet<Missing['kind']> = new Set([
  'volume',
  'archive',
  'text',
  'break',
]);

function messagesOf(missing: readonly Missing[]): number {
  return missing.reduce(
    (sum, { kind, messages }) =>
      sum + (kind === 'message' ? 1 : (messages ?? 0)),
    0,
  );
}

function describe({ kind, name, messages, reason }: Missing): string {
  const count = messages === null ? '' : `${plural(messages, 'message')} of `;
  const shown =
    kind === 'message' || kind === 'mailbox' ? name : quoteOdd(name);

  return `${count}${shown}: ${reason}`;
}

function quoteOdd(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : JSON.stringify(name);
}
