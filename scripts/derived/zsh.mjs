// Completes the plugin's completion for zsh with the values of an argument, the --no-… of a flag, words that the program knows, and kmsrecover.
import { OF_ARCHIVES, OF_WORDS, OFFERED } from './offered.mjs';

/** @param text the script of @oclif/plugin-autocomplete */
export function zshCompletion(text, commands) {
  let script = replaceOnce(
    text,
    '#compdef kms-backup',
    '#compdef kms-backup kmsrecover',
  );

  for (const { words, args } of commands) {
    const [argument] = Object.values(args);
    if (argument?.options) {
      script = withArgument(script, words, valuesOf(argument));
    }
  }

  const negatable = new Set(
    commands.flatMap(({ flags }) =>
      flags.filter(({ allowNo }) => allowNo).map(({ name }) => name),
    ),
  );

  for (const name of negatable) {
    script = script.replaceAll(
      new RegExp(`^--${name}"\\[.*$`, 'gm'),
      (line) => `${line}\n--no-${name}"[The opposite.]" \\`,
    );
  }

  script = withArgumentOffers(withOffers(script));

  return replaceOnce(
    script,
    '\n_kms-backup() {\n',
    `\n${OFFER}_kms-backup() {\n${KMSRECOVER}`,
  );
}

/** Called as kmsrecover it is `kms-backup recover`. In the function: the file is read once, the function called each time. */
const KMSRECOVER = `  if [[ $service == kmsrecover* ]]; then
    words=(kms-backup recover "\${(@)words[2,-1]}")
    (( CURRENT++ ))
  fi
`;

/** Words that the program knows; the typed line may name the server, a domain or a user. Behind a key comes its value, not a space. */
const OFFER = `_kms_backup_offer() {
  local -a found ending
  found=("\${(@f)$(kms-backup complete $1 -- "\${(@Q)words}" 2>/dev/null)}")
  [[ $1 != keys ]] || ending=(-S '')
  [[ -n $found ]] && compadd "\${(@)ending}" -a found
}
`;

function withOffers(script) {
  return Object.entries(OFFERED).reduce(
    (text, [flag, kind]) =>
      text.replaceAll(
        new RegExp(`^(.*--${flag}[}"].*):file:_files"`, 'gm'),
        (_, start) => `${start}:${flag}:{_kms_backup_offer ${kind}}"`,
      ),
    script,
  );
}

/** Where no archive fits what is typed, any path may. */
function withArgumentOffers(script) {
  const offers = [
    ...OF_ARCHIVES.map((words) => [
      words,
      '"*:archive:{_kms_backup_offer archives || _files}"',
    ]),
    ...Object.entries(OF_WORDS).map(([words, kind]) => [
      words,
      `"*:${kind}:{_kms_backup_offer ${kind}}"`,
    ]),
  ];

  return offers.reduce(
    (text, [words, offer]) => withArgument(text, words, offer),
    script,
  );
}

const valuesOf = ({ name, options }) => `"1:${name}:(${options.join(' ')})"`;

const PATHS = '"*: :_files"';

/** Puts what is offered for a command's arguments in the place of paths. */
function withArgument(script, words, offer) {
  const start = startOf(script, words);
  const end = script.indexOf(PATHS, start);
  if (start === -1 || end === -1 || script.indexOf(';;', start) < end) {
    throw new Error(`the plugin's completion has no arguments of ${words}`);
  }

  return script.slice(0, end) + offer + script.slice(end + PATHS.length);
}

/** A topic has a function of its own, with a case for each of its commands. */
function startOf(script, words) {
  const [topic, command] = words.split(' ');
  if (command === undefined) return script.indexOf(`\n${topic})\n_arguments`);

  const ofTopic = script.indexOf(`\n_kms-backup_${topic}() {\n`);

  return script.indexOf(`"${command}")\n`, ofTopic);
}

function replaceOnce(text, part, replacement) {
  const replaced = text.replace(part, () => replacement);
  if (replaced === text) {
    throw new Error(`the plugin's completion does not hold ${part}`);
  }

  return replaced;
}
