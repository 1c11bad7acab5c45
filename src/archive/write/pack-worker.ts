import { workerData } from 'node:worker_threads';
import { serveTasks, tellMain } from '../../platform/worker-port.js';
import type { PackTask, PackWorkerData } from './pack-tasks.js';
import { TaskPacker } from './task-packer.js';

const packer = new TaskPacker(workerData as PackWorkerData, tellMain);

serveTasks((task: PackTask) => packer.run(task));
