// Types commands into a real terminal (tmux) and keeps the screen after each.
import { spawnSync } from 'node:child_process';
import { argv } from '../argv.mjs';

export const COLUMNS = 126;
const ROWS = 120;
const SERVER = `kms-backup-pictures-${process.pid}`;

/** Returns a step for each command: `{ command, lines, seconds }`, with the lines that it left on the screen. */
export function recordSession(commands, { env, cwd, now }) {
  const terminal = new Terminal(env, cwd);

  try {
    terminal.start(now);

    let lineCount = terminal.readScreen().length;

    return commands.map((command) => {
      const startedMs = performance.now();
      terminal.type(command);

      const seconds = (performance.now() - startedMs) / 1000;
      const screen = terminal.readScreen();
      // The last line is the new prompt.
      const lines = screen.slice(lineCount, -1);

      lineCount = screen.length;

      return { command, lines, seconds };
    });
  } finally {
    terminal.end();
  }
}

/** A shell in a window of tmux. */
class Terminal {
  #options;

  constructor(env, cwd) {
    this.#options = {
      env: {
        ...env,
        TERM: 'xterm-256color',
        PS1: '$ ',
        PROMPT_COMMAND: `tmux -L ${SERVER} wait-for -S prompt`,
      },
      cwd,
      encoding: 'utf8',
      timeout: 120_000,
    };
  }

  /** @param now the time that the shell believes in, as faketime takes it */
  start(now) {
    const shell = argv`faketime ${now} bash --norc --noprofile`;

    this.#tmux(argv`new-session -d -x ${COLUMNS} -y ${ROWS} ${shell}`);
    this.#tmux(argv`wait-for prompt`);
  }

  /** Types a command, and waits for its end. */
  type(command) {
    this.#tmux(argv`send-keys -l ${command}`);
    this.#tmux(argv`send-keys Enter`);
    this.#tmux(argv`wait-for prompt`);
  }

  /** Returns the lines of the screen, the prompt last. The prompt is announced before it is drawn. */
  readScreen() {
    for (;;) {
      const text = this.#tmux(argv`capture-pane -p -S -`);
      const lines = text.trimEnd().split('\n');
      if (lines.at(-1) === '$') return lines;
    }
  }

  end() {
    spawnSync('tmux', ['-L', SERVER, 'kill-server']);
  }

  #tmux(words) {
    const { status, stdout, stderr } = spawnSync(
      'tmux',
      ['-L', SERVER, '-f', '/dev/null', ...words],
      this.#options,
    );
    if (status !== 0) throw new Error(`tmux ${words[0]}: ${stderr}`);

    return stdout;
  }
}
