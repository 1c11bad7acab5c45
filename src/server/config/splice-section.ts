/** The piece of text that adds a table or list to mailserver.cfg. */
import { KERIO_ORDER } from './change.js';
import type { ConfigDocument } from './document.js';
import { insertBehind, insertOnly, type Splice } from './splice.js';
import type { ConfigStyle } from './style.js';

/** Behind the nearest section that comes before it in Kerio's order, else before the nearest after it, else last. */
export function insertSection(
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
