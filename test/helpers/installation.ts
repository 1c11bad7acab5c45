import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from './random.js';
import { buildTree, type FileNode, type Tree } from './store.js';

export interface InstallationOptions {
  /** What lies under the store directory. */
  readonly store?: Tree;
  /** What lies in the install directory beside it: `sslcert`, `license`, … */
  readonly beside?: Tree;
  /** Default: `<directory>/store`. */
  readonly storeDir?: string;
  /** BackupDir of mailserver.cfg. Default: `<directory>/backups`, which is made. */
  readonly backupDir?: string;
  /** ArchiveDir of mailserver.cfg. Default: `archive` in the store. */
  readonly archiveDir?: string;
  readonly volumeSizeBytes?: number;
  readonly keep?: number;
  /** The whole text of mailserver.cfg instead of the usual one. */
  readonly config?: string;
}

/** Where a test's mail server lies. */
export interface Installation {
  readonly serverDir: string;
  readonly storeDir: string;
  readonly backupDir: string;
}

/** A mail server's install directory with the sections of mailserver.cfg that backup and recover read. */
export function buildInstallation(
  serverDir: string,
  options: InstallationOptions = {},
): Installation {
  const storeDir = options.storeDir ?? join(serverDir, 'store');
  const backupDir = options.backupDir ?? join(serverDir, 'backups');
  mkdirSync(serverDir, { recursive: true });
  if (options.backupDir === undefined) {
    mkdirSync(backupDir, { recursive: true });
  }

  if (options.beside) buildTree(serverDir, options.beside, 1_500_000_000.5);
  buildTree(storeDir, options.store ?? smallStore());
  const config = options.config ?? configText(storeDir, backupDir, options);
  writeFileSync(join(serverDir, 'mailserver.cfg'), config);
  writeFileSync(join(serverDir, 'users.cfg'), USERS);
  return { serverDir, storeDir, backupDir };
}

function configText(
  storeDir: string,
  backupDir: string,
  options: InstallationOptions,
): string {
  return [
    '<config>',
    ...table('Directories', {
      StoreDir: `${storeDir}/`,
      ArchiveDir: options.archiveDir ?? `${storeDir}/archive/`,
      BackupDir: backupDir,
    }),
    ...table('StoreBackup', {
      Enabled: '1',
      LastBackupDirectory: '',
      UseGzipCompression: '1',
      MaxFileSize: String(options.volumeSizeBytes ?? 2147483647),
      AdminNotify: '',
      RotationLimit: String(options.keep ?? 7),
      RemoveOldDiffBackups: '1',
    }),
    ...table('Misc', {
      InternetHostname: 'mail.example.com',
      ConfigVersion: '27',
    }),
    '</config>',
    '',
  ].join('\r\n');
}

function table(
  name: string,
  variables: Readonly<Record<string, string>>,
): string[] {
  const escape = (text: string): string =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return [
    `<table name="${name}">`,
    ...Object.entries(variables).map(
      ([key, value]) => `  <variable name="${key}">${escape(value)}</variable>`,
    ),
    '</table>',
    '',
  ];
}

const USERS = [
  '<config>',
  '<list name="User">',
  '  <listitem>',
  '    <variable name="Name">alice</variable>',
  '    <variable name="Domain">example.com</variable>',
  '    <variable name="Account_enabled">1</variable>',
  '  </listitem>',
  '</list>',
  '',
  '</config>',
  '',
].join('\r\n');

/** A message with a header and a body; `attachmentBytes` of base64 where given. */
export function message(
  subject: string,
  random?: Random,
  attachmentBytes = 0,
): string {
  const lines = [
    `Message-ID: <${Buffer.from(subject).toString('hex').slice(0, 40)}@example.com>`,
    'From: Bob <bob@example.com>',
    'To: alice@example.com',
    `Subject: ${subject}`,
    'Date: Sun, 22 Nov 2026 10:00:00 +0100',
    '',
    `Dear Alice, this is about ${subject}.`,
  ];
  if (random && attachmentBytes > 0) {
    const base64 = random.bytes(attachmentBytes).toString('base64');
    for (let i = 0; i < base64.length; i += 76) {
      lines.push(base64.slice(i, i + 76));
    }
  }

  return `${lines.join('\r\n')}\r\n`;
}

