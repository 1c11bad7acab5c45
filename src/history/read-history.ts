import { isMistyped } from './backup-runs.js';
import type { HistoryRun, RunState } from './history-run.js';
import { readLines } from './history-file.js';
import { judgeJson } from '../platform/lock/this-holder.js';
import { hostname } from 'node:os';
import { isAtTerminal } from '../platform/at-terminal.js';
import { systemClock } from '../platform/clock.js';
import { VERSION } from '../platform/tool.js';
import { type BegunLine, type EndedLine, parseLine } from './history-line.js';
import { knownEndOfRun, notesOfRun } from './run-notes.js';
import { idOfThisRun } from './record-run.js';

/** After so long a run whose process cannot be seen from here goes on no more. */
const LONGEST_UNSEEN_MS = 48 * 3_600_000;

/** The runs that count, the oldest first: all but command lines that were wrong, where a person saw that. */
export function readHistory(installDir: string): HistoryRun[] {
  return readRuns(installDir).filter((run) => !isMistyped(run));
}

/** All runs of the server in a directory, the oldest first. Lines that are no history are passed over. */
export function readRuns(installDir: string): HistoryRun[] {
  const begun = new Map<string, BegunLine>();
  const ended = new Map<string, EndedLine>();
  // A run has its place where it began, also where only its end is left.
  const order = new Set<string>();

  for (const json of readLines(installDir)) {
    const line = parseLine(json);
    if (!line) continue;

    order.add(line.id);
    if (line.event === 'begun') begun.set(line.id, line);
    else ended.set(line.id, line);
  }

  const own = ownEnd(installDir);
  const runs = [...order].flatMap((id) => {
    const end = ended.get(id);
    if (end) return [fromEnd(end)];
    if (own?.id === id) return [];

    const start = begun.get(id);
    return start ? [withoutEnd(start, installDir)] : [];
  });

  return own ? [...runs, own] : runs;
}

/** This very run, where it knows how it will end and tells about itself. */
function ownEnd(installDir: string): HistoryRun | undefined {
  const end = knownEndOfRun();
  if (end?.installDir !== installDir) return undefined;

  const { command, startedAt, exitCode, error } = end;
  const facts = notesOfRun();

  return {
    ...{ command, startedAt, exitCode, error, facts },
    id: idOfThisRun() ?? '',
    endedAt: systemClock(),
    state: stateOf(exitCode),
    place: facts.place,
    host: hostname(),
    version: VERSION,
    isAtTerminal: isAtTerminal(),
  };
}

function fromEnd(line: EndedLine): HistoryRun {
  const { id, command, startedAt, endedAt, exitCode, error } = line;
  const { facts, host, version } = line;

  return {
    ...{ id, command, startedAt, endedAt, exitCode, error },
    ...{ facts, host, version },
    isAtTerminal: line.isAtTerminal,
    state: stateOf(exitCode),
    place: facts.place,
  };
}

/** A run that goes on, or died. */
function withoutEnd(line: BegunLine, installDir: string): HistoryRun {
  const { id, command, startedAt, host, version } = line;

  return {
    ...{ id, command, startedAt, host, version },
    isAtTerminal: line.isAtTerminal,
    endedAt: undefined,
    exitCode: undefined,
    error: undefined,
    state: stateWithoutEnd(line, installDir),
    place: undefined,
    facts: {},
  };
}

function stateWithoutEnd(line: BegunLine, installDir: string): RunState {
  const verdict = judgeJson(line.process, installDir);
  if (verdict === 'lives here') return 'running';
  if (verdict === undefined || verdict === 'dead') return 'died';

  const ageMs = systemClock().getTime() - line.startedAt.getTime();

  return ageMs < LONGEST_UNSEEN_MS ? 'running' : 'died';
}

const STATES: Readonly<Record<number, RunState>> = {
  0: 'done',
  3: 'incomplete',
  4: 'damaged',
  130: 'interrupted',
  143: 'interrupted',
};

/** The state that an exit code means. */
function stateOf(exitCode: number): RunState {
  return STATES[exitCode] ?? 'failed';
}
