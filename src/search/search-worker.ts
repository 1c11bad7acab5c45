import { serveTasks } from '../platform/worker-port.js';
import { Searcher } from './find-match.js';
import type { SearchTask } from './search-tasks.js';

const searcher = new Searcher();

serveTasks((task: SearchTask) => searcher.search(task));
