// The manual page kms-backup(1), in roff with the man macros.
import { filled } from './read-manifest.mjs';
import { bold, italic, plain, text } from './roff.mjs';

const DESCRIPTION =
  "Writes full, differential and copy archives of a mail server's store and configuration in the server's own format, verifies them, keeps them by the server's rotation rule, and recovers anything from one message to a whole server.";
/** Paragraphs of the section FILES, by file. */
const FILES = {
  'mailserver.cfg':
    "The mail server's configuration; names the store and the backup directory.",
  'kms-backup.ini':
    'Beside mailserver.cfg: what mailserver.cfg has no place for. kms-backup.ini.example shows every setting.',
  'kms-backup.spool':
    'Beside mailserver.cfg: notifications that could not be sent yet.',
};
const ENVIRONMENT =
  'Every flag has a variable, named with its description above. A flag beats the environment, the environment beats kms-backup.ini, kms-backup.ini beats mailserver.cfg. KMS_BACKUP_SMTP_PASSWORD and KMS_BACKUP_NETWORK_DISK_PASSWORD hold passwords. NO_COLOR turns colours off.';

export function manualPage(facts) {
  const { commands, exitMeaning } = facts;
  const flags = commands[0]?.flags ?? [];

  const lines = [
    ...beginning(facts),
    '.SH GLOBAL FLAGS',
    ...flags.filter(isGlobal).map(flagText),
    '.SH COMMANDS',
    ...commands.map((command) => commandText(command, exitMeaning)),
    '.SH EXIT STATUS',
    ...Object.entries(exitMeaning).map(paragraph),
    '.SH FILES',
    ...Object.entries(FILES).map(paragraph),
    '.SH ENVIRONMENT',
    text(ENVIRONMENT),
  ];

  return `${lines.join('\n')}\n`;
}

function beginning({ version, description, released }) {
  return [
    `.TH KMS\\-BACKUP 1 "${released}" "kms\\-backup ${text(version)}" "User Commands"`,
    '.SH NAME',
    `kms\\-backup, kmsrecover \\- ${text(description)}`,
    '.SH SYNOPSIS',
    `.B kms\\-backup\n\\fICOMMAND\\fR [\\fIARGUMENT\\fR...] [\\fIFLAG\\fR...]`,
    '.br',
    `.B kmsrecover\n[\\fIFLAG\\fR...] \\fIDIRECTORY\\fR|\\fIFILE\\fR`,
    '.SH DESCRIPTION',
    text(DESCRIPTION),
    '.PP',
    text('Called as kmsrecover it behaves as kms-backup recover --yes.'),
  ];
}

function paragraph([title, words]) {
  return `.TP\n${bold(title)}\n${text(words)}`;
}

function commandText(command, exitMeaning) {
  const args = Object.values(command.args).map(argumentText);
  const title = `.SS ${bold(`kms-backup ${command.words}`)} ${args.join(' ')}`;
  const flags = command.flags.filter((flag) => !isGlobal(flag) && !flag.hidden);
  const { summary = '', description = '' } = command;

  return [
    title.trimEnd(),
    text(filled(summary, command)),
    ...(description === '' ? [] : ['.PP', text(filled(description, command))]),
    ...flags.map(flagText),
    ...examplesText(command),
    ...exitCodesText(command, exitMeaning),
  ].join('\n');
}

function argumentText({ name, required }) {
  const label = italic(name.toUpperCase());

  return required ? label : `[${label}]`;
}

function examplesText(command) {
  const examples = (command.examples ?? []).map((example) =>
    filled(typeof example === 'string' ? example : example.command, command),
  );
  if (examples.length === 0) return [];

  const block = ['.RS', '.nf', ...examples.map(plain), '.fi', '.RE'];

  return ['.PP', 'Examples:', '.PP', ...block];
}

function exitCodesText(command, exitMeaning) {
  const codes = (command.exitCodes ?? []).filter((code) => code in exitMeaning);
  if (codes.length === 0) return [];

  const list = codes.join(', ');

  return ['.PP', text(`Exit status besides the common ones: ${list}.`)];
}

function isGlobal({ helpGroup }) {
  return helpGroup === 'GLOBAL';
}

function flagText(flag) {
  const { name, char, allowNo } = flag;
  const short = char ? `${bold(`-${char}`)}, ` : '';
  const long = bold(allowNo ? `--[no-]${name}` : `--${name}`);

  return `.TP\n${short}${long}${flagValue(flag)}\n${text(flagMeaning(flag))}`;
}

function flagValue({ name, type, options, helpValue }) {
  if (type !== 'option') return '';

  return ` ${italic(options?.join('|') ?? helpValue ?? name.toUpperCase())}`;
}

function flagMeaning({ summary, description, default: preset, env }) {
  const hasPreset = ['string', 'number'].includes(typeof preset);

  return [
    summary ?? description ?? '',
    ...(hasPreset ? [`Default: ${String(preset)}.`] : []),
    ...(env ? [`Environment: ${env}.`] : []),
  ].join(' ');
}
