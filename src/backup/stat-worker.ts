import { serveTasks } from '../platform/worker-port.js';
import { examineListed } from '../store/examine-files.js';

serveTasks(examineListed);
