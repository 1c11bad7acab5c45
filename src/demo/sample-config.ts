/** Configuration files as the mail server writes them: no declaration, CRLF, its own indentation (docs/kerio.md 8.1). */

type Section = readonly string[];

/** Both files of a sample server whose store and backup directories are given. */
export function sampleConfig(
  storeDir: string,
  backupDir: string,
): { mailserver: string; users: string } {
  const sections = [
    table('Directories', {
      StoreDir: `${storeDir}/`,
      ArchiveDir: `${storeDir}/archive/`,
      BackupDir: backupDir,
      StoreFreeSoftLimit: '200',
      StoreFreeHardLimit: '100',
    }),
    ...MAIL_SECTIONS,
    ...ARCHIVING_SECTIONS,
    ...backupSections(),
    ...LOG_SECTIONS,
    table('Misc', {
      InternetHostname: 'mail.example.com',
      ConfigVersion: '27',
      LogSelect: '0',
    }),
  ];

  return {
    mailserver: configDocument(sections),
    users: configDocument([usersList()]),
  };
}

const MAIL_SECTIONS: readonly Section[] = [
  list('Domain', [
    { Name: 'example.com', Description: 'Head office', Primary: '1' },
    { Name: 'example.org', Description: 'Sales & Service', Primary: '0' },
  ]),
  table('service-smtp', { Startup: '1', Port: '25' }),
  table('service-submission', { Startup: '1', Port: '587' }),
  table('Relay', {
    ServerName: '',
    ServerPort: '25',
    AuthEnabled: '0',
    AuthType: '0',
    AuthUser: '',
    AuthPass: 'D3S:0a1b2c3d4e5f60718293a4b5c6d7e8f9',
  }),
  table('Kerio Anti-spam', { Enabled: '0' }),
  list(
    'Certificate',
    [{ Name: 'server', Active: '1' }],
    ' identityCounter="5"',
  ),
];

/** The trap: these two are mail archiving, not backup. */
const ARCHIVING_SECTIONS: readonly Section[] = [
  table('Backup', { Enabled: '0', Rotate: '1', Period: '7' }),
  list('BackupSchedule', []),
];

function backupSections(): readonly Section[] {
  const never = Object.fromEntries(
    ['LastFullBackup', 'LastDiffBackup', 'LastBackup'].map((name) => [
      name,
      '0',
    ]),
  );

  const sizes = Object.fromEntries(
    Object.keys(never).map((name) => [`${name}Size`, '0']),
  );

  const parts = [
    'Mail',
    'Lists',
    'SSLCert',
    'License',
    'Spamassassin',
    'Xmpp',
    'IM',
  ];

  return [
    table('StoreBackup', {
      Enabled: '1',
      LastBackupDirectory: '',
      UseGzipCompression: '1',
      MaxFileSize: '2147483647',
      // Nobody is to get mail from a demonstration.
      AdminNotify: '',
      ...never,
      ...sizes,
      RotationLimit: '7',
      RemoveOldDiffBackups: '1',
      ...Object.fromEntries(parts.map((part) => [`Include${part}`, '1'])),
      CreateBackupDirectory: '1',
    }),
    list('StoreBackupSchedule', [7, 1, 2, 3, 4, 5, 6].map(nightlyTask)),
  ];
}

/** The server's default: a full on Sunday, differentials from Monday to Saturday, at one o'clock. */
function nightlyTask(day: number): Record<string, string> {
  return {
    Format: day === 7 ? '1' : '2',
    Date: String(day),
    Time: '3600',
    DateTime: '',
    Description: day === 7 ? 'Full backup' : 'Differential backup',
    Enabled: '1',
    Guid: `6f1c2a10-0b57-4d1e-9a34-00000000000${String(day)}`,
  };
}

const LOG_SECTIONS: readonly Section[] = [
  table('LogGlobal', { RelativePathsRoot: 'store/logs' }),
  list('Log', [
    { LogName: 'debug', StreamURL: 'file:///debug.log', RotateCount: '10' },
    { LogName: 'error', StreamURL: 'file:///error.log', RotateCount: '10' },
  ]),
  list('LogEvents', [
    { LogName: 'debug', EventName: 'smtps', Enabled: '0' },
    { LogName: 'debug', EventName: 'backup', Enabled: '0' },
  ]),
];

function usersList(): Section {
  const user = (
    name: string,
    domain: string,
    fullName: string,
    isEnabled = true,
  ): readonly [string, string][] => [
    ['Name', name],
    ['Domain', domain],
    ['Account_enabled', isEnabled ? '1' : '0'],
    ['Auth_type', '0'],
    ['Password', 'SHA:5f2b8c1d9e7a4036'],
    ['Fullname', fullName],
    // A name may repeat inside one item: order and duplicates matter.
    ...['1', '2', '4', '8'].map((right): [string, string] => [
      'Authorization',
      right,
    ]),
  ];

  return rawList('User', [
    user('Alice', 'example.com', 'Alice Nováková'),
    user('bob', 'example.com', 'Bob Dvořák'),
    user('carol', 'example.com', 'Carol (on leave)', false),
    user('erik', 'example.org', 'Erik Berg'),
    user('fiona', 'example.org', 'Fiona Wolf'),
  ]);
}

function configDocument(sections: readonly Section[]): string {
  const lines = [
    '<config>',
    ...sections.flatMap((section) => [...section, '']),
    '</config>',
    '',
  ];
  return lines.join('\r\n');
}

function table(
  name: string,
  variables: Readonly<Record<string, string>>,
): Section {
  return [
    `<table name="${name}">`,
    ...variableLines(Object.entries(variables), '  '),
    '</table>',
  ];
}

function list(
  name: string,
  items: readonly Readonly<Record<string, string>>[],
  attributes = '',
): Section {
  return rawList(name, items.map(Object.entries<string>), attributes);
}

function rawList(
  name: string,
  items: readonly (readonly [string, string][])[],
  attributes = '',
): Section {
  const lines = items.flatMap((item) => [
    '  <listitem>',
    ...variableLines(item, '    '),
    '  </listitem>',
  ]);

  return [`<list name="${name}"${attributes}>`, ...lines, '</list>'];
}

function variableLines(
  variables: readonly [string, string][],
  indent: string,
): string[] {
  return variables.map(
    ([name, value]) =>
      `${indent}<variable name="${name}">${escapeText(value)}</variable>`,
  );
}

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
