/**
 * What the public seal of an archive says of it, so that who cannot look into it can list it, judge it and rotate it: counts, times and what
 * it needs, and no name of anything that is in it. Pure.
 */
import { isJsonObject } from '../platform/own-file.js';
import type { SummaryText, VersionText } from './summary.js';

/** The statements of an archive about itself, as its reader has read them. */
export interface ReadFacts {
  readonly version: VersionText | undefined;
  readonly summary: SummaryText | undefined;
  /** The required files that it holds, and those that its point lacks. */
  readonly required?: RequiredNames | undefined;
}

interface RequiredNames {
  readonly held: readonly string[];
  readonly deleted: readonly string[];
}

/** The public ones of them. */
export interface PublicFacts extends ReadFacts {
  readonly version: VersionText;
  readonly summary: SummaryText;
}

/** As JSON; undefined of an archive that says nothing of itself. */
export function formatPublicFacts({
  version,
  summary,
  required,
}: ReadFacts): object | undefined {
  if (!version || !summary) return undefined;

  return {
    startedAt: version.startedAt,
    finishedAt: summary.finishedAt,
    tool: version.tool,
    parts: version.parts,
    adds: version.adds,
    volumeSizeBytes: version.volumeSizeBytes,
    reused: version.reused,
    files: summary.fileCount,
    bytes: summary.totalBytes,
    messages: summary.messages,
    lacks: summary.lacks,
    reusedFiles: summary.reusedFiles,
    reusedBytes: summary.reusedBytes,
    held: required?.held,
    deleted: required?.deleted,
  };
}

/** What else the seal says of the archive. */
interface SealedCounts {
  readonly base: { readonly stem: string; readonly digest: string } | undefined;
  readonly volumes: number;
}

/** Undefined for what `formatPublicFacts` does not write, as in seals of earlier versions. */
export function parsePublicFacts(
  json: unknown,
  { base, volumes }: SealedCounts,
): PublicFacts | undefined {
  if (!isJsonObject(json)) return undefined;

  const { tool, held, deleted } = json;
  const fileCount = countIn(json, 'files');
  const totalBytes = countIn(json, 'bytes');
  if (typeof tool !== 'string') return undefined;
  if (fileCount === undefined || totalBytes === undefined) return undefined;

  return {
    version: {
      startedAt: timeIn(json, 'startedAt'),
      hostname: '',
      tool,
      base: base?.stem,
      baseDigest: base?.digest,
      parts: namesIn(json['parts']),
      adds: namesIn(json['adds']),
      volumeSizeBytes: countIn(json, 'volumeSizeBytes'),
      reused: parseReused(json['reused']),
    },
    summary: {
      finishedAt: timeIn(json, 'finishedAt'),
      fileCount,
      totalBytes,
      messages: countIn(json, 'messages'),
      volumes,
      volumeDigests: [],
      lacks: namesIn(json['lacks']),
      reusedFiles: countIn(json, 'reusedFiles'),
      reusedBytes: countIn(json, 'reusedBytes'),
    },
    required: parseRequired(held, deleted),
  };
}

function parseRequired(
  held: unknown,
  deleted: unknown,
): RequiredNames | undefined {
  const names = { held: namesIn(held), deleted: namesIn(deleted) };

  return names.held && names.deleted
    ? { held: names.held, deleted: names.deleted }
    : undefined;
}

function parseReused(json: unknown): VersionText['reused'] {
  if (!isJsonObject(json)) return undefined;

  const from = namesIn(json['from']);
  const files = countIn(json, 'files');
  const storedBytes = countIn(json, 'storedBytes');
  const depth = countIn(json, 'depth');
  if (!from || files === undefined) return undefined;
  if (storedBytes === undefined || depth === undefined) return undefined;

  return { from, files, storedBytes, depth };
}

type Json = Readonly<Record<string, unknown>>;

function countIn(json: Json, key: string): number | undefined {
  const value = json[key];

  return Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : undefined;
}

function timeIn(json: Json, key: string): Date | undefined {
  const value = json[key];
  const time = typeof value === 'string' ? Date.parse(value) : NaN;

  return Number.isNaN(time) ? undefined : new Date(time);
}

function namesIn(json: unknown): string[] | undefined {
  return Array.isArray(json) && json.every((one) => typeof one === 'string')
    ? json
    : undefined;
}
