import type { ConfigDocument } from './document.js';

/** Names and values of a list item's variables, in their order. */
export type ItemValues = readonly (readonly [name: string, value: string])[];

/** One thing to change in mailserver.cfg. Items are counted from 0 in the file's order. */
export type ConfigChange =
  | {
      readonly kind: 'set';
      readonly table: string;
      readonly name: string;
      readonly value: string;
    }
  | {
      readonly kind: 'set-in-item';
      readonly list: string;
      readonly index: number;
      readonly name: string;
      readonly value: string;
    }
  | {
      readonly kind: 'add-item';
      readonly list: string;
      readonly values: ItemValues;
    }
  | {
      readonly kind: 'remove-item';
      readonly list: string;
      readonly index: number;
    };

/** The server's own order (seen in real files); what is missing is inserted where it belongs. */
export const KERIO_ORDER: Readonly<Record<string, readonly string[]>> = {
  '': [
    'Directories',
    'StoreBackup',
    'StoreBackupSchedule',
    'LogGlobal',
    'Log',
    'LogEvents',
    'Relay',
    'Misc',
  ],
  Directories: [
    'StoreDir',
    'ArchiveDir',
    'BackupDir',
    'StoreFreeSoftLimit',
    'StoreFreeHardLimit',
  ],
  StoreBackup: [
    'Enabled',
    'LastBackupDirectory',
    'UseGzipCompression',
    'MaxFileSize',
    'AdminNotify',
    'LastFullBackup',
    'LastDiffBackup',
    'LastBackup',
    'LastFullBackupSize',
    'LastDiffBackupSize',
    'LastBackupSize',
    'RotationLimit',
    'RemoveOldDiffBackups',
    'IncludeMail',
    'IncludeLists',
    'IncludeSSLCert',
    'IncludeLicense',
    'IncludeSpamassassin',
    'IncludeXmpp',
    'IncludeIM',
    'CreateBackupDirectory',
  ],
  StoreBackupSchedule: [
    'Format',
    'Date',
    'Time',
    'DateTime',
    'Description',
    'Enabled',
    'Guid',
  ],
  LogEvents: ['LogName', 'EventName', 'Enabled'],
};

/** The meaning of a document without its spelling. Meanings are comparable, and every edit is judged by them. */
export interface ConfigMeaning {
  readonly sections: {
    readonly kind: 'table' | 'list';
    readonly name: string;
    readonly variables: readonly (readonly [string, string])[];
    readonly items: readonly ItemValues[];
  }[];
}

/** Reads the meaning of a document. */
export function meaningOf(document: ConfigDocument): ConfigMeaning {
  const pairs = (
    variables: readonly { name: string; value: string }[],
  ): [string, string][] => variables.map(({ name, value }) => [name, value]);

  return {
    sections: document.sections.map(({ kind, name, variables, items }) => ({
      kind,
      name,
      variables: pairs(variables),
      items: items.map((item) => pairs(item.variables)),
    })),
  };
}

/**
 * Says whether `after` means the same as `before` with the change, and nothing else.
 * Additions may lie anywhere among their siblings; all earlier items must keep their order.
 */
export function isExactly(
  before: ConfigMeaning,
  change: ConfigChange,
  after: ConfigMeaning,
): boolean {
  const sectionName = change.kind === 'set' ? change.table : change.list;
  const sectionKind = change.kind === 'set' ? 'table' : 'list';
  const isTarget = (section: ConfigMeaning['sections'][number]): boolean =>
    section.kind === sectionKind && section.name === sectionName;
  const at = after.sections.findIndex(isTarget);
  const target = after.sections[at];
  if (!target) return false;

  const wasAt = before.sections.findIndex(isTarget);
  const was = before.sections[wasAt] ?? { ...target, variables: [], items: [] };
  const others = (sections: ConfigMeaning['sections'], skip: number): string =>
    JSON.stringify(sections.filter((_, index) => index !== skip));
  if (wasAt !== -1 && wasAt !== at) return false;
  if (others(before.sections, wasAt) !== others(after.sections, at)) {
    return false;
  }

  return isTargetRight(was, change, target);
}

function isTargetRight(
  was: ConfigMeaning['sections'][number],
  change: ConfigChange,
  is: ConfigMeaning['sections'][number],
): boolean {
  switch (change.kind) {
    case 'set':
      return (
        same(was.items, is.items) &&
        isAssigned(was.variables, change, is.variables)
      );
    case 'set-in-item':
      return (
        same(was.variables, is.variables) &&
        isItemAssigned(was.items, change, is.items)
      );
    case 'add-item':
      return (
        same(was.variables, is.variables) &&
        same([...was.items, change.values], is.items)
      );
    case 'remove-item':
      return (
        same(was.variables, is.variables) &&
        same(was.items.toSpliced(change.index, 1), is.items)
      );
  }
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The item at the change's index has the value, and every other item is as it was. */
function isItemAssigned(
  was: readonly ItemValues[],
  change: { index: number; name: string; value: string },
  is: readonly ItemValues[],
): boolean {
  const itemBefore = was[change.index];
  const itemAfter = is[change.index];
  if (!itemBefore || !itemAfter) return false;

  const others = (items: readonly ItemValues[]): unknown =>
    items.filter((_, index) => index !== change.index);

  return (
    same(others(was), others(is)) && isAssigned(itemBefore, change, itemAfter)
  );
}

/** All variables of that name have the value, or exactly one was added; every other is as it was. */
function isAssigned(
  was: ItemValues,
  change: { name: string; value: string },
  is: ItemValues,
): boolean {
  const hadOne = was.some(([name]) => name === change.name);
  const rest = (values: ItemValues): string =>
    JSON.stringify(values.filter(([name]) => name !== change.name));
  const found = is.filter(([name]) => name === change.name);
  if (found.length === 0 || found.some(([, value]) => value !== change.value)) {
    return false;
  }

  if (!hadOne) return found.length === 1 && rest(was) === rest(is);

  return (
    JSON.stringify(was.map(([name]) => name)) ===
      JSON.stringify(is.map(([name]) => name)) && rest(was) === rest(is)
  );
}
