import { serveTasks } from '../platform/worker-port.js';
import { examineFiles } from './examine-files.js';

serveTasks(examineFiles);
