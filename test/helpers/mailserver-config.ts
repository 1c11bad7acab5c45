/** A mailserver.cfg in the shape of a real one: about 80 sections and 2,500 lines, CRLF, two spaces. */

const variable = (indent: string, name: string, value: string): string =>
  `${indent}<variable name="${name}">${value}</variable>`;

export function table(
  name: string,
  values: readonly (readonly [string, string])[],
): string[] {
  return [
    `<table name="${name}">`,
    ...values.map(([key, value]) => variable('  ', key, value)),
    '</table>',
    '',
  ];
}

export function list(
  name: string,
  items: readonly (readonly (readonly [string, string])[])[],
): string[] {
  return [
    `<list name="${name}">`,
    ...items.flatMap((item) => [
      '  <listitem>',
      ...item.map(([key, value]) => variable('    ', key, value)),
      '  </listitem>',
    ]),
    '</list>',
    '',
  ];
}

export const STORE_BACKUP: readonly (readonly [string, string])[] = [
  ['Enabled', '1'],
  ['LastBackupDirectory', ''],
  ['UseGzipCompression', '1'],
  ['MaxFileSize', '2147483647'],
  ['AdminNotify', ''],
  ['LastFullBackup', '0'],
  ['LastDiffBackup', '0'],
  ['LastBackup', '0'],
  ['LastFullBackupSize', '0'],
  ['LastDiffBackupSize', '0'],
  ['LastBackupSize', '0'],
  ['RotationLimit', '7'],
  ['RemoveOldDiffBackups', '1'],
  ['IncludeMail', '1'],
  ['IncludeLists', '1'],
  ['IncludeSSLCert', '1'],
  ['IncludeLicense', '1'],
  ['IncludeSpamassassin', '1'],
  ['IncludeXmpp', '1'],
  ['IncludeIM', '1'],
  ['CreateBackupDirectory', '1'],
];

export const DEFAULT_TASKS = [7, 1, 2, 3, 4, 5, 6].map(
  (day, index) =>
    [
      ['Format', day === 7 ? '1' : '2'],
      ['Date', String(day)],
      ['Time', '3600'],
      ['DateTime', ''],
      ['Description', day === 7 ? 'Full backup' : 'Differential &amp; short'],
      ['Enabled', '1'],
      ['Guid', `0b0f5e0c-0d5c-4c5e-8b1e-00000000000${index}`],
    ] as const,
);

export interface SampleOptions {
  readonly storeDir?: string;
  readonly backupDir?: string;
  readonly logDir?: string;
  readonly eol?: string;
  readonly storeBackup?: readonly (readonly [string, string])[];
  readonly tasks?: readonly (readonly (readonly [string, string])[])[];
  readonly debugEvents?: readonly (readonly [string, string])[];
}

/** The text of a mailserver.cfg. */
export function sampleConfig(options: SampleOptions = {}): string {
  const filler = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, offset) => {
      const number = from + offset;
      const rows = Array.from(
        { length: 26 },
        (__, row) =>
          [`Setting${row}`, row % 5 === 0 ? '' : `v${number}.${row}`] as const,
      );
      return number % 4 === 0
        ? list(`Rules ${number}`, [
            rows.slice(0, 8),
            [
              ['Authorization', 'a'],
              ['Authorization', 'b'],
              ['Authorization', 'a'],
            ],
          ])
        : table(`Section-${number}`, rows);
    }).flat();
  const events = options.debugEvents ?? [['backup', '0']];
  const lines = [
    '<config>',
    ...table('Misc', [
      ['InternetHostname', 'mail.example.com'],
      ['ConfigVersion', '27'],
      ['LogSelect', '0'],
    ]),
    ...filler(0, 40),
    ...table('Directories', [
      ['StoreDir', options.storeDir ?? '/opt/kerio/mailserver/store/'],
      ['ArchiveDir', '/opt/kerio/mailserver/store/archive'],
      ['BackupDir', options.backupDir ?? '/var/backup/kms'],
      ['StoreFreeSoftLimit', '2048'],
      ['StoreFreeHardLimit', '100'],
    ]),
    ...table('Kerio Anti-spam', [
      ['Text', 'x &lt; y &amp; z &gt; 0'],
      ['Name', 'Müller &amp; Söhne'],
    ]),
    ...table('StoreBackup', options.storeBackup ?? STORE_BACKUP),
    ...list('StoreBackupSchedule', options.tasks ?? DEFAULT_TASKS),
    ...list('Empty', []),
    ...table('LogGlobal', [
      [
        'RelativePathsRoot',
        options.logDir ?? '/opt/kerio/mailserver/store/logs',
      ],
    ]),
    ...list('Log', [
      [
        ['LogName', 'debug'],
        ['StreamURL', 'file:///debug.log'],
        ['RotateCount', '10'],
      ],
    ]),
    ...list(
      'LogEvents',
      [['smtps', '0'] as const, ...events].map(([name, on]) => [
        ['LogName', 'debug'],
        ['EventName', name],
        ['Enabled', on],
      ]),
    ),
    ...table('Relay', [
      ['ServerName', ''],
      ['ServerPort', '25'],
      ['AuthEnabled', '0'],
      ['AuthPass', 'D3S:abcdef'],
    ]),
    ...table('service-smtp', [
      ['Port', '25'],
      ['Enabled', '1'],
    ]),
    ...filler(40, 76),
  ];
  return (
    lines.join(options.eol ?? '\r\n').replace(/\s*$/, '') +
    `${options.eol ?? '\r\n'}${options.eol ?? '\r\n'}</config>${options.eol ?? '\r\n'}`
  );
}
