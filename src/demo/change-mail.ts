import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFolderName } from '../store/folder-name.js';
import { Dice } from './dice.js';
import { sampleMessage } from './sample-mail.js';
import { formatMessageFile } from '../store/message-file.js';

/** The changes of a day of work in the sample store. */
export interface MailChanges {
  readonly added: number;
  readonly deleted: number;
  readonly movedFolder: string;
}

/** A day of work: new mail in alice's INBOX, old mail of bob's deleted, and one folder moved. */
export function changeMail(storeDir: string): MailChanges {
  const mail = join(storeDir, 'mail', 'example.com');
  const inbox = join(mail, 'alice', 'INBOX', '#msgs');
  const dice = new Dice(7);
  const added = 12;

  for (let i = 1; i <= added; i++) {
    writeFileSync(
      join(inbox, formatMessageFile(200 + i)),
      sampleMessage(dice, 4000 + i).text,
      { mode: 0o600 },
    );
  }

  const deleted = 9;
  for (let uid = 1; uid <= deleted; uid++) {
    rmSync(join(mail, 'bob', 'INBOX', '#msgs', formatMessageFile(uid)));
  }

  const moved = encodeFolderName('Ärzte');
  renameSync(
    join(mail, 'alice', 'Gesendete Objekte', moved),
    join(mail, 'alice', moved),
  );

  return { added, deleted, movedFolder: 'Gesendete Objekte/Ärzte' };
}
