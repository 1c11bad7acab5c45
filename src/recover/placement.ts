import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FailedError } from '../errors.js';
import { toSystemError } from '../platform/system-error.js';
import { STAGING_NAME } from '../server/recover-journal.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import { exists } from '../server/recover-state.js';

/** The place in which one top-level name of the store or the install directory, or a disk of its own below one, is staged and swapped. */
export interface Placement {
  /** `mail`, `mailserver.cfg`, `sslcert`; `mail/example.com` where that is a link or a mount point. */
  readonly name: string;
  /** The real place: links have been followed. */
  readonly live: string;
  /** On the same file system as `live`. */
  readonly staging: string;
  /** The path to which its new content is written. */
  readonly staged: string;
  /** Its own directory is a mount point, which nobody can rename: its children are swapped. */
  readonly isMountPoint: boolean;
  readonly isLink: boolean;
  /** Placements that lie below this one, by their names: they are swapped where they really lie. */
  readonly nested: readonly string[];
}

/** Domains and mailboxes are put on disks of their own; folders are not. */
const NESTED_LEVELS = 2;

/**
 * Finds out where a path really lies, so that renames stay on one file system and links stay links. What lies below it on a
 * disk of its own comes before it.
 * @param name the top-level name of what is recovered there
 * @throws {FailedError} when a link leads nowhere
 */
export function placeUnits(path: string, name: string): Placement[] {
  const own = placeUnit(path, name);
  const below = findNested(own.live, name, NESTED_LEVELS);
  return [...below, { ...own, nested: below.map((it) => it.name) }];
}

function findNested(
  directory: string,
  name: string,
  levels: number,
): Placement[] {
  if (
    levels === 0 ||
    lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true
  ) {
    return [];
  }

  return listChildren(directory).flatMap((child) => {
    const path = join(directory, child);
    const isLink = lstatSync(path).isSymbolicLink();
    const target = statSync(path, { throwIfNoEntry: false });
    if (isLink ? target?.isFile() === true : target?.isDirectory() !== true) {
      return [];
    }

    const childName = `${name}/${child}`;
    const own = placeUnit(path, childName);
    const below = findNested(own.live, childName, levels - 1);

    return isLink || own.isMountPoint
      ? [...below, { ...own, nested: below.map((it) => it.name) }]
      : below;
  });
}

function placeUnit(path: string, name: string): Placement {
  const isLink =
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const live = isLink ? followLink(path) : path;
  const stats = statSync(live, { throwIfNoEntry: false });
  const isMountPoint =
    stats?.isDirectory() === true && stats.dev !== statSync(dirname(live)).dev;
  const staging = join(isMountPoint ? live : dirname(live), STAGING_NAME);

  return {
    name,
    live,
    staging,
    isMountPoint,
    isLink,
    nested: [],
    staged: join(staging, 'new', basename(live)),
  };
}

function followLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new FailedError(
      `${path} is a link to ${readlinkSync(path)}, which is not there`,
      {
        hints: ['Mount the disk that holds it, or remove the link.'],
        cause: error,
      },
    );
  }
}

/** Makes the directories that a recover goes into. @throws {KmsError} when one cannot be made */
export function makePlaces(directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      mkdirSync(directory, { recursive: true });
    } catch (error) {
      const fact = `${directory} is not there and cannot be made`;
      const hints = [
        'Mount the disk that holds it, or name another place with --store and --cfgdir.',
      ];

      throw toSystemError(error, { fact, hints }) ?? error;
    }
  }
}

/** The paths of a placement that are replaced. */
export interface SwapScope {
  /** Paths below its name, `example.com/alice`; an empty one replaces all of it. */
  readonly roots: readonly string[];
  /** The old state is kept as NAME.BAK beside the new one (kmsrecover -b). */
  readonly keepsBeside: boolean;
}

/** Of the roots below the store or the install directory, those that one of the placements swaps. Pure. */
export function rootsWithin(
  placement: Placement,
  placements: readonly Placement[],
  roots: readonly string[],
): string[] {
  return roots.flatMap((root) => {
    if (!isWithin(root, placement.name)) {
      return isWithin(placement.name, root) ? [''] : [];
    }

    const isNearer = (other: Placement): boolean =>
      other.name.length > placement.name.length && isWithin(root, other.name);

    return placements.some(isNearer)
      ? []
      : [root.slice(placement.name.length + 1)];
  });
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/**
 * The renames that replace what a placement holds, or parts of it. Of a part whose directory is missing, the highest that
 * is missing is put in place: a rollback leaves nothing then.
 */
export function toUnits(placement: Placement, scope: SwapScope): SwapUnit[] {
  const { live, staging, staged, isMountPoint } = placement;
  const aside = join(freeName(join(staging, 'old')), basename(live));

  const toUnit = (below: string): SwapUnit => {
    const path = join(live, below);
    const old =
      scope.keepsBeside && !isMountPoint
        ? freeName(`${path}.BAK`)
        : join(aside, below);

    return {
      live: path,
      staged: join(staged, below),
      old,
      hadLive: exists(path),
      hasNew: exists(join(staged, below)),
    };
  };

  const places = new Set(
    scope.roots.flatMap((root) =>
      splitPlace(placement, topmostMissing(live, root)),
    ),
  );

  return [...places].map(toUnit);
}

/** A mount point, and what holds a placement of its own, is swapped child by child. */
function splitPlace(placement: Placement, below: string): string[] {
  const name = below === '' ? placement.name : `${placement.name}/${below}`;
  if (placement.nested.includes(name)) return [];

  const isWhole =
    !placement.nested.some((own) => isWithin(own, name)) &&
    !(below === '' && placement.isMountPoint);
  if (isWhole) return [below];

  const [live, staged] = [
    join(placement.live, below),
    join(placement.staged, below),
  ];

  const children = new Set([...listChildren(live), ...listChildren(staged)]);

  return [...children].flatMap((child) =>
    splitPlace(placement, below === '' ? child : `${below}/${child}`),
  );
}

/** The highest directory of a path that is not there; the path itself where all above it are. */
export function topmostMissing(live: string, root: string): string {
  const steps = root === '' ? [] : root.split('/');
  for (let count = 0; count < steps.length; count++) {
    const above = steps.slice(0, count).join('/');
    if (!exists(join(live, above))) return above;
  }

  return root;
}

/** A name that nothing has: what an earlier recover keeps, or could not remove, is not mixed with what this one keeps. */
export function freeName(path: string): string {
  let candidate = path;
  for (let number = 1; exists(candidate); number++) {
    candidate = `${path}.${number}`;
  }

  return candidate;
}

function listChildren(path: string): string[] {
  if (!exists(path)) return [];
  return readdirSync(path).filter(
    (name) => !name.startsWith(STAGING_NAME) && name !== 'lost+found',
  );
}
