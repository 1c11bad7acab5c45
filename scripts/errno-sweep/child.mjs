// Runs all cases in this one process, whose calls are refused by test/helpers/refuse-calls.c: some fifty times faster than
// a process each.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from './judge.mjs';
import { CALLS, commandsOf, ERRNOS, sidesOf } from './matrix.mjs';
import { run } from './run.mjs';
import { Server } from './server.mjs';

const [root, ...words] = process.argv.slice(2);
const valueOf = (flag, otherwise) =>
  words.includes(flag) ? words[words.indexOf(flag) + 1] : otherwise;
const oneOf = Number(valueOf('--sample', '1'));
const only = valueOf('--only', '');
const server = new Server(root);
const log = join(root, 'calls.log');
let round = 0;
let number = 0;

await server.build();
const before = { store: server.storeDigest(), archives: server.archives() };
const tally = new Map();
const faults = [];
for (const command of commandsOf(server).filter(({ id }) =>
  id.startsWith(only),
)) {
  await sweepCommand(command);
}

printTable();
process.exitCode = faults.length === 0 ? 0 : 1;

async function sweepCommand(command) {
  for (const [side, directory] of Object.entries(sidesOf(server))) {
    const counts = await discover(command, directory);
    for (const [call, count] of counts) {
      for (const [errno, code] of Object.entries(ERRNOS)) {
        for (const times of planTimes(errno, count)) {
          number++;

          if (number % oneOf === 0) {
            await tryCase({
              command,
              side,
              directory,
              call,
              errno,
              code,
              ...times,
            });
          }
        }
      }
    }
  }
}

/** Counts the calls of a command below a directory, while none of them is refused. */
async function discover(command, directory) {
  server.reset();
  await command.prepare(server);
  rmSync(log, { force: true });
  const { exitCode, output } = await run(
    command.id,
    command.argv,
    refusing({
      REFUSE_CALL: CALLS.join(','),
      REFUSE_BELOW: directory,
      REFUSE_LOG: log,
    }),
  );

  // A command that does nothing would pass every case.
  if (exitCode !== 0) {
    throw new Error(
      `${command.id} ended with ${exitCode} where nothing is refused:\n${output}`,
    );
  }

  const counts = new Map();
  for (const line of readLines(log)) {
    const call = line.slice(0, line.indexOf(' '));
    counts.set(call, (counts.get(call) ?? 0) + 1);
  }

  return counts;
}

/** Plans the refused calls: all from the first on, all of the second half, and one alone. An EINTR for all would loop without end. */
function planTimes(errno, count) {
  const one = { first: 1 + (number % count), times: 1 };
  return errno === 'EINTR'
    ? [one]
    : [
        { first: 1, times: '' },
        { first: Math.ceil(count / 2), times: '' },
        one,
      ];
}

async function tryCase(one) {
  server.reset();
  const lateMail = await one.command.prepare(server);
  const present = { ...before, store: server.storeDigest(), lateMail };

  const { command, directory, call, code, first, times } = one;

  const variables = {
    REFUSE_CALL: call,
    REFUSE_BELOW: directory,
    REFUSE_ERRNO: code,
    REFUSE_FIRST: first,
    REFUSE_TIMES: times,
  };

  const ended = await run(command.id, command.argv, refusing(variables));
  const fault = await judge(server, one, ended, present);
  const row = `${command.id} ${one.side} ${call}`;
  const ends = tally.get(row) ?? new Map();
  const end = /^Code: (\w+)$/m.exec(ended.output)?.[1] ?? '';

  ends.set(
    `${ended.exitCode}${end && ' '}${end}`,
    (ends.get(`${ended.exitCode}${end && ' '}${end}`) ?? 0) + 1,
  );
  tally.set(row, ends);
  if (fault === undefined) return;

  faults.push(fault);

  const what = `${command.id} ${command.argv.slice(1, 6).join(' ')}`.replaceAll(
    server.root,
    '',
  );

  console.log(
    `WRONG ${fault}: ${what}: ${call} on ${one.side}, ${one.errno} from ${first} times ${times || 'all'}`,
  );
  console.log(
    `      ${ended.exitCode} ${ended.output.trim().slice(0, 700).replaceAll(server.root, '').replaceAll('\n', '\n      ')}`,
  );
}

function refusing(variables) {
  return {
    begin: () => {
      Object.assign(process.env, variables, { REFUSE_ROUND: String(++round) });
    },
    end: () => {
      for (const name of ['REFUSE_CALL', 'REFUSE_ERRNO', 'REFUSE_LOG']) {
        Reflect.deleteProperty(process.env, name);
      }
    },
  };
}

function readLines(path) {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

function printTable() {
  for (const [row, ends] of tally) {
    console.log(
      `${row.padEnd(40)} ${[...ends].map(([end, count]) => `${end} ×${String(count)}`).join(', ')}`,
    );
  }

  const cases = [...tally.values()]
    .flatMap((ends) => [...ends.values()])
    .reduce((sum, count) => sum + count, 0);
  console.log(`${String(cases)} cases, ${String(faults.length)} wrong`);
}
