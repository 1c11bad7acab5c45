/** Parses XML: the one file that knows the library for it. */
export {
  type XmlDocument,
  XmlElement,
  XmlError,
  parseXml,
} from '@rgrove/parse-xml';
