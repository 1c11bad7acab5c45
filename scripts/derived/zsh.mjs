// Completes the plugin's completion for zsh with the values of an argument, the --no-… of a flag, and kmsrecover.

/** @param text the script of @oclif/plugin-autocomplete */
export function zshCompletion(text, commands) {
  let script = replaceOnce(
    text,
    '#compdef kms-backup',
    '#compdef kms-backup kmsrecover',
  );

  for (const { words, args } of commands) {
    const [argument] = Object.values(args);
    if (argument?.options) script = withValues(script, words, argument);
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

  script = withOffers(script);

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

/** Words that the program knows; the typed line may name the server, a domain or a user. */
const OFFER = `_kms_backup_offer() {
  local -a found
  found=("\${(@f)$(kms-backup complete $1 -- "\${(@)words}" 2>/dev/null)}")
  [[ -n \$found ]] && compadd -a found
}
`;

const OFFERED = { domain: 'domains', folder: 'folders', user: 'users' };

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

function withValues(script, words, { name, options }) {
  const start = script.indexOf(`\n${words})\n_arguments`);
  const end = script.indexOf('"*: :_files"', start);
  if (start === -1 || end === -1) {
    throw new Error(`the plugin's completion has no arguments of ${words}`);
  }

  return `${script.slice(0, end)}"1:${name}:(${options.join(' ')})"${script.slice(end + '"*: :_files"'.length)}`;
}

function replaceOnce(text, part, replacement) {
  const replaced = text.replace(part, () => replacement);
  if (replaced === text) {
    throw new Error(`the plugin's completion does not hold ${part}`);
  }

  return replaced;
}
