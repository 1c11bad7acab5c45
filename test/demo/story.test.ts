import { it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import { expectDone } from '../helpers/tools.js';

it('comes to its end, with every byte as it was', async () => {
  expectDone(await kmsInProcess(['demo']));
});
