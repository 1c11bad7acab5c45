import { FailedError } from '../../errors.js';
import {
  type ConfigChange,
  isExactly,
  type ItemValues,
  KERIO_ORDER,
  meaningOf,
} from './change.js';
import {
  type ConfigDocument,
  type ConfigSection,
  type ConfigVariable,
  parseConfigDocument,
} from './document.js';
import { type ConfigStyle, escapeText, leadOf, styleOf } from './style.js';
import { findSection, valueError } from './values.js';

/** One piece of text put in the place of another. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

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
  let text = source.text;

  for (const { start, end, text: piece } of splices.toSorted(
    (a, b) => b.start - a.start,
  )) {
    text = text.slice(0, start) + piece + text.slice(end);
  }

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

  const found = item.variables.filter(({ name }) => name === change.name);
  if (found.length > 0) {
    return found.map((variable) =>
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

  const found = table.variables.filter(({ name }) => name === change.name);
  if (found.length > 0) {
    return found.map((variable) =>
      valueSplice(document, variable, change.value, style),
    );
  }

  return [
    insertVariable(document, table, { name: change.name, element }, style),
  ];
}

/** Replaces what is between the tags; a self-closed element is opened, an emptied one closed in the file's style. */
function valueSplice(
  document: ConfigDocument,
  variable: ConfigVariable,
  value: string,
  style: ConfigStyle,
): Splice {
  const { text, encoding } = document.source;
  const { span, content } = variable;
  if (value === variable.value) {
    return { start: span.start, end: span.start, text: '' };
  }

  if (!variable.isPlain) {
    throw valueError(
      document,
      variable,
      'holds more than text; edit it by hand',
    );
  }

  const escaped = escapeText(value, style, encoding);
  if (!content) {
    const tail = /\s*\/>$/.exec(text.slice(span.start, span.end))?.[0] ?? '';
    return {
      start: span.end - tail.length,
      end: span.end,
      text: `>${escaped}</variable>`,
    };
  }

  if (value === '' && style.emptyVariable.endsWith('/>')) {
    return {
      start: content.start - 1,
      end: span.end,
      text: style.emptyVariable,
    };
  }

  return { ...content, text: escaped };
}

function variableElement(
  document: ConfigDocument,
  name: string,
  value: string,
  style: ConfigStyle,
): string {
  const start = `<variable name=${style.quote}${name}${style.quote}`;
  if (value === '') return start + style.emptyVariable;

  return `${start}>${escapeText(value, style, document.source.encoding)}</variable>`;
}

type Holder = Pick<ConfigSection, 'name' | 'variables' | 'span' | 'content'> & {
  readonly isItem?: boolean;
};

/** Behind the nearest variable that comes before it in Kerio's order, else before the first, else as the only one. */
function insertVariable(
  document: ConfigDocument,
  holder: Holder,
  added: { readonly name: string; readonly element: string },
  style: ConfigStyle,
): Splice {
  const { text } = document.source;
  const order = KERIO_ORDER[holder.name] ?? [];
  const before = order.slice(0, Math.max(0, order.indexOf(added.name)));
  const isBefore = ({ name }: ConfigVariable): boolean => before.includes(name);
  const anchor = order.includes(added.name)
    ? holder.variables.findLast(isBefore)
    : holder.variables.at(-1);

  if (anchor) {
    return insertBehind(
      text,
      anchor.span,
      leadOf(text, anchor.span.start) + added.element,
    );
  }

  const [first] = holder.variables;
  if (first) {
    return {
      start: first.span.start,
      end: first.span.start,
      text: added.element + leadOf(text, first.span.start),
    };
  }

  const indent = holder.isItem
    ? style.itemVariableIndent
    : style.variableIndent;

  return insertOnly(
    text,
    { ...holder, tag: holder.isItem ? 'listitem' : 'table' },
    indent + added.element,
    style,
  );
}

/** At the end of the line where only blanks and comments follow, so that no line is torn. */
function insertBehind(
  text: string,
  span: { readonly end: number },
  piece: string,
): Splice {
  const rest = /^[ \t]*(?:<!--(?:(?!-->)[^\r\n])*-->[ \t]*)*(?=[\r\n]|$)/.exec(
    text.slice(span.end),
  );
  const at = span.end + (/^[\r\n]/.test(piece) ? (rest?.[0].length ?? 0) : 0);

  return { start: at, end: at, text: piece };
}

