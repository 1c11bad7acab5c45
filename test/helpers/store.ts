import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file with more than its content. Times are Unix seconds. */
export interface FileNode {
  readonly content: string | Uint8Array;
  readonly mode?: number;
  readonly mtimeSeconds?: number;
}

/** A symbolic link and where it points to. */
export interface LinkNode {
  readonly linkTo: string;
}

/** A directory tree as a literal: a string or bytes is a file, an object without `content` or `linkTo` a directory. */
export interface Tree {
  readonly [name: string]: TreeNode;
}
export type TreeNode = string | Uint8Array | FileNode | LinkNode | Tree;

/**
 * Makes `tree` under `directory`, which may exist. Files without a time get one of their own in the past, with a
 * fraction of a second, so that a tool that loses it is found out. Directories get theirs last.
 */
export function buildTree(
  directory: string,
  tree: Tree,
  startSeconds = 1_600_000_000.123456,
): void {
  const clock = { seconds: startSeconds };
  buildDirectory(directory, tree, clock);
}

function buildDirectory(
  directory: string,
  tree: Tree,
  clock: { seconds: number },
): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, node] of Object.entries(tree)) {
    buildNode(join(directory, name), node, clock);
  }

  clock.seconds += 61.000789;
  utimesSync(directory, clock.seconds, clock.seconds);
}

function buildNode(
  path: string,
  node: TreeNode,
  clock: { seconds: number },
): void {
  if (typeof node === 'string' || node instanceof Uint8Array) {
    buildNode(path, { content: node }, clock);
  } else if (isLink(node)) {
    symlinkSync(node.linkTo, path);
  } else if (isFile(node)) {
    clock.seconds += 61.000789;
    const seconds = node.mtimeSeconds ?? clock.seconds;
    writeFileSync(path, node.content);
    if (node.mode !== undefined) chmodSync(path, node.mode);
    utimesSync(path, seconds, seconds);
  } else {
    buildDirectory(path, node, clock);
  }
}

function isLink(node: FileNode | LinkNode | Tree): node is LinkNode {
  return 'linkTo' in node && typeof node.linkTo === 'string';
}

function isFile(node: FileNode | LinkNode | Tree): node is FileNode {
  return (
    'content' in node &&
    (typeof node.content === 'string' || node.content instanceof Uint8Array)
  );
}

/** A temporary directory that `removeTemporary` takes away; the name says who left it where a test was killed. */
export function temporaryDirectory(label = 'test'): string {
  return mkdtempSync(join(tmpdir(), `kms-backup-${label}-`));
}

