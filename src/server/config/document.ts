import { ConfigurationError } from '../../errors.js';
import {
  type XmlDocument,
  XmlElement,
  XmlError,
  parseXml,
} from '../../platform/xml-document.js';
import { type ConfigText, lineFinder } from './text.js';

/** A range of the document's text: UTF-16 offsets, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `<variable name="N">v</variable>`. */
export interface ConfigVariable {
  readonly name: string;
  /** With entities resolved and line ends as LF. */
  readonly value: string;
  readonly line: number;
  /** The whole element. */
  readonly span: Span;
  /** Between the tags; undefined where the element is self-closed. */
  readonly content: Span | undefined;
  /** False where the element holds comments or elements beside text: such a one is read but never edited. */
  readonly isPlain: boolean;
}

/** `<listitem>…</listitem>`; a name may repeat, and the order matters (users.cfg: four times `Authorization`). */
export interface ConfigItem {
  readonly variables: readonly ConfigVariable[];
  readonly span: Span;
  readonly content: Span | undefined;
}

/** `<table name="X">` with variables, or `<list name="X">` with items. */
export interface ConfigSection {
  readonly kind: 'table' | 'list';
  readonly name: string;
  readonly variables: readonly ConfigVariable[];
  readonly items: readonly ConfigItem[];
  readonly line: number;
  readonly span: Span;
  readonly content: Span | undefined;
}

/** A configuration file of the mail server, as parsed; nothing of its text is lost. */
export interface ConfigDocument {
  readonly source: ConfigText;
  readonly sections: readonly ConfigSection[];
  /** The root element and what lies between its tags. */
  readonly root: { readonly span: Span; readonly content: Span | undefined };
}

/** Sections that must not appear twice: nobody could tell which one the server obeys. */
const UNIQUE = new Set([
  'table Directories',
  'table StoreBackup',
  'list StoreBackupSchedule',
  'list LogEvents',
]);

/**
 * Parses the XML dialect of mailserver.cfg and users.cfg (reference: docs/configuration.md).
 * @throws {ConfigurationError} naming file, line and text: empty, truncated, no XML, another root than `config`,
 *   a document type declaration, an unclosed tag, a section twice that may be there only once
 */
export function parseConfigDocument(source: ConfigText): ConfigDocument {
  const root = parseRoot(source);
  const place = placeOf(source.text, root);

  const text: NumberedText = {
    text: source.text,
    lineAt: lineFinder(source.text),
  };

  const sections = elementsOf(root)
    .filter(({ name }) => name === 'table' || name === 'list')
    .map((element) => toSection(text, element));

  refuseTwins(source, sections);

  return { source, sections, root: place };
}

function parseRoot(source: ConfigText): XmlElement {
  if (source.text.replace(/^\uFEFF/, '').trim() === '') {
    throw problem(source, 1, 'the file is empty');
  }

  const tree = parseTree(source);
  const doctype = tree.children.find(({ type }) => type === 'doctype');
  if (doctype) throw doctypeProblem(source, doctype.start);

  const root = tree.root;
  if (root?.name !== 'config') {
    const line = lineFinder(source.text)(root?.start ?? 0);
    throw problem(
      source,
      line,
      `the root element is <${root?.name ?? ''}>, not <config>`,
    );
  }

  return root;
}

function parseTree(source: ConfigText): XmlDocument {
  try {
    return parseXml(source.text, {
      includeOffsets: true,
      preserveComments: true,
      preserveDocumentType: true,
    });
  } catch (error) {
    const doctypeAt = /<!DOCTYPE/i.exec(
      source.text.split(/<config[\s>]/, 1)[0] ?? '',
    )?.index;
    if (doctypeAt !== undefined) throw doctypeProblem(source, doctypeAt);
    // The parser descends into elements by recursion: a file nested thousands deep ends it.
    if (error instanceof RangeError) {
      throw problem(source, 1, 'the elements are nested too deep');
    }

    if (!(error instanceof XmlError)) throw error;

    const at = utf16Offset(source.text, error.pos);

    throw problem(
      source,
      lineFinder(source.text)(at),
      describe(error, source.text.slice(0, at)),
    );
  }
}

