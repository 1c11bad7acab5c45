/** The parts of a running server's settings: each is read whole, and set by the smallest thing that the interface takes. */
import { FailedError } from '../../errors.js';
import type { JsonObject } from '../../platform/json-answer.js';
import type { ConfigChange } from '../config/change.js';
import type { AdminCalls } from './calls.js';
import type { ToldSections } from './config-text.js';
import {
  leafDifferences,
  optionDifferences,
  taskDifferences,
} from './differences.js';
import { findLeaf, isLeafOn, readLeaves } from './log-leaf.js';
import {
  type OptionEdit,
  storePathOf,
  tableOf,
  withOption,
} from './options.js';
import { TASK_LIST, toItem, type WantedTask, withTask } from './tasks.js';

/** Something that a server is told. */
interface Write {
  readonly method: string;
  readonly params: JsonObject;
}

/** What is to be told, and how the result is judged. */
export interface WritePlan<State> {
  readonly writes: readonly Write[];
  /** What a state that was read afterwards has otherwise than it should. */
  readonly differences: (found: State) => string[];
}

export interface RunningPart<State> {
  readonly read: (calls: AdminCalls) => Promise<State>;
  readonly told: (state: State) => ToldSections;
  /** @throws {UsageError} for what the interface has not */
  readonly plan: (
    state: State,
    changes: readonly ConfigChange[],
  ) => WritePlan<State>;
}

/** The options of the server's backup and its schedule. */
export interface BackupState {
  readonly options: JsonObject;
  readonly tasks: readonly JsonObject[];
}

/** All of a list. The server takes no nulls in a query. */
const ALL = {
  fields: [],
  conditions: [],
  combining: 'And',
  start: 0,
  limit: -1,
  orderBy: [],
};

export const BACKUP_PART: RunningPart<BackupState> = {
  read: async (calls) => {
    const options = (await calls.ask('Backup.get')).field('options').object();
    const list = await calls.ask('Backup.getScheduleList', { query: ALL });
    const items = list.field('scheduleList').items();

    return { options, tasks: items.map((item) => item.object()) };
  },

  told: ({ options, tasks }) => ({
    tables: {
      Directories: [
        ['StoreDir', storePathOf(options)],
        ...tableOf('Directories', options),
      ],
      StoreBackup: tableOf('StoreBackup', options),
    },
    lists: { [TASK_LIST]: tasks.map(toItem) },
  }),

  plan: planBackup,
};

function planBackup(
  state: BackupState,
  changes: readonly ConfigChange[],
): WritePlan<BackupState> {
  let edit: OptionEdit = { asked: {}, wanted: state.options };
  let tasks: WantedTask[] = state.tasks.map((item) => ({ item, isNew: false }));

  for (const change of changes) {
    if (change.kind === 'set') edit = withOption(edit, change.table, change);
    else tasks = withTask(tasks, change);
  }

  const isOptions = changes.some(({ kind }) => kind === 'set');
  const isSchedule = changes.some(({ kind }) => kind !== 'set');
  const set = { method: 'Backup.set', params: { options: edit.asked } };
  const scheduleList = tasks.map(({ item }) => item);
  const setList = {
    method: 'Backup.setScheduleList',
    params: { scheduleList },
  };

  return {
    writes: [...(isOptions ? [set] : []), ...(isSchedule ? [setList] : [])],
    differences: (found) => [
      ...optionDifferences(edit.wanted, found.options),
      ...taskDifferences(tasks, found.tasks),
    ],
  };
}

/** The message groups of the debug log. */
export const LOG_PART: RunningPart<readonly JsonObject[]> = {
  read: async (calls) => {
    const leaves = await readLeaves(calls);
    // Without it nobody could tell whether there is something to switch.
    findLeaf(leaves);

    return leaves;
  },

  told: (leaves) => ({
    tables: {},
    lists: {
      LogEvents: [
        [
          ['LogName', 'debug'],
          ['EventName', 'backup'],
          ['Enabled', isLeafOn(leaves) ? '1' : '0'],
        ],
      ],
    },
  }),

  plan: planSwitch,
};

/** The whole list goes back as it was read, with one switch turned: the interface has no smaller thing. */
function planSwitch(
  leaves: readonly JsonObject[],
  changes: readonly ConfigChange[],
): WritePlan<readonly JsonObject[]> {
  const [change] = changes;
  if (change?.kind !== 'set-in-item' || change.name !== 'Enabled') {
    throw new FailedError('a message group is switched, and nothing else');
  }

  const at = findLeaf(leaves);
  const wanted = leaves.map((leaf, index) =>
    index === at ? { ...leaf, enabled: change.value === '1' } : leaf,
  );

  return {
    writes: [{ method: 'Logs.setMessages', params: { messages: wanted } }],
    differences: (found) => leafDifferences(wanted, found),
  };
}
