/** The section `[notify]` of kms-backup.ini: an address that is told how runs ended. */
import type { SectionReader } from './ini-section.js';

/** What the services that people use take; any other value is the file of a template. */
const NOTIFY_TEMPLATES = ['json', 'ntfy', 'slack', 'teams'] as const;
export type NotifyTemplate = (typeof NOTIFY_TEMPLATES)[number];

export interface NotifySettings {
  /** A secret: who knows it can post there. */
  readonly url: string | undefined;
  /** One of the known ones, or the absolute path of a file. */
  readonly template: NotifyTemplate | { readonly file: string } | undefined;
  readonly timeoutMs: number | undefined;
}

export function readNotify(section: SectionReader): NotifySettings {
  return {
    url: section.webAddress('url'),
    template: readTemplate(section),
    timeoutMs: section.duration('timeout'),
  };
}

function readTemplate(section: SectionReader): NotifySettings['template'] {
  const word = section.text('template');
  const known = NOTIFY_TEMPLATES.find((name) => name === word);
  if (word === undefined || known) return known;

  const file = section.path('template');

  return file === undefined ? undefined : { file };
}
