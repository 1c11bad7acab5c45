import { ConfigurationError, errnoOf } from '../../errors.js';
import { readSettingsFile } from '../../platform/settings-file.js';
import {
  type ConfigChange,
  type ConfigMeaning,
  type ItemValues,
  meaningOf,
} from './change.js';
import { type ConfigDocument, parseConfigDocument } from './document.js';
import { applyChanges } from './edit.js';
import { decodeConfigText } from './text.js';

/**
 * The document to write for an edit: `edited`, or the kept copy's own bytes where the edit takes back the one before.
 * The copy is used only where it says what `edited` says and our own edit of the copy gives `before` to the byte: then
 * nothing else happened since, and spellings that an edit had to give up (`<variable name="X"/>`, `&#49;`) come back.
 */
export function restoreFormer(
  before: ConfigDocument,
  edited: ConfigDocument,
  copyPath: string,
): ConfigDocument {
  const copy = readCopy(copyPath);
  if (
    !copy ||
    JSON.stringify(meaningOf(copy)) !== JSON.stringify(meaningOf(edited))
  ) {
    return edited;
  }

  const changes = changesBetween(meaningOf(copy), meaningOf(before));
  if (
    !changes ||
    applyChanges(copy, changes).source.text !== before.source.text
  ) {
    return edited;
  }

  return { ...copy, source: { ...copy.source, path: before.source.path } };
}

function readCopy(path: string): ConfigDocument | undefined {
  try {
    return parseConfigDocument(decodeConfigText(path, readSettingsFile(path)));
  } catch (error) {
    if (error instanceof ConfigurationError || errnoOf(error) !== undefined) {
      return undefined;
    }

    throw error;
  }
}

/** The edits that lead from one meaning to the other; undefined where edits of this kind cannot. */
function changesBetween(
  from: ConfigMeaning,
  to: ConfigMeaning,
): ConfigChange[] | undefined {
  if (from.sections.length !== to.sections.length) return undefined;

  const changes: ConfigChange[] = [];
  for (const [index, was] of from.sections.entries()) {
    const is = to.sections[index];
    if (is?.kind !== was.kind || is.name !== was.name) return undefined;

    if (was.kind === 'table') {
      const differing = differences(was.variables, is.variables);
      changes.push(
        ...differing.map(([name, value]) => ({
          kind: 'set' as const,
          table: was.name,
          name,
          value,
        })),
      );
    } else {
      changes.push(...itemChanges(was.name, was.items, is.items));
    }
  }

  return changes;
}

/** One item more, one item less, or the same items with other values. */
function itemChanges(
  list: string,
  was: readonly ItemValues[],
  is: readonly ItemValues[],
): ConfigChange[] {
  if (was.length === is.length) {
    return was.flatMap((item, index) =>
      differences(item, is[index] ?? []).map(([name, value]) => ({
        kind: 'set-in-item',
        list,
        index,
        name,
        value,
      })),
    );
  }

  if (is.length > was.length) {
    return is
      .slice(was.length)
      .map((values) => ({ kind: 'add-item', list, values }));
  }

  const kept = new Set(is.map((item) => JSON.stringify(item)));

  return was
    .map((item, index) => ({ item, index }))
    .filter(({ item }) => !kept.has(JSON.stringify(item)))
    .toReversed()
    .map(({ index }) => ({ kind: 'remove-item', list, index }));
}

function differences(was: ItemValues, is: ItemValues): ItemValues {
  return is.filter(
    ([name, value]) =>
      !was.some(([otherName, other]) => otherName === name && other === value),
  );
}
