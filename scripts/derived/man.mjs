// The manual page kms-backup(1), in roff with the man macros.
import { filled } from './read-manifest.mjs';

/** Words in lines of at most 79 bytes, as the tools for manual pages want them. */
function linesOf(line) {
  const lines = [];
  for (const word of line.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 79) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }

  return lines;
}

/** Text for roff: signs mean themselves. */
const plain = (value) =>
  value
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(
      /[^\0-\x7f]/gu,
      (sign) =>
        `\\[u${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );

/** Prose for roff: in short lines, none of which begins with a control character. */
const text = (value) =>
  plain(value)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap(linesOf)
    .map((line) => (/^[.']/.test(line) ? `\\&${line}` : line))
    .join('\n');

const bold = (value) => `\\fB${text(value)}\\fR`;

function flagText({
  name,
  char,
  type,
  allowNo,
  helpValue,
  options,
  default: preset,
  summary,
  description,
  env,
}) {
  const value =
    type === 'option'
      ? ` \\fI${text(options?.join('|') ?? helpValue ?? name.toUpperCase())}\\fR`
      : '';

  const short = char ? `${bold(`-${char}`)}, ` : '';

  const preselected =
    typeof preset === 'string' || typeof preset === 'number'
      ? ` Default: ${String(preset)}.`
      : '';

  const variable = env ? ` Environment: ${env}.` : '';

  return `.TP\n${short}${bold(allowNo ? `--[no-]${name}` : `--${name}`)}${value}\n${text(`${summary ?? description ?? ''}${preselected}${variable}`)}`;
}

function commandText(command, exitMeaning) {
  const args = Object.values(command.args).map(({ name, required }) => {
    const shown = `\\fI${text(name.toUpperCase())}\\fR`;
    return required ? shown : `[${shown}]`;
  });

  const own = command.flags.filter(
    ({ helpGroup, hidden }) => helpGroup !== 'GLOBAL' && !hidden,
  );
  const parts = [
    `.SS ${bold(`kms-backup ${command.words}`)} ${args.join(' ')}`.trimEnd(),
  ];

  parts.push(text(filled(command.summary ?? '', command)));
  if (command.description) {
    parts.push('.PP', text(filled(command.description, command)));
  }

  parts.push(...own.map(flagText));

  const examples = (command.examples ?? []).map((example) =>
    filled(typeof example === 'string' ? example : example.command, command),
  );
  if (examples.length > 0) {
    parts.push(
      '.PP',
      'Examples:',
      '.PP',
      '.RS',
      '.nf',
      ...examples.map(plain),
      '.fi',
      '.RE',
    );
  }

  const codes = (command.exitCodes ?? []).filter((code) => code in exitMeaning);
  if (codes.length > 0) {
    parts.push(
      '.PP',
      text(`Exit status besides the common ones: ${codes.join(', ')}.`),
    );
  }

  return parts.join('\n');
}

export function manualPage({
  commands,
  version,
  description,
  exitMeaning,
  released,
}) {
  const global =
    commands[0]?.flags.filter(({ helpGroup }) => helpGroup === 'GLOBAL') ?? [];
  const codes = Object.entries(exitMeaning).map(
    ([code, meaning]) => `.TP\n${bold(code)}\n${text(meaning)}`,
  );

  return `${[
    `.TH KMS\\-BACKUP 1 "${released}" "kms\\-backup ${text(version)}" "User Commands"`,
    '.SH NAME',
    `kms\\-backup, kmsrecover \\- ${text(description)}`,
    '.SH SYNOPSIS',
    `.B kms\\-backup\n\\fICOMMAND\\fR [\\fIARGUMENT\\fR...] [\\fIFLAG\\fR...]`,
    '.br',
    `.B kmsrecover\n[\\fIFLAG\\fR...] \\fIDIRECTORY\\fR|\\fIFILE\\fR`,
    '.SH DESCRIPTION',
    text(
      "Writes full, differential and copy archives of a mail server's store and configuration in the server's own format, verifies them, keeps them by the server's rotation rule, and recovers anything from one message to a whole server.",
    ),
    '.PP',
    text('Called as kmsrecover it behaves as kms-backup recover --yes.'),
    '.SH GLOBAL FLAGS',
    ...global.map(flagText),
    '.SH COMMANDS',
    ...commands.map((command) => commandText(command, exitMeaning)),
    '.SH EXIT STATUS',
    ...codes,
    '.SH FILES',
    `.TP\n${bold('mailserver.cfg')}\n${text("The mail server's configuration; names the store and the backup directory.")}`,
    `.TP\n${bold('kms-backup.ini')}\n${text('Beside mailserver.cfg: what mailserver.cfg has no place for. kms-backup.ini.example shows every setting.')}`,
    `.TP\n${bold('kms-backup.spool')}\n${text('Beside mailserver.cfg: notifications that could not be sent yet.')}`,
    '.SH ENVIRONMENT',
    text(
      'Every flag has a variable, named with its description above. A flag beats the environment, the environment beats kms-backup.ini, kms-backup.ini beats mailserver.cfg. KMS_BACKUP_SMTP_PASSWORD and KMS_BACKUP_NETWORK_DISK_PASSWORD hold passwords. NO_COLOR turns colours off.',
    ),
  ].join('\n')}\n`;
}
