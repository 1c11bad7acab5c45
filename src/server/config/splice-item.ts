/** The pieces of text that add an item to a list of mailserver.cfg, or take one out. */
import type { ItemValues } from './change.js';
import type { ConfigDocument, ConfigSection } from './document.js';
import { insertBehind, insertOnly, type Splice } from './splice.js';
import { insertSection } from './splice-section.js';
import { variableElement } from './splice-variable.js';
import { type ConfigStyle, leadOf } from './style.js';

export function addItemSplice(
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
export function removeItemSplice(
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

  // The rest of the line stays on its line.
  const endsLine = /^[ \t]*(?:[\r\n]|$)/.test(
    text.slice(span.end, span.end + 200),
  );
  const start = endsLine
    ? span.start - leadOf(text, span.start).length
    : span.start;

  return { start, end: span.end, text: '' };
}
