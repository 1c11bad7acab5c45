/** The lines of the history as they stand in its file, and what of a line is believed. */
import { isJsonObject } from '../platform/own-file.js';
import type { HistoryError, RunNotes } from './history-run.js';

const SCHEMA = 'kms-backup/history-line/1';

interface CommonLine {
  readonly id: string;
  readonly command: string;
  readonly startedAt: Date;
  readonly host: string;
  readonly version: string;
  /** A person was there; false in lines of earlier versions. */
  readonly isAtTerminal: boolean;
}

/** Written before anything can fail. */
export interface BegunLine extends CommonLine {
  readonly event: 'begun';
  /** Whoever runs it, so that others can tell whether it lives. */
  readonly process: unknown;
}

/** Says all that the begun line says, which may be gone with an older file. */
export interface EndedLine extends CommonLine {
  readonly event: 'ended';
  readonly endedAt: Date;
  readonly exitCode: number;
  readonly error: HistoryError | undefined;
  readonly facts: RunNotes;
}

/** A line as it is written. */
export function lineToJson(line: BegunLine | EndedLine): object {
  return { schema: SCHEMA, ...line };
}

/** Undefined where the value is no line of this program. */
export function parseLine(json: unknown): BegunLine | EndedLine | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const common = parseCommon(json);
  if (!common) return undefined;
  if (json['event'] === 'begun') {
    return { ...common, event: 'begun', process: json['process'] };
  }

  const endedAt = parseDate(json['endedAt']);
  const exitCode = json['exitCode'];
  if (!endedAt || typeof exitCode !== 'number') return undefined;

  const { error, facts } = json;

  return {
    ...common,
    event: 'ended',
    endedAt,
    exitCode,
    error: parseError(error),
    facts: isJsonObject(facts) ? facts : {},
  };
}

function parseCommon(
  json: Readonly<Record<string, unknown>>,
): CommonLine | undefined {
  const { id, command, host, version } = json;
  const startedAt = parseDate(json['startedAt']);
  if (!startedAt || typeof id !== 'string' || typeof command !== 'string') {
    return undefined;
  }

  return {
    id,
    command,
    startedAt,
    host: typeof host === 'string' ? host : '',
    version: typeof version === 'string' ? version : '',
    isAtTerminal: json['isAtTerminal'] === true,
  };
}

function parseError(json: unknown): HistoryError | undefined {
  if (!isJsonObject(json)) return undefined;

  const { code, message } = json;

  return typeof code === 'string' && typeof message === 'string'
    ? { code, message }
    : undefined;
}

function parseDate(json: unknown): Date | undefined {
  const date = new Date(typeof json === 'string' ? json : NaN);

  return Number.isNaN(date.getTime()) ? undefined : date;
}
