/** The settings of a running server, written as mailserver.cfg would say them: what plans changes needs no second way. Pure. */
import { escapeXml } from '../../platform/xml-text.js';
import type { ItemValues } from '../config/change.js';
import {
  type ConfigDocument,
  parseConfigDocument,
} from '../config/document.js';

/** The tables and lists that a running server tells. */
export interface ToldSections {
  readonly tables: Readonly<Record<string, ItemValues>>;
  readonly lists: Readonly<Record<string, readonly ItemValues[]>>;
}

/** @param name where they are from, for messages: `https://127.0.0.1:4040` */
export function toDocument(
  name: string,
  { tables, lists }: ToldSections,
): ConfigDocument {
  const lines = [
    '<config>',
    ...Object.entries(tables).flatMap(([table, values]) => [
      `<table name="${table}">`,
      ...variables('  ', values),
      '</table>',
    ]),
    ...Object.entries(lists).flatMap(([list, items]) => [
      `<list name="${list}">`,
      ...items.flatMap((values) => [
        '  <listitem>',
        ...variables('    ', values),
        '  </listitem>',
      ]),
      '</list>',
    ]),
    '</config>',
    '',
  ];

  return parseConfigDocument({
    path: name,
    text: lines.join('\n'),
    encoding: 'utf8',
  });
}

function variables(indent: string, values: ItemValues): string[] {
  return values.map(
    ([name, value]) =>
      `${indent}<variable name="${name}">${toXmlText(value)}</variable>`,
  );
}

/** A text of JSON can hold what XML has no way to say; line ends go by their numbers, so that a variable is one line. */
function toXmlText(value: string): string {
  return escapeXml(value)
    .replaceAll('\r', '&#13;')
    .replaceAll('\n', '&#10;')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]/g, '\ufffd');
}
