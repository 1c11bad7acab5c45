/** As much of IMAP (RFC 3501) as a client needs that looks at folders and adds messages; over the mailbox of a stand-in, without TLS. */
import { createServer } from 'node:net';
import { idOf, promise } from './stand-in-mail.mjs';

const BITS = { '\\seen': 1, '\\answered': 2, '\\flagged': 4, '\\draft': 16 };

/**
 * Answers on 127.0.0.1. With `dropRate` connections break off at a message that is added: before it is stored, or before the answer.
 * @returns a promise of the server, when it listens
 */
export function serveImap({ mailbox, port, dice, dropRate = 0 }) {
  const server = createServer((socket) => {
    const session = new Session(socket, { mailbox, dice, dropRate });
    socket.on('error', () => {});
    socket.on('data', (bytes) => session.take(bytes));
    session.say('* OK stand-in');
  });

  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

class Session {
  #bytes = Buffer.alloc(0);
  /** The command so far, and the literal that ends it. */
  #line = '';
  #literal;
  #awaited = 0;
  #folder;
  #names = [];

  constructor(socket, { mailbox, dice, dropRate }) {
    this.socket = socket;
    this.mailbox = mailbox;
    this.dice = dice;
    this.dropRate = dropRate;
  }

  say(text) {
    this.socket.write(`${text}\r\n`);
  }

  take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (!this.socket.destroyed && this.#takeOne());
  }

  #takeOne() {
    if (this.#awaited > 0) {
      if (this.#bytes.length < this.#awaited) return false;

      this.#literal = this.#cut(this.#awaited);
      this.#awaited = 0;
    }

    const end = this.#bytes.indexOf('\r\n');
    if (end < 0) return false;

    this.#line += this.#cut(end).toString('latin1');
    this.#cut(2);

    const literal = /\{(\d+)(\+?)\}$/.exec(this.#line);
    if (literal && this.#literal === undefined) {
      this.#awaited = Number(literal[1]);
      if (literal[2] === '') this.say('+ go on');

      return true;
    }

    this.#answer();
    this.#line = '';
    this.#literal = undefined;

    return true;
  }

  #cut(length) {
    const cut = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);

    return cut;
  }

  #answer() {
    const [, tag, uid, command, rest] =
      /^(\S+) (uid )?(\S+) ?(.*)$/i.exec(this.#line) ?? [];
    const act = this[`do${command?.toUpperCase()}`];
    if (!act) return this.say(`${tag ?? '*'} BAD what is ${command}?`);

    const answer = act.call(this, rest, uid !== undefined);
    if (answer !== undefined) this.say(`${tag} ${answer}`);
  }

  doCAPABILITY() {
    this.say('* CAPABILITY IMAP4rev1');

    return 'OK';
  }

  doLOGIN(rest) {
    return rest.endsWith('"user-secret"') ? 'OK' : 'NO [AUTHENTICATIONFAILED]';
  }

  doNOOP() {
    return 'OK';
  }

  doLOGOUT() {
    this.say('* BYE');

    return 'OK';
  }

  doLIST(rest) {
    const [, wanted] = wordsOf(rest);
    if (wanted === '') this.say('* LIST (\\Noselect) "/" ""');

    const isAll = wanted === '*' || wanted === '%';
    for (const path of this.mailbox.paths()) {
      if (isAll || path === wanted) this.say(`* LIST () "/" "${path}"`);
    }

    return 'OK';
  }

  doLSUB() {
    return 'OK';
  }

  doSUBSCRIBE() {
    return 'OK';
  }

  doCREATE(rest) {
    const [path] = wordsOf(rest);
    if (this.mailbox.folder(path)) return 'NO [ALREADYEXISTS]';

    this.mailbox.make(path);

    return 'OK';
  }

  doEXAMINE(rest) {
    const [path] = wordsOf(rest);
    this.#folder = this.mailbox.folder(path);
    if (!this.#folder) return 'NO [NONEXISTENT]';

    this.#names = this.#folder.names();
    this.say(`* ${this.#names.length} EXISTS`);
    this.say('* 0 RECENT');
    this.say('* FLAGS (\\Seen \\Answered \\Flagged \\Draft \\Deleted)');
    this.say('* OK [UIDVALIDITY 1]');
    this.say(`* OK [UIDNEXT ${uidOf(this.#names.at(-1) ?? '0') + 1}]`);

    return 'OK [READ-ONLY]';
  }

  doCLOSE() {
    this.#folder = undefined;

    return 'OK';
  }

  doFETCH(rest, byUid) {
    const [, set, wanted] = /^(\S+) (.*)$/.exec(rest);
    const isWanted = (number) =>
      set.split(',').some((range) => isWithin(range, number));

    for (const [at, name] of this.#names.entries()) {
      const uid = uidOf(name);
      if (!isWanted(byUid ? uid : at + 1)) continue;

      const bytes = this.#folder.bytes(name);
      const facts = [`UID ${uid}`, `RFC822.SIZE ${bytes.length}`];
      const section = /HEADER\.FIELDS \(([^)]*)\)/i.exec(wanted);
      if (section) {
        const text = headersOf(bytes, section[1].toLowerCase().split(' '));
        facts.push(`BODY[${section[0]}] {${text.length}}\r\n${text}`);
      }

      this.say(`* ${at + 1} FETCH (${facts.join(' ')})`);
    }

    return 'OK';
  }

  doAPPEND(rest) {
    const [path] = wordsOf(rest);
    const folder = this.mailbox.folder(path);
    if (!folder) return 'NO [TRYCREATE]';

    const isDropped = this.dice.chance(this.dropRate);
    if (isDropped && this.dice.chance(0.5)) return this.socket.destroy();

    const bits = bitsOf(/\(([^)]*)\)/.exec(rest)?.[1] ?? '');
    const date = new Date(/"([^"]*)" \{/.exec(rest)?.[1] ?? Date.now());
    const name = folder.add(this.#literal, bits, date);
    promise(`append ${name} ${bits} ${path}\t${idOf(this.#literal)}`);
    folder.writeIndex();
    if (isDropped) return this.socket.destroy();

    return 'OK';
  }
}

const uidOf = (name) => Number.parseInt(name, 16);

function isWithin(range, number) {
  const [from, to = from] = range.split(':');

  return number >= Number(from) && (to === '*' || number <= Number(to));
}

function bitsOf(flags) {
  const words = flags.toLowerCase().split(' ');

  return words.reduce((bits, flag) => bits | (BITS[flag] ?? 0), 0);
}

/** Quoted strings and atoms. */
function wordsOf(text) {
  const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)];

  return words.map(
    ([, quoted, atom]) => quoted?.replace(/\\(.)/g, '$1') ?? atom,
  );
}

function headersOf(bytes, fields) {
  const block = bytes.toString('latin1').split('\r\n\r\n', 1)[0];
  const lines = block
    .split('\r\n')
    .filter((line) => fields.includes(line.split(':', 1)[0].toLowerCase()));

  return `${lines.join('\r\n')}\r\n\r\n`;
}
