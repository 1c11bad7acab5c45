/** Edits of a configuration file: each replaces a piece of text, and is proven by reading the result. */
import { FailedError } from '../../errors.js';
import { type ConfigChange, isExactly, meaningOf } from './change.js';
import { type ConfigDocument, parseConfigDocument } from './document.js';
import { type Splice, spliceText } from './splice.js';
import { addItemSplice, removeItemSplice } from './splice-item.js';
import { insertSection } from './splice-section.js';
import {
  insertVariable,
  valueSplice,
  variableElement,
} from './splice-variable.js';
import { type ConfigStyle, styleOf } from './style.js';
import { findSection } from './values.js';

/**
 * The document with the changes made, each by replacing a piece of text; everything else stays as it is to the byte.
 * Each result is parsed again and compared with what was intended. A change that changes nothing leaves the text as is.
 * @throws {ConfigurationError} when a value cannot be written, or a variable holds more than text
 */
export function applyChanges(
  document: ConfigDocument,
  changes: readonly ConfigChange[],
): ConfigDocument {
  return changes.reduce(applyChange, document);
}

function applyChange(
  document: ConfigDocument,
  change: ConfigChange,
): ConfigDocument {
  const splices = splicesFor(document, change, styleOf(document));
  const { source } = document;
  const text = spliceText(source.text, splices);
  if (text === source.text) return document;

  const after = parseConfigDocument({ ...source, text });
  if (!isExactly(meaningOf(document), change, meaningOf(after))) {
    throw new FailedError(
      `cannot edit ${source.path}: the result would not say what was asked for; nothing was written`,
    );
  }

  return after;
}

function splicesFor(
  document: ConfigDocument,
  change: ConfigChange,
  style: ConfigStyle,
): Splice[] {
  if (change.kind === 'set') return setSplices(document, change, style);

  const list = findSection(document, 'list', change.list);
  if (change.kind === 'add-item') {
    return [addItemSplice(document, list, change, style)];
  }

  const item = list?.items[change.index];
  if (!list || !item) {
    throw new FailedError(
      `list ${change.list} of ${document.source.path} has no such item`,
    );
  }

  if (change.kind === 'remove-item') {
    return [removeItemSplice(document, list, change.index, style)];
  }

  const present = item.variables.filter(({ name }) => name === change.name);
  if (present.length > 0) {
    return present.map((variable) =>
      valueSplice(document, variable, change.value, style),
    );
  }

  const element = variableElement(document, change.name, change.value, style);

  return [
    insertVariable(
      document,
      { ...item, name: change.list, isItem: true },
      { name: change.name, element },
      style,
    ),
  ];
}

function setSplices(
  document: ConfigDocument,
  change: ConfigChange & { kind: 'set' },
  style: ConfigStyle,
): Splice[] {
  const table = findSection(document, 'table', change.table);
  const element = variableElement(document, change.name, change.value, style);

  if (!table) {
    const content = style.eol + style.variableIndent + element;
    return [
      insertSection(
        document,
        { kind: 'table', name: change.table, content },
        style,
      ),
    ];
  }

  const present = table.variables.filter(({ name }) => name === change.name);
  if (present.length > 0) {
    return present.map((variable) =>
      valueSplice(document, variable, change.value, style),
    );
  }

  return [
    insertVariable(document, table, { name: change.name, element }, style),
  ];
}
