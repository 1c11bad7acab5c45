import { type Component, COMPONENTS } from './components.js';
import { isOwnText } from '../archive/summary.js';

/** Where an entry belongs in a mail server (docs/kerio.md 6.3). Pure. */
export interface EntryPlace {
  readonly component: Component;
  /** `store`: below the store directory; `install`: below the install directory. */
  readonly area: 'store' | 'install';
  /** Below its area: `mail/example.com/alice/INBOX/#msgs/0000000a.eml`. */
  readonly path: string;
}

/** Prefixes of entry names and the area that they lie in; 6.x archives may hold `store/…` at the root. */
export const AREA_PREFIXES = [
  { prefix: '@backup/store/', area: 'store' },
  { prefix: 'store/', area: 'store' },
  { prefix: '@backup/', area: 'install' },
] as const;

const INSTALL_COMPONENTS = ['settings', 'license', 'sslca', 'sslcert'] as const;

/** The place of an entry, or undefined where it is none of a mail server's: our texts, strange files. */
export function placeOf(entryName: string): EntryPlace | undefined {
  if (isOwnText(entryName)) return undefined;
  if (/^[^/]+\.cfg$/i.test(entryName)) {
    return { component: 'cfg', area: 'install', path: entryName };
  }

  const rule = AREA_PREFIXES.find(({ prefix }) => entryName.startsWith(prefix));
  if (!rule) return undefined;

  const path = entryName.slice(rule.prefix.length);
  const top = path.split('/', 1)[0] ?? '';
  if (top === '' || top.startsWith('.kms-backup')) return undefined;

  if (rule.area === 'install') {
    const component = INSTALL_COMPONENTS.find(
      (name) => name === top.toLowerCase(),
    );

    return component && { component, area: 'install', path };
  }

  const store = COMPONENTS.find(
    (name) =>
      name === top.toLowerCase() &&
      !INSTALL_COMPONENTS.some((own) => own === name),
  );

  return {
    component: store === undefined || store === 'cfg' ? 'other' : store,
    area: 'store',
    path,
  };
}
