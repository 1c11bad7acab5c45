import { parseConfigDocument } from './config/document.js';
import { readConfigText } from './config/text.js';
import { findSection, readerOf } from './config/values.js';
import type { Installation } from './installation.js';

const USUAL_PORT = 4040;

/** The port of the web administration. @throws {ConfigurationError} when mailserver.cfg is wrong */
export function readAdminPort({ configPath }: Installation): number {
  const document = parseConfigDocument(readConfigText(configPath));
  const table = findSection(document, 'table', 'service-admin');

  return readerOf(document, table).integer('Port', USUAL_PORT, [1, 65_535]);
}
