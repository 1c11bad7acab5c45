import { parseEntryPath } from '../../store/store-path.js';
import { messageNameOf } from '../../store/mail-names.js';
import { wholeName } from '../entry-names.js';
import { archiveName } from '../names.js';

/** What a salvage could not bring, as data: for the plan, the report, the JSON document and the list beside the target. Pure. */
export interface Missing {
  /**
   * `message`, `file` and `directory` are known by name. Of a `volume`, an `archive` or the entries behind a `break` the names
   * may be lost too; `mailbox` says how many messages of one are, `text` is one of an archive's texts about itself.
   */
  readonly kind: MissingKind;
  /** `F20060118T220007Z.zip` */
  readonly archive: string;
  /** The volume's file name; null where it is not known. */
  readonly volume: string | null;
  /** A message as `search` prints it, another file by its entry's name, a mailbox, a volume, an archive. */
  readonly name: string;
  /** The entry; null where none is known. */
  readonly entry: string | null;
  /** The number of messages, where only that is known. */
  readonly messages: number | null;
  readonly reason: string;
}

type MissingKind =
  | 'message'
  | 'file'
  | 'directory'
  | 'mailbox'
  | 'break'
  | 'volume'
  | 'text'
  | 'archive';

/** The place that something is missing from. */
export interface MissingPlace {
  /** The archive's name without its ending. */
  readonly stem: string;
  readonly volume?: string | undefined;
}

/** A file, message or directory that is named and cannot be brought. @param name an entry's or a whole file's */
export function missingEntry(
  { stem, volume }: MissingPlace,
  name: string,
  reason: string,
): Missing {
  const path = parseEntryPath(wholeName(name));
  const isMessage = path?.isMessage === true;
  const other = name.endsWith('/') ? 'directory' : 'file';

  return {
    kind: isMessage ? 'message' : other,
    archive: archiveName(stem),
    volume: volume ?? null,
    name: isMessage ? messageNameOf(path) : name,
    entry: name,
    messages: null,
    reason,
  };
}

/** Something larger than an entry. */
export function missingPart(
  kind: 'mailbox' | 'break' | 'volume' | 'text' | 'archive',
  { stem, volume }: MissingPlace,
  facts: {
    readonly name: string;
    readonly reason: string;
    readonly messages?: number;
  },
): Missing {
  return {
    kind,
    archive: archiveName(stem),
    volume: volume ?? null,
    name: facts.name,
    entry: null,
    messages: facts.messages ?? null,
    reason: facts.reason,
  };
}

/** Says whether more may be missing than is named: then nobody knows what of the live state the archive had. */
export function hidesNames(missing: readonly Missing[]): boolean {
  return missing.some(({ kind }) => UNNAMED.has(kind));
}

const UNNAMED: ReadonlySet<MissingKind> = new Set([
  'mailbox',
  'break',
  'volume',
  'archive',
  'text',
]);
