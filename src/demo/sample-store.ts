import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFolderName } from '../store/folder-name.js';
import { formatMessageFile } from '../store/message-file.js';
import { Dice } from './dice.js';
import { sampleMessage } from './sample-mail.js';

/** A mailbox of the sample server: its folders by the names that people see, and how many messages lie in each. */
interface SampleMailbox {
  /** Below `mail/`. */
  readonly path: string;
  readonly folders: Readonly<Record<string, number>>;
}

const STANDARD = {
  'Sent Items': 12,
  Drafts: 1,
  'Deleted Items': 4,
  'Junk E-mail': 3,
  Contacts: 2,
  Calendar: 2,
};

const MAILBOXES: readonly SampleMailbox[] = [
  {
    path: 'example.com/alice',
    folders: {
      ...STANDARD,
      INBOX: 80,
      'INBOX/Projects': 14,
      'INBOX/Projects/2024 Budget': 22,
      'Gesendete Objekte': 9,
      'Gesendete Objekte/Ärzte': 11,
      Entwürfe: 5,
      'Kunden & Partner': 8,
    },
  },
  {
    path: 'example.com/bob',
    folders: { ...STANDARD, INBOX: 60, 'Faktury přijaté': 7, Archive: 0 },
  },
  { path: 'example.com/carol', folders: { ...STANDARD, INBOX: 18 } },
  { path: 'example.com/#public', folders: { News: 6, 'Team calendar': 3 } },
  { path: 'example.org/erik', folders: { ...STANDARD, INBOX: 40, 日本語: 4 } },
  { path: 'example.org/fiona', folders: { ...STANDARD, INBOX: 25 } },
  { path: '#public', folders: { 'Server notices': 2 } },
];

/** The content of a sample store. */
export interface SampleCounts {
  readonly messages: number;
  readonly sizeBytes: number;
}

/** Fills `storeDir` with mail: always the same bytes, names and times. */
export function buildSampleStore(storeDir: string): SampleCounts {
  const dice = new Dice(2006);
  let messages = 0;
  let sizeBytes = 0;

  for (const { path, folders } of MAILBOXES) {
    for (const [name, count] of Object.entries(folders)) {
      const folder = join(
        storeDir,
        'mail',
        path,
        ...name.split('/').map(encodeFolderName),
      );

      const index: string[] = [];

      mkdirSync(join(folder, '#msgs'), { recursive: true });
      mkdirSync(join(folder, '#assoc'), { recursive: true });

      for (let uid = 1; uid <= count; uid++) {
        const { text, storedAt } = sampleMessage(dice, messages++);
        const line = Buffer.byteLength(text);

        sizeBytes += line;
        writeSample(
          join(folder, '#msgs', formatMessageFile(uid)),
          text,
          storedAt,
        );
        index.push(indexLine(uid, line, storedAt));
      }

      writeFolderFiles(folder, index);
    }
  }

  writeServerFiles(storeDir);

  return { messages, sizeBytes };
}

function indexLine(uid: number, sizeBytes: number, storedAt: Date): string {
  const seconds = (storedAt.getTime() / 1000).toFixed(0);
  const readFlags = uid % 5 === 0 ? 3 : 1;
  const flags = uid % 3 === 0 ? 0 : readFlags;

  return `U${uid.toString(16).padStart(8, '0')} F${String(flags)} S${String(sizeBytes)} D${seconds} T${seconds}`;
}

/** `search.fld` is there to show that it is left out of backups: the server rebuilds it. */
function writeFolderFiles(folder: string, index: readonly string[]): void {
  const time = new Date(Date.UTC(2024, 8, 1, 12, 0, 1, 234));
  writeSample(
    join(folder, 'index.fld'),
    index.map((line) => `${line}\r\n`).join(''),
    time,
  );
  writeSample(
    join(folder, 'status.fld'),
    `N${String(index.length)}\r\nU${String(index.length + 1)}\r\n`,
    time,
  );
  writeSample(join(folder, 'search.fld'), 'words of this folder\r\n', time);
}

/** Writes the rest of the store: a mailing list, the spam filter's data, and directories that are not backed up. */
function writeServerFiles(storeDir: string): void {
  const time = new Date(Date.UTC(2024, 5, 1, 6, 30));
  const files = {
    'lists/example.com/team/members.txt':
      'alice@example.com\r\nbob@example.com\r\n',
    'spamassassin/bayes_toks': 'learned words\n',
    'queue/0000001.env': 'a message on its way\n',
    'logs/mail.log': '[01/Jun/2024 08:30:00] Recv: Queue-ID: 1\r\n',
    'tmp/upload.tmp': 'rest of a connection\n',
  };

  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(storeDir, path, '..'), { recursive: true });
    writeSample(join(storeDir, path), text, time);
  }
}

function writeSample(path: string, text: string, time: Date): void {
  writeFileSync(path, text, { mode: 0o600 });
  utimesSync(path, time, time);
}
