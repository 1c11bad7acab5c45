// Types commands into a real terminal (tmux) and keeps what is on the screen after each.
import { spawnSync } from 'node:child_process';

export const COLUMNS = 126;
const SERVER = `kms-backup-pictures-${process.pid}`;

/** Each step: the command, the lines it left on the screen, and how long it took in seconds. */
export function recordSession(commands, { env, cwd, now }) {
  const tmux = (...words) => {
    const { status, stdout, stderr } = spawnSync(
      'tmux',
      ['-L', SERVER, '-f', '/dev/null', ...words],
      {
        env: {
          ...env,
          TERM: 'xterm-256color',
          PS1: '$ ',
          PROMPT_COMMAND: `tmux -L ${SERVER} wait-for -S prompt`,
        },
        cwd,
        encoding: 'utf8',
        timeout: 120_000,
      },
    );

    if (status !== 0) throw new Error(`tmux ${words[0]}: ${stderr}`);

    return stdout;
  };

  // The prompt is announced before it is drawn.
  const screen = () => {
    for (;;) {
      const lines = tmux('capture-pane', '-p', '-S', '-').trimEnd().split('\n');
      if (lines.at(-1) === '$') return lines;
    }
  };

  try {
    tmux(
      'new-session',
      '-d',
      '-x',
      String(COLUMNS),
      '-y',
      '120',
      'faketime',
      now,
      'bash',
      '--norc',
      '--noprofile',
    );
    tmux('wait-for', 'prompt');

    let known = screen().length;

    return commands.map((command) => {
      const started = performance.now();
      tmux('send-keys', '-l', command);
      tmux('send-keys', 'Enter');
      tmux('wait-for', 'prompt');

      const seconds = (performance.now() - started) / 1000;
      const lines = screen();
      // The last line is the new prompt.
      const step = { command, lines: lines.slice(known, -1), seconds };

      known = lines.length;

      return step;
    });
  } finally {
    spawnSync('tmux', ['-L', SERVER, 'kill-server']);
  }
}
