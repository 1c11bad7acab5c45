import { serveTasks } from '../../platform/worker-port.js';
import type { FilesTask } from './pack-tasks.js';
import { WARM_BYTES, warmFiles } from './warm-files.js';

const scratch = Buffer.allocUnsafeSlow(WARM_BYTES);

serveTasks((task: FilesTask) => warmFiles(task, scratch));
