import { serveTasks } from '../platform/worker-port.js';
import { HeaderReader } from './header-reader.js';
import type { HeaderTask } from './header-tasks.js';

const reader = new HeaderReader();

serveTasks((task: HeaderTask) => reader.read(task));
