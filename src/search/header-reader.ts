import { VolumeHandle } from '../archive/volume-handle.js';
import { EntryDamage } from '../archive/zip/entry-damage.js';
import { ColumnTable } from '../archive/zip/entry-table.js';
import type { EntryPlace } from '../archive/zip/read-entry.js';
import { isReadFailure } from '../archive/zip/source.js';
import { foldText } from '../mail/fold-text.js';
import {
  type MessageHeaders,
  readMessageHeaders,
} from '../mail/message-headers.js';
import { readHeadersOf } from './find-match.js';
import type { HeaderAnswer, HeaderTask } from './header-tasks.js';

/** Reads the headers that people search by, in any thread. */

const NO_HEADERS: MessageHeaders = {
  from: '',
  to: '',
  cc: '',
  bcc: '',
  subject: '',
  messageId: '',
  date: undefined,
};

/** Does tasks one after the other, each volume open while tasks are about it. */
export class HeaderReader {
  readonly #handle = new VolumeHandle();

  async read({ volume, columns }: HeaderTask): Promise<HeaderAnswer> {
    const table = new ColumnTable(columns);
    const gathered = new Gathered(table.count);

    try {
      const source = await this.#handle.open(volume);
      for (let index = 0; index < table.count; index++) {
        gathered.add(tryHeaders({ source, table, index }));
      }
    } catch (error) {
      if (!isReadFailure(error)) throw error;

      return gathered.endingWith(error.code ?? error.message);
    }

    return gathered.answer;
  }

  close(): void {
    this.#handle.close();
  }
}

/** The headers of a task, as far as they were read. */
class Gathered {
  readonly #dates: Float64Array;
  readonly #texts = { from: '', to: '', subject: '', messageId: '' };
  readonly #unread: number[] = [];
  #count = 0;

  constructor(private readonly total: number) {
    this.#dates = new Float64Array(total);
  }

  /** @param headers undefined for a message that cannot be read */
  add(headers: MessageHeaders | undefined): void {
    if (!headers) this.#unread.push(this.#count);

    const { from, to, cc, bcc, subject, messageId, date } =
      headers ?? NO_HEADERS;

    this.#dates[this.#count++] = date?.getTime() ?? NaN;
    this.#texts.from += `${foldText(from)}\n`;
    this.#texts.to += `${foldText(`${to} ${cc} ${bcc}`)}\n`;
    this.#texts.subject += `${foldText(subject)}\n`;
    this.#texts.messageId += `${oneLine(messageId.toLowerCase())}\n`;
  }

  get answer(): HeaderAnswer {
    return {
      dates: this.#dates,
      lines: toBytes(this.#texts),
      unread: this.#unread,
      failure: undefined,
    };
  }

  /** The same where the system refused to go on. */
  endingWith(failure: string): HeaderAnswer {
    while (this.#count < this.total) this.add(undefined);

    return { ...this.answer, failure };
  }
}

/** Most messages are smaller; memory for each of them would be given back late. */
const memory = Buffer.allocUnsafeSlow(128 << 10);

/** Undefined for a message that is damaged. */
function tryHeaders(entry: EntryPlace): MessageHeaders | undefined {
  try {
    return readMessageHeaders(readHeadersOf(entry, memory));
  } catch (error) {
    if (!(error instanceof EntryDamage)) throw error;

    return undefined;
  }
}

function oneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

function toBytes({
  from,
  to,
  subject,
  messageId,
}: Record<keyof HeaderAnswer['lines'], string>): HeaderAnswer['lines'] {
  return {
    from: Buffer.from(from),
    to: Buffer.from(to),
    subject: Buffer.from(subject),
    messageId: Buffer.from(messageId),
  };
}
