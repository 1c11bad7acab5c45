/** Text of XML elements and attributes, written and read. Pure. */

/** Text for an XML element or attribute. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Text for an XML element, with every character beyond ASCII as its number. */
export function escapeXmlAscii(text: string): string {
  return escapeXml(text).replace(
    /[^\x00-\x7f]/gu,
    (char) => `&#${char.codePointAt(0) ?? 0};`,
  );
}

/** The text of an XML element as it was before we or Windows wrote it. */
export function unescapeXml(text: string): string {
  const named: Readonly<Record<string, string>> = {
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    amp: '&',
  };

  return text.replace(
    /&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) {
        return String.fromCodePoint(Number.parseInt(hex, 16));
      }

      return named[name ?? ''] ?? whole;
    },
  );
}
