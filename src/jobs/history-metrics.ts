/** The history's numbers in the file of `[metrics] textfile`, written after every run: also after one that broke before it began. */
import { readHistory } from '../history/read-history.js';
import { KmsError, messageOf } from '../errors.js';
import { addNote } from '../platform/run-notes.js';
import { writeHistoryMetrics } from '../report/metrics-file.js';
import { readTelling } from '../report/telling.js';
import { historyFacts } from './history-facts.js';
import { lookAtTasks } from './missed-tasks.js';
import { findServer, type ServerFlags } from './server.js';
import { toStatusRequest } from './status-request.js';

/** Never fails: what cannot be written is a warning of the run. */
export async function keepHistoryMetrics(flags: ServerFlags): Promise<void> {
  try {
    const installation = findServer(flags);
    const { textfile } = readTelling(installation).settings.metrics;
    if (textfile === undefined) return;

    const request = toStatusRequest({ 'server-dir': flags['server-dir'] });
    const history = readHistory(installation.dir);
    const { missed } = lookAtTasks(request, history, undefined);
    const facts = historyFacts(request.storage.name, history, missed);

    await writeHistoryMetrics(textfile, facts, request.clock);
  } catch (error) {
    const text = `the metrics of the history were not written: ${messageOf(error)}`;
    const kind = error instanceof KmsError ? 'remark' : 'warning';
    addNote({ kind, key: 'history-metrics', text });
  }
}
