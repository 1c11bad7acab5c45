import { existsSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { errnoOf, FailedError, UsageError } from '../errors.js';
import { replaceOrdinaryFile } from '../platform/atomic-file.js';
import { makeOwnedDirectories } from '../platform/owned-directories.js';
import { runProgram } from '../platform/run-program.js';
import { removeFile } from '../platform/small-files.js';
import { toSystemError } from '../platform/system-error.js';
import type { InstallReport, SchedulerFile } from './job.js';
import { launchdLabel } from './render-unix.js';

type UnitKind = 'systemd' | 'launchd';

/** Writes systemd units or a launchd property list and activates them. */
export function installUnitFiles(
  kind: UnitKind,
  name: string,
  files: readonly SchedulerFile[],
  directory: string | undefined,
): InstallReport {
  const folder = directory ?? systemFolder(kind);
  const places = files.map((file) => join(folder, file.name));

  // A user who never had units has no folder for them.
  if (directory === undefined && kind === 'systemd' && !isRoot()) {
    makeOwnedDirectories(folder);
  }

  const changed = files.filter(
    (file) => !isSame(join(folder, file.name), file),
  );
  for (const file of changed) writeUnit(join(folder, file.name), file);

  const notes = directory === undefined ? activate(kind, name, places) : [];

  return { kind, places, isChanged: changed.length > 0, notes };
}

/** Stops and removes what `installUnitFiles` wrote. */
export function uninstallUnitFiles(
  kind: UnitKind,
  name: string,
  directory: string | undefined,
): InstallReport {
  const folder = directory ?? systemFolder(kind);
  const places = unitNames(kind, name)
    .map((file) => join(folder, file))
    .filter((path) => existsSync(path));
  const isActive = directory === undefined && places.length > 0;
  const notes = isActive ? deactivate(kind, name) : [];

  for (const path of places) removeFile(path);
  if (isActive && kind === 'systemd') tell(systemctl('daemon-reload'));

  return { kind, places, isChanged: places.length > 0, notes };
}

/** Says whether the installed files are those of the present schedule. */
export function areUnitFilesCurrent(
  kind: UnitKind,
  files: readonly SchedulerFile[],
): boolean {
  const folder = systemFolder(kind);
  return files.every((file) => isSame(join(folder, file.name), file));
}

/** The installed file that names the program; empty where only its timer is there, undefined where there is no entry. */
export function readUnitFile(kind: UnitKind, name: string): string | undefined {
  const paths = unitNames(kind, name).map((file) =>
    join(systemFolder(kind), file),
  );
  if (!paths.some((path) => existsSync(path))) return undefined;
  const path = paths.at(-1) ?? '';
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** The files of an entry: what calls first, what is called last. */
function unitNames(kind: UnitKind, name: string): string[] {
  return kind === 'systemd'
    ? [`${name}.timer`, `${name}.service`]
    : [`${launchdLabel(name)}.plist`];
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** The system's place for root, the user's own for anybody else. */
function systemFolder(kind: UnitKind): string {
  if (kind === 'systemd') {
    return isRoot()
      ? '/etc/systemd/system'
      : join(homedir(), '.config', 'systemd', 'user');
  }

  return isRoot()
    ? '/Library/LaunchDaemons'
    : join(homedir(), 'Library', 'LaunchAgents');
}

function isSame(path: string, file: SchedulerFile): boolean {
  return existsSync(path) && readFileSync(path, 'utf8') === file.content;
}

function writeUnit(path: string, file: SchedulerFile): void {
  try {
    replaceOrdinaryFile(path, Buffer.from(file.content), 0o644);
  } catch (error) {
    const fact = `cannot write ${path}`;
    if (errnoOf(error) !== 'ENOENT') {
      throw toSystemError(error, { fact }) ?? error;
    }

    throw new UsageError(`${fact}: its directory is not there`, {
      cause: error,
      hints: [
        'This system seems to have no such scheduler: use schedule export and copy the files.',
      ],
    });
  }
}

/** Makes the scheduler use the files. Returns what is left to do by hand where it does not run here. */
function activate(
  kind: UnitKind,
  name: string,
  places: readonly string[],
): string[] {
  const steps =
    kind === 'systemd'
      ? [
          systemctl('daemon-reload'),
          systemctl('enable', '--now', `${name}.timer`),
        ]
      : [['launchctl', 'bootstrap', launchdDomain(), places[0] ?? '']];

  if (kind === 'systemd' && !existsSync('/run/systemd/system')) {
    return [
      `systemd does not run here; where it does: ${steps.map((step) => step.join(' ')).join(' && ')}`,
    ];
  }

  // launchd refuses a label that it knows already.
  if (kind === 'launchd') {
    tell(['launchctl', 'bootout', `${launchdDomain()}/${launchdLabel(name)}`]);
  }

  for (const step of steps) {
    const problem = tell(step);
    if (problem !== undefined) {
      throw new FailedError(
        `${step.join(' ')} failed: ${problem}; the files are written`,
      );
    }
  }

  return kind === 'systemd' && !isRoot() ? lingerNote() : [];
}

/** Without lingering (loginctl(1)), a user's timers end with his session. */
function lingerNote(): string[] {
  const { username } = userInfo();
  if (existsSync(join('/var/lib/systemd/linger', username))) return [];
  return [
    `the timer runs only while ${username} is logged in; to let it run always: loginctl enable-linger ${username}`,
  ];
}

function deactivate(kind: UnitKind, name: string): string[] {
  if (kind === 'launchd') {
    tell(['launchctl', 'bootout', `${launchdDomain()}/${launchdLabel(name)}`]);
    return [];
  }

  const problem = existsSync('/run/systemd/system')
    ? tell(systemctl('disable', '--now', `${name}.timer`))
    : undefined;

  return problem === undefined ? [] : [`systemctl disable failed: ${problem}`];
}

/** Runs a command; its complaint, or undefined where it succeeded. */
function tell([program = '', ...args]: readonly string[]): string | undefined {
  const result = runProgram(program, args);
  if (!result) return `no such program: ${program}`;
  return result.exitCode === 0
    ? undefined
    : result.stderr.trim() || `exit code ${result.exitCode}`;
}

function systemctl(...words: string[]): string[] {
  return isRoot() ? ['systemctl', ...words] : ['systemctl', '--user', ...words];
}

function launchdDomain(): string {
  return isRoot() ? 'system' : `gui/${process.getuid?.() ?? 0}`;
}