/** One user with two folders: enough where the store is not the point. */
export function smallStore(): Tree {
  return {
    mail: {
      'example.com': {
        alice: {
          INBOX: {
            '#msgs': {
              '00000001.eml': message('one'),
              '00000002.eml': message('two'),
            },
            'status.fld': 'S1\r\n',
            'index.fld': 'U00000001 F1\r\n',
          },
          'Entw&APw-rfe': { '#msgs': {}, 'status.fld': 'S2\r\n' },
        },
      },
    },
  };
}

const ODD_NAMES = [
  'two words',
  ' leading',
  'trailing ',
  '#hash',
  'Ümläut',
  'Entw&APw-rfe',
  'a.b.c',
  '.hidden',
  "quote's",
  'percent%41',
  'semi;colon',
  '日本語',
  '-dash',
  'new folder (2)',
  'emoji😀',
  'Cafe\u0301',
] as const;

export interface RandomStoreOptions {
  readonly files: number;
  /** Greatest size of an ordinary file. */
  readonly maxBytes?: number;
}

/** A store that a seed decides: odd names, empty files and folders, long names and paths, modes, times, attachments. */
export function randomStore(seed: number, options: RandomStoreOptions): Tree {
  const random = new Random(seed);
  const mail: Record<string, Tree> = {};
  const users = Math.max(1, Math.round(options.files / 60));
  for (let u = 0; u < users; u++) {
    const folders: Record<string, Tree> = {};
    for (let f = 0; f < 3; f++) {
      folders[`${random.pick(ODD_NAMES)}${f}`] = randomFolder(
        random,
        options,
        users,
        0,
      );
    }

    mail[`user${u}`] = folders;
  }

  const longName = `${'n'.repeat(251)}.eml`;
  const long: Tree = {
    [longName]: 'long name\r\n',
    ['ü'.repeat(127)]: 'a name of 254 bytes\r\n',
  };
  return {
    mail: {
      'example.com': {
        ...mail,
        '#public': { Shared: { long, deep: deepTree() } },
      },
      'empty.example': {},
    },
  };
}

function randomFolder(
  random: Random,
  options: RandomStoreOptions,
  users: number,
  depth: number,
): Tree {
  const messages: Record<string, FileNode> = {};
  const count = Math.round(options.files / users / 3);
  for (let m = 1; m <= count; m++) {
    messages[`${m.toString(16).padStart(8, '0')}.eml`] = randomFile(
      random,
      options,
    );
  }

  const folder: Record<string, Tree | FileNode> = {
    '#msgs': messages,
    '#assoc': {},
    'status.fld': randomFile(random, { ...options, maxBytes: 200 }),
    [random.pick(ODD_NAMES)]: randomFile(random, options),
  };
  if (depth < 4 && random.chance(0.4)) {
    folder[`Sub ${random.pick(ODD_NAMES)}`] = randomFolder(
      random,
      { ...options, files: 9 },
      3,
      depth + 1,
    );
  }

  return folder;
}

function randomFile(random: Random, options: RandomStoreOptions): FileNode {
  const kind = random.int(0, 9);
  const max = options.maxBytes ?? 20_000;
  const mtimeSeconds = random.int(1_000_000_000, 1_700_000_000) + random.next();
  const mode = random.pick([0o600, 0o644, 0o640, 0o755, 0o400]);
  if (kind === 0) return { content: '', mode, mtimeSeconds };
  if (kind === 1) {
    return { content: random.bytes(random.int(1, max)), mode, mtimeSeconds };
  }

  const attachment = kind < 5 ? random.int(1, max) : 0;
  return {
    content: message(`number ${random.int(0, 1e9)}`, random, attachment),
    mode,
    mtimeSeconds,
  };
}

/** A path of more than 300 characters. */
function deepTree(): Tree {
  let tree: Tree = { 'bottom.eml': 'deep down\r\n' };
  for (let level = 12; level > 0; level--) {
    tree = { [`folder level ${level} ${'x'.repeat(12)}`]: tree };
  }

  return tree;
}
