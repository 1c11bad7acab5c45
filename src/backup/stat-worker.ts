import { serveTasks } from '../platform/worker-port.js';
import { examineFiles } from '../store/examine-files.js';

serveTasks(examineFiles);
