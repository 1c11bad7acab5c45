// Worker threads of the single executable: a worker's code is an asset inside it, found by its file name.
import * as threads from 'node:worker_threads';
import sea from 'node:sea';

export class Worker extends threads.Worker {
  constructor(url, options) {
    const name = new URL(url).pathname.split('/').at(-1);
    super(sea.getAsset(name, 'utf8'), { ...options, eval: true });
  }
}

export const { BroadcastChannel } = threads;
