import { XmlElement, parseXml } from '../platform/xml-document.js';

/** Reads the XML of a server's answers. Pure. */

/** An element of an answer; names without regard to their namespace. */
export class AnswerElement {
  constructor(private readonly element: XmlElement) {}

  get name(): string {
    return this.element.name;
  }

  /** The text of the first child of that name. */
  text(name: string): string | undefined {
    return this.all(name)[0]?.element.text;
  }

  /** All children of that name. */
  all(name: string): AnswerElement[] {
    return this.element.children
      .filter((child): child is XmlElement => child instanceof XmlElement)
      .filter((child) => child.name === name)
      .map((child) => new AnswerElement(child));
  }
}

/** Returns the root of an answer; undefined where it is no XML. */
export function parseAnswer(body: Buffer): AnswerElement | undefined {
  try {
    const { root } = parseXml(body.toString('utf8').trim());
    return root === null ? undefined : new AnswerElement(root);
  } catch {
    return undefined;
  }
}

/** An ETag without its quotes, and without the mark of a weak one. */
export function plainEtag(text: string | undefined): string {
  return (text ?? '').replace(/^W\//, '').replaceAll('"', '');
}
