/** The pieces of text that give a variable of mailserver.cfg its value, or add it where Kerio's order has it. */
import { KERIO_ORDER } from './change.js';
import type {
  ConfigDocument,
  ConfigSection,
  ConfigVariable,
} from './document.js';
import { insertBehind, insertOnly, type Splice } from './splice.js';
import { type ConfigStyle, escapeText, leadOf } from './style.js';
import { valueError } from './values.js';

/** Replaces what is between the tags; a self-closed element is opened, an emptied one closed in the file's style. */
export function valueSplice(
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

export function variableElement(
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
export function insertVariable(
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
