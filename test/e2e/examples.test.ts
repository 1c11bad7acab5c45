import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  COMMAND_IDS,
  CRON_ENVIRONMENT,
  examplesOf,
  type PlantedServer,
  plantedServer,
} from '../helpers/planted-server.js';
import { kmsInProcess } from '../helpers/in-process.js';
import { BINARY, type Ended, runTool } from '../helpers/tools.js';

/** Every example of every help. */
const EXAMPLES = COMMAND_IDS.flatMap((id) =>
  examplesOf(id).map((example) =>
    example
      .replaceAll('<%= config.bin %>', 'kms-backup')
      .replaceAll('<%= command.id %>', id.replaceAll(':', ' ')),
  ),
);

/** What an example ends with where that is not 0. */
const ENDS: readonly (readonly [RegExp, number])[] = [
  // Nobody is there to answer.
  [/config wizard/, 2],
  [/recover \/mnt\/server-backup$/, 2],
  [/-f INBOX --additive/, 2],
  // Nobody says the password.
  [/-f INBOX --imap/, 2],
  // No recover that could be undone or forgotten, no mail service that answers, no such messages, no backup for 26 hours.
  [/--rollback/, 10],
  [/--forget/, 10],
  [/notify test/, 1],
  [/search /, 10],
  [/pin [FC]/, 10],
  // No keys of an object store.
  [/--to s3:/, 2],
  [/target test/, 1],
  // No task of its own to work through.
  [/--tasks-only/, 2],
];

/** These change the machine itself, never end, or run in another test: a further flag keeps them from it. */
const HARMLESS: readonly (readonly [RegExp, string])[] = [
  [/schedule (un)?install/, ' --directory "$OUT/jobs"'],
  [/log show --follow/, ' --help'],
  [/demo$/, ' --help'],
  [/replicate$/, ' --to "$OUT"'],
  [/drill .*--keep$/, ' --to "$OUT"'],
];

let base: string;
let made: PlantedServer;
beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'kms backup-')));
  mkdirSync(join(base, 'server'));
  made = plantedServer(join(base, 'server'));
  expect(run('kms-backup backup full --notify never', made)).toMatchObject({
    status: 0,
  });
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

/** A server of its own for an example, with the archive of the first. */
function serverWithArchive(): PlantedServer {
  const server = plantedServer();
  for (const part of ['backup', join('store', 'logs')]) {
    cpSync(join(made.dir, part), join(server.dir, part), { recursive: true });
  }

  return server;
}

/** A line without what only a shell does, in this process: the examples are many. */
async function runHere(line: string, server: PlantedServer): Promise<Ended> {
  const archive = join(
    server.backupDir,
    readdirSync(server.backupDir).find((name) => name.endsWith('.zip')) ?? '',
  );
  const places: readonly (readonly [RegExp, string])[] = [
    [/^\/mnt\/server-backup\/F\d{8}T\d{6}Z\.zip$/, archive],
    [/^(E:\\backup 2|\/mnt\/server-backup)$/, server.backupDir],
    [/^\/opt\/kerio\/mailserver$/, server.dir],
  ];
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
  const [, ...args] = words.map(
    (word) => places.find(([pattern]) => pattern.test(word))?.[1] ?? word,
  );
  process.env['KMS_BACKUP_SERVER_DIR'] = server.dir;
  try {
    return await kmsInProcess(args);
  } finally {
    delete process.env['KMS_BACKUP_SERVER_DIR'];
  }
}

/** Whether nothing but a command and its words stands there, and none of them is a file that it writes. */
const isPlain = (line: string): boolean =>
  /^kms-backup (backup|config|list|log|recover|rotate|schedule (add|edit|list|rm|reset)|search|status$|verify|doctor)/.test(
    line,
  ) && !/[|>;&$=']|wizard|\/tmp\/|--help/.test(line);

/** Runs a line in a shell in which the places of the examples are those of this test. */
function run(line: string, server: PlantedServer): Ended {
  const archive = join(
    server.backupDir,
    readdirSync(server.backupDir).find((name) => name.endsWith('.zip')) ?? '',
  );
  const out = join(server.dir, 'out');
  mkdirSync(join(out, 'jobs'), { recursive: true });
  const here = line
    .replace(/\/mnt\/server-backup\/F\d{8}T\d{6}Z\.zip/, '"$ARCHIVE"')
    .replace(/"E:\\backup 2"|\/mnt\/server-backup/, '"$BACKUP"')
    .replace(/\/opt\/kerio\/mailserver/, '"$SERVER"')
    .replace(/\/mnt\/usb-disk/, '"$OUT"')
    .replace(/(?<=target (rm|show|test) )offsite/, 'planted')
    .replace(
      /\/tmp\/kms-backup-demo|\/etc\/bash_completion\.d\/kms-backup|"\$\{fpath\[1\]\}\/_kms-backup"|\$PROFILE|~\/\.config\/fish\/completions\/kms-backup\.fish|\/var\/lib\/prometheus\/\S+/,
      '"$OUT/$RANDOM"',
    )
    .replace(/\| ssh new-server tar -x/, '| (cd "$OUT" && tar -x)');
  const product = `kms-backup() { ${JSON.stringify(process.execPath)} ${JSON.stringify(BINARY)} "$@"; }; set -o pipefail`;
  const places = {
    BACKUP: server.backupDir,
    ARCHIVE: archive,
    SERVER: server.dir,
    OUT: out,
  };
  return runTool('bash', ['-c', `${product}\n${here}`], {
    cwd: server.dir,
    env: { ...CRON_ENVIRONMENT, ...places },
  });
}

describe.skipIf(process.platform === 'win32')('the examples of --help', () => {
  it.each(EXAMPLES)('%s', async (example) => {
    const harmless =
      HARMLESS.find(([pattern]) => pattern.test(example))?.[1] ?? '';
    const line = `${example}${harmless}`.replace(
      /--to cron\b(?=.*--directory)/,
      '--to systemd',
    );
    const server = serverWithArchive();
    const { status, stdout, stderr } = isPlain(line)
      ? await runHere(line, server)
      : run(line, server);
    const expected = ENDS.find(([pattern]) => pattern.test(example))?.[1] ?? 0;
    expect(status, stdout + stderr).toBe(expected);
    expect(stderr).not.toMatch(
      /Nonexistent flag|Unexpected argument|no such command|UNEXPECTED/,
    );
  });
});
