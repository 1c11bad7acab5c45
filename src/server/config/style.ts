import { ConfigurationError } from '../../errors.js';
import type {
  ConfigDocument,
  ConfigItem,
  ConfigVariable,
  Span,
} from './document.js';

/** The spelling of a file, so that new lines look like its old lines. */
export interface ConfigStyle {
  /** The commonest line end. */
  readonly eol: string;
  readonly variableIndent: string;
  readonly itemIndent: string;
  readonly itemVariableIndent: string;
  readonly sectionIndent: string;
  readonly quote: string;
  /** The end of an empty variable: `></variable>` or `/>`. */
  readonly emptyVariable: string;
  /** The form of an empty list: on two lines, on one, or self-closed with these characters. */
  readonly emptyList: 'lines' | 'inline' | { readonly selfClosed: string };
  /** Characters that the file writes as entities beyond those that XML demands. */
  readonly escapes: ReadonlySet<string>;
}

/** Reads the file's style from what is there; Kerio's own where nothing shows it. */
export function styleOf(document: ConfigDocument): ConfigStyle {
  const { text } = document.source;
  const tables = document.sections.flatMap(({ variables }) => variables);
  const items = document.sections.flatMap((section) => section.items);
  const inItems = items.flatMap(({ variables }) => variables);

  return {
    eol: commonEol(text),
    sectionIndent: indentOf(text, document.sections[0]?.span) ?? '',
    variableIndent: indentOf(text, tables[0]?.span) ?? '  ',
    itemIndent: indentOf(text, items[0]?.span) ?? '  ',
    itemVariableIndent: indentOf(text, inItems[0]?.span) ?? '    ',
    quote: quoteOf(text),
    emptyVariable: emptyVariableStyle(text, [...tables, ...inItems]),
    emptyList: emptyListStyle(document),
    escapes: escapesOf(text, [...tables, ...inItems]),
  };
}

/** The quotation mark around names: a file of the server's has one kind only. */
function quoteOf(text: string): string {
  const isSingle =
    /<variable\s+name\s*=\s*'/.test(text) &&
    !/<variable\s+name\s*=\s*"/.test(text);

  return isSingle ? "'" : '"';
}

/**
 * Text as a variable's content.
 * @throws {ConfigurationError} for characters that XML cannot hold (XML 1.0, production 2)
 */
export function escapeText(
  value: string,
  style: ConfigStyle,
  encoding: 'utf8' | 'latin1',
): string {
  const bad = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.exec(
    value,
  )?.[0];
  if (bad !== undefined) {
    const code = (bad.codePointAt(0) ?? 0)
      .toString(16)
      .toUpperCase()
      .padStart(4, '0');

    throw new ConfigurationError(
      `mailserver.cfg cannot hold the character U+${code} in ${JSON.stringify(value)}`,
    );
  }

  const names: Readonly<Record<string, string>> = {
    '&': 'amp',
    '<': 'lt',
    '>': 'gt',
    '"': 'quot',
    "'": 'apos',
  };

  // Bytes that are no UTF-8 may be any code page: only ASCII and numbers mean the same in all of them.
  const isOutside = (char: string): boolean =>
    encoding === 'latin1' && (char.codePointAt(0) ?? 0) > 0x7e;

  return value.replace(/[\s\S]/gu, (char) => {
    if (char === '&' || char === '<' || style.escapes.has(char)) {
      return `&${names[char] ?? ''};`;
    }

    if (char === '\r' || char === '\n' || isOutside(char)) {
      return `&#${char.codePointAt(0) ?? 0};`;
    }

    return char;
  });
}

/** The line break and indentation before an element, or the blanks alone where it does not begin its line. */
export function leadOf(text: string, start: number): string {
  return (
    /(?:\r\n|\n|\r)?[ \t]*$/.exec(
      text.slice(Math.max(0, start - 200), start),
    )?.[0] ?? ''
  );
}

function indentOf(text: string, span: Span | undefined): string | undefined {
  if (!span) return undefined;
  const lead = leadOf(text, span.start);
  return /^[\r\n]/.test(lead) ? lead.replace(/^[\r\n]+/, '') : undefined;
}

function commonEol(text: string): string {
  const crlf = text.split('\r\n').length - 1;
  const lf = text.split('\n').length - 1 - crlf;
  return lf > crlf ? '\n' : '\r\n';
}

function emptyVariableStyle(
  text: string,
  variables: readonly ConfigVariable[],
): string {
  const empty = variables.filter(({ value }) => value === '');
  const selfClosed = empty.filter(({ content }) => content === undefined);
  if (selfClosed.length * 2 <= empty.length) return '></variable>';

  const { span } = selfClosed[0] ?? { span: { start: 0, end: 0 } };

  return /\s*\/>$/.exec(text.slice(span.start, span.end))?.[0] ?? '/>';
}

function emptyListStyle(document: ConfigDocument): ConfigStyle['emptyList'] {
  const { text } = document.source;
  const empty = document.sections.filter(({ kind, items, content }) => {
    return (
      kind === 'list' &&
      items.length === 0 &&
      (!content || text.slice(content.start, content.end).trim() === '')
    );
  });

  const selfClosed = empty.filter(({ content }) => content === undefined);
  const inline = empty.filter(
    ({ content }) => content?.start === content?.end && content !== undefined,
  );
  const [first] = selfClosed;

  if (first && selfClosed.length * 2 > empty.length) {
    return {
      selfClosed:
        /\s*\/>$/.exec(text.slice(first.span.start, first.span.end))?.[0] ??
        '/>',
    };
  }

  return inline.length * 2 > empty.length ? 'inline' : 'lines';
}

/** `>`, `"` and `'` need no entity in text; this file may write them as one nevertheless. `>` is one unless seen bare. */
function escapesOf(
  text: string,
  variables: readonly (ConfigVariable | ConfigItem)[],
): Set<string> {
  const contents = variables
    .map(({ content }) =>
      content ? text.slice(content.start, content.end) : '',
    )
    .join('\n');

  const escapes = new Set<string>();

  if (contents.includes('&gt;') || !/>/.test(contents)) escapes.add('>');
  if (contents.includes('&quot;')) escapes.add('"');
  if (contents.includes('&apos;')) escapes.add("'");

  return escapes;
}