/** The parser counts an error's position in characters, the text counts those outside the basic plane twice. */
function utf16Offset(text: string, characters: number): number {
  let offset = 0;
  for (let count = 0; count < characters; count++) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }

  return offset;
}

/**
 * Describes a fault by the last name before it, and quotes no other text: the file holds passwords, and an element's name
 * may be a piece of a password that has a `<` in it.
 */
function describe(error: XmlError, before: string): string {
  const fact = error.message.split(' (line ')[0] ?? error.message;
  const words = (fact.charAt(0).toLowerCase() + fact.slice(1))
    .replaceAll('`', '')
    .replace(/^(named entity isn't defined|duplicate attribute): .*/s, '$1')
    .replace(
      / for element (?!(?:config|table|list|listitem|variable)$).*/s,
      ' for an unknown element',
    );

  const [, kind, name] =
    [...before.matchAll(/<(table|list|variable) name="([\w.-]+)"/g)].at(-1) ??
    [];
  const place =
    name === undefined ? words : `${words}, at ${kind ?? ''} ${name}`;

  return error.excerpt.trim() === '' ? `${place}; the file ends here` : place;
}

function doctypeProblem(source: ConfigText, at: number): ConfigurationError {
  return problem(
    source,
    lineFinder(source.text)(at),
    'a document type declaration (<!DOCTYPE) is refused',
  );
}

function problem(
  source: ConfigText,
  line: number,
  fact: string,
): ConfigurationError {
  return new ConfigurationError(`${source.path}, line ${line}: ${fact}`, {
    hints: [
      "Compare the file with the server's own previous copy, which ends in .cfg.bak.",
    ],
  });
}

function refuseTwins(
  source: ConfigText,
  sections: readonly ConfigSection[],
): void {
  const seen = new Map<string, ConfigSection>();
  for (const section of sections) {
    const key = `${section.kind} ${section.name}`;
    const first = seen.get(key);

    if (first && UNIQUE.has(key)) {
      const fact = `the ${section.kind} ${section.name} is there a second time, first in line ${first.line}`;
      throw problem(source, section.line, fact);
    }

    seen.set(key, section);
  }
}

interface NumberedText {
  readonly text: string;
  readonly lineAt: (offset: number) => number;
}

function toSection(text: NumberedText, element: XmlElement): ConfigSection {
  return {
    kind: element.name === 'list' ? 'list' : 'table',
    name: element.attributes['name'] ?? '',
    variables: variablesOf(text, element),
    items: elementsOf(element)
      .filter(({ name }) => name === 'listitem')
      .map((item) => ({
        variables: variablesOf(text, item),
        ...placeOf(text.text, item),
      })),
    line: text.lineAt(element.start),
    ...placeOf(text.text, element),
  };
}

function variablesOf(text: NumberedText, parent: XmlElement): ConfigVariable[] {
  return elementsOf(parent)
    .filter(({ name }) => name === 'variable')
    .map((element) => ({
      name: element.attributes['name'] ?? '',
      value: element.text,
      line: text.lineAt(element.start),
      isPlain: element.children.every(({ type }) => type === 'text'),
      ...placeOf(text.text, element),
    }));
}

function elementsOf(parent: XmlElement): XmlElement[] {
  return parent.children.filter(
    (child): child is XmlElement => child instanceof XmlElement,
  );
}

/** The element's span and what lies between its tags; the parser says where the element is, not where its tags end. */
function placeOf(
  text: string,
  element: XmlElement,
): { span: Span; content: Span | undefined } {
  // An element that ends the text has an unknown end where the text holds characters outside the basic plane.
  const span = {
    start: element.start,
    end: Math.min(element.end, text.length),
  };

  const tagEnd = startTagEnd(text, span.start);
  if (text[tagEnd - 2] === '/') return { span, content: undefined };

  return {
    span,
    content: { start: tagEnd, end: text.lastIndexOf('</', span.end) },
  };
}

/** Behind the `>` that ends the start tag; a quoted attribute value may hold `>` itself. */
function startTagEnd(text: string, start: number): number {
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (char === '>') {
      return at + 1;
    }
  }

  return text.length;
}