/** The first child of an empty element: on a line of its own. */
function insertOnly(
  text: string,
  holder: Pick<ConfigSection, 'span' | 'content'> & { readonly tag: string },
  indented: string,
  style: ConfigStyle,
): Splice {
  const { span, content } = holder;
  const closing = style.eol + leadOf(text, span.start).replace(/^[\r\n]+/, '');

  if (!content) {
    const tail = /\s*\/>$/.exec(text.slice(span.start, span.end))?.[0] ?? '';
    return {
      start: span.end - tail.length,
      end: span.end,
      text: `>${style.eol}${indented}${closing}</${holder.tag}>`,
    };
  }

  const ownBreak = /^[ \t]*(\r\n|\n|\r)/.exec(
    text.slice(content.start, content.end),
  );
  if (!ownBreak) {
    return {
      start: content.start,
      end: content.start,
      text: style.eol + indented + closing,
    };
  }

  const at = content.start + ownBreak[0].length - (ownBreak[1]?.length ?? 0);

  return { start: at, end: at, text: (ownBreak[1] ?? style.eol) + indented };
}

function addItemSplice(
  document: ConfigDocument,
  list: ConfigSection | undefined,
  change: { readonly list: string; readonly values: ItemValues },
  style: ConfigStyle,
): Splice {
  const { text } = document.source;
  const elements = change.values.map(([name, value]) =>
    variableElement(document, name, value, style),
  );
  const sample = list?.items.at(-1);

  if (list && sample) {
    const variable = sample.variables[0];
    const inner = variable
      ? leadOf(text, variable.span.start)
      : `${style.eol}${style.itemVariableIndent}`;
    const close = sample.content
      ? leadOf(text, sample.content.end)
      : `${style.eol}${style.itemIndent}`;
    const item = `<listitem>${elements.map((element) => inner + element).join('')}${close}</listitem>`;

    return insertBehind(
      text,
      sample.span,
      leadOf(text, sample.span.start) + item,
    );
  }

  const lines = elements
    .map((element) => `${style.eol}${style.itemVariableIndent}${element}`)
    .join('');
  const item = `${style.itemIndent}<listitem>${lines}${style.eol}${style.itemIndent}</listitem>`;
  if (list) return insertOnly(text, { ...list, tag: 'list' }, item, style);

  return insertSection(
    document,
    { kind: 'list', name: change.list, content: style.eol + item },
    style,
  );
}

/** The item with the line break before it; a list that is empty then is written as this file writes empty lists. */
function removeItemSplice(
  document: ConfigDocument,
  list: ConfigSection,
  index: number,
  style: ConfigStyle,
): Splice {
  const { text } = document.source;
  const span = list.items[index]?.span ?? list.span;
  const { content } = list;

  if (content && style.emptyList !== 'lines') {
    const rest =
      text.slice(content.start, span.start) + text.slice(span.end, content.end);
    if (rest.trim() === '' && style.emptyList === 'inline') {
      return { ...content, text: '' };
    }

    if (rest.trim() === '' && typeof style.emptyList === 'object') {
      return {
        start: content.start - 1,
        end: list.span.end,
        text: style.emptyList.selfClosed,
      };
    }
  }

  // What follows on the same line stays on its line.
  const endsLine = /^[ \t]*(?:[\r\n]|$)/.test(
    text.slice(span.end, span.end + 200),
  );
  const start = endsLine
    ? span.start - leadOf(text, span.start).length
    : span.start;

  return { start, end: span.end, text: '' };
}

/** Behind the nearest section that comes before it in Kerio's order, else before the nearest after it, else last. */
function insertSection(
  document: ConfigDocument,
  added: {
    readonly kind: string;
    readonly name: string;
    readonly content: string;
  },
  style: ConfigStyle,
): Splice {
  const { text } = document.source;
  const { eol, sectionIndent: indent, quote } = style;
  const element = `<${added.kind} name=${quote}${added.name}${quote}>${added.content}${eol}${indent}</${added.kind}>`;
  const order = KERIO_ORDER[''] ?? [];
  const rank = order.indexOf(added.name);
  const ranked = document.sections.filter(({ name }) => order.includes(name));
  const before = ranked.findLast(({ name }) => order.indexOf(name) < rank);
  if (before) {
    return insertBehind(text, before.span, `${eol}${eol}${indent}${element}`);
  }

  const [next] = ranked.length > 0 ? ranked : document.sections;
  if (next) {
    return {
      start: next.span.start,
      end: next.span.start,
      text: `${element}${eol}${eol}${indent}`,
    };
  }

  return insertOnly(
    text,
    { ...document.root, tag: 'config' },
    `${indent}${element}${eol}`,
    style,
  );
}
