import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  BlockSlots,
  SLOT_BYTES,
} from '../../../src/archive/write/block-slots.js';

it('no slot is taken twice before it was released', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 }), { maxLength: 30 }), (releases) => {
      const slots = BlockSlots.create();
      const taken = new Set<number>();

      for (const release of releases) {
        if (taken.size === 3) {
          const slot = [...taken][release] ?? 0;
          slots.release(slot);
          taken.delete(slot);
        }

        const slot = slots.take();
        expect(taken).not.toContain(slot);
        taken.add(slot);
      }
    }),
    { numRuns: 30 },
  );
});

it('slots are memory of their own, which both threads see', () => {
  const slots = BlockSlots.create();
  const other = new BlockSlots(slots.memory, slots.control);
  for (const slot of [0, 1, 2]) slots.bytes(slot).fill(slot + 1);

  for (const slot of [0, 1, 2]) {
    expect(other.bytes(slot)).toHaveLength(SLOT_BYTES);
    expect(other.bytes(slot)[0]).toBe(slot + 1);
    expect(other.bytes(slot)[SLOT_BYTES - 1]).toBe(slot + 1);
  }
});

it('a worker that finds no free slot waits for one', async () => {
  const slots = BlockSlots.create();
  const held = [slots.take(), slots.take(), slots.take()];
  expect(held).toEqual([0, 1, 2]);

  const url = new URL(
    '../../../dist/archive/write/block-slots.js',
    import.meta.url,
  );
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     import(workerData.url).then(({ BlockSlots }) => {
       parentPort.postMessage('waits');
       const slots = new BlockSlots(workerData.memory, workerData.control);
       parentPort.postMessage(slots.take());
     });`,
    {
      eval: true,
      workerData: {
        url: url.href,
        memory: slots.memory,
        control: slots.control,
      },
    },
  );
  const said: unknown[] = [];
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const waits = new Promise((resolve) => worker.once('message', resolve));
  worker.on('message', (message) => said.push(message));

  await waits;
  slots.release(1);
  await ended;
  expect(said).toEqual(['waits', 1]);
});