/** Removes a directory tree, also one with read-only directories. */
export function removeTemporary(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

/** Every path under `directory`, relative, sorted by bytes, directories with a final `/`. Links are not followed. */
export function listTree(directory: string): string[] {
  const paths: string[] = [];
  const walk = (relative: string): void => {
    for (const entry of readdirSync(join(directory, relative), {
      withFileTypes: true,
    })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      paths.push(entry.isDirectory() ? `${path}/` : path);
      if (entry.isDirectory()) walk(path);
    }
  };

  walk('');
  return paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export interface CompareOptions {
  /** Greatest difference of two modification times; undefined does not compare times. Default 1000 ns. */
  readonly mtimeToleranceNs?: bigint | undefined;
  /** Whether permission bits count. Default true. */
  readonly modes?: boolean;
  /** Whether directories' times count; a tool must set them after their content. Default: as files. */
  readonly directoryTimes?: boolean;
  /** Relative paths (directories with a final `/`) that are left out of the comparison, with all below them. */
  readonly ignore?: (path: string) => boolean;
}

/** One line for each difference of two trees: names, kinds, bytes, times, modes; empty where they are equal. */
export function compareTrees(
  expected: string,
  actual: string,
  options: CompareOptions = {},
): string[] {
  const differences: string[] = [];
  const before = keptPaths(expected, options);
  const after = keptPaths(actual, options);
  for (const path of before) {
    if (!after.has(path)) differences.push(`missing: ${path}`);
  }

  for (const path of after) {
    if (!before.has(path)) differences.push(`unexpected: ${path}`);
  }

  for (const path of before) {
    if (after.has(path)) {
      differences.push(
        ...compareNode(join(expected, path), join(actual, path), path, options),
      );
    }
  }

  return differences;
}

function keptPaths(directory: string, options: CompareOptions): Set<string> {
  const ignore = (path: string): boolean =>
    options.ignore?.(path) === true ||
    OWN_RECORDS.test(path) ||
    (path === STAGING && keepsOldState(join(directory, path)));
  const dropped: string[] = [];
  const kept = new Set<string>();
  for (const path of listTree(directory)) {
    if (dropped.some((prefix) => path.startsWith(prefix))) continue;
    if (ignore(path)) {
      if (path.endsWith('/')) dropped.push(path);
    } else {
      kept.add(path);
    }
  }

  return kept;
}

const STAGING = '.kms-backup-recover/';
/** What runs write down beside mailserver.cfg. */
export const OWN_RECORDS =
  /^kms-backup-(history|places|restart|tasks|telling)\.jsonl?$/;

/** Tells whether recovers have ended there and keep what they replaced: of what was to come no file is left. */
export function keepsOldState(staging: string): boolean {
  const journals = readdirSync(staging)
    .filter((name) => /^recover-[0-9a-f]+\.json$/.test(name))
    .map((name): unknown =>
      JSON.parse(readFileSync(join(staging, name), 'utf8')),
    );
  const isKept = (journal: unknown): boolean =>
    typeof journal === 'object' &&
    journal !== null &&
    (('phase' in journal && journal.phase === 'kept') ||
      ('isKept' in journal && journal.isKept === true));

  return (
    journals.length > 0 &&
    journals.every(isKept) &&
    listTree(join(staging, 'new')).every((path) => path.endsWith('/'))
  );
}

function compareNode(
  expected: string,
  actual: string,
  name: string,
  options: CompareOptions,
): string[] {
  const [was, is] = [
    lstatSync(expected, { bigint: true }),
    lstatSync(actual, { bigint: true }),
  ];
  if ((was.mode & 0o170000n) !== (is.mode & 0o170000n)) {
    return [`another kind: ${name}`];
  }

  const differences = compareMeta(was, is, name, options);
  if (
    was.isFile() &&
    (was.size !== is.size || !equalContent(expected, actual))
  ) {
    differences.push(`content: ${name}`);
  }

  return differences;
}

function compareMeta(
  was: BigIntStats,
  is: BigIntStats,
  name: string,
  options: CompareOptions,
): string[] {
  const differences: string[] = [];
  const tolerance =
    'mtimeToleranceNs' in options ? options.mtimeToleranceNs : 1000n;
  const offNs =
    was.mtimeNs > is.mtimeNs
      ? was.mtimeNs - is.mtimeNs
      : is.mtimeNs - was.mtimeNs;
  const timed =
    tolerance !== undefined &&
    (was.isFile() || (was.isDirectory() && options.directoryTimes !== false));
  if (timed && offNs > tolerance) {
    differences.push(`time off by ${String(offNs)} ns: ${name}`);
  }

  const [mode, modeNow] = [was.mode & 0o7777n, is.mode & 0o7777n];
  if (options.modes !== false && !was.isSymbolicLink() && mode !== modeNow) {
    differences.push(
      `mode ${mode.toString(8)} is ${modeNow.toString(8)}: ${name}`,
    );
  }

  return differences;
}

const blocks = [
  Buffer.allocUnsafe(1 << 20),
  Buffer.allocUnsafe(1 << 20),
] as const;

function equalContent(a: string, b: string): boolean {
  const [fdA, fdB] = [openSync(a, 'r'), openSync(b, 'r')];
  try {
    for (;;) {
      const lengthA = readSync(fdA, blocks[0], 0, blocks[0].length, null);
      const lengthB = readSync(fdB, blocks[1], 0, blocks[1].length, null);
      if (
        lengthA !== lengthB ||
        blocks[0].compare(blocks[1], 0, lengthB, 0, lengthA) !== 0
      ) {
        return false;
      }

      if (lengthA === 0) return true;
    }
  } finally {
    closeSync(fdA);
    closeSync(fdB);
  }
}
