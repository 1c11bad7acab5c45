import { serveTasks } from '../../platform/worker-port.js';
import type { ReadTask } from './read-tasks.js';
import { TaskReader } from './task-reader.js';

const reader = new TaskReader();

serveTasks((task: ReadTask) => reader.read(task));
