/** The flags of recover in the help: what comes back, where to, and what stays; kmsrecover's and ours together. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  SELECTION: [
    'domain',
    'user',
    'folder',
    'subfolders',
    'message',
    'mask',
    'interactive',
    'listing',
    'salvage',
  ],
  PLACE: ['store', 'cfgdir', 'keep-paths', 'additive', 'reindex'],
  'LIVE ACCOUNT': [
    'imap',
    'into',
    'to-user',
    'auth-as',
    'master-auth',
    'imap-password-file',
    'imap-tls',
    'ca-file',
    'fingerprint',
  ],
  UNDO: ['keep-old', 'backup', 'in-place', 'rollback', 'forget'],
};

/** The flags, each with the title that it stands below in the help; the others stand below FLAGS. */
export function inGroups<T extends Record<string, object>>(flags: T): T {
  const titles = new Map(
    Object.entries(GROUPS).flatMap(([title, names]) =>
      names.map((name) => [name, title] as const),
    ),
  );

  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      const helpGroup = titles.get(name);

      return [name, helpGroup === undefined ? flag : { ...flag, helpGroup }];
    }),
  ) as T;
}
