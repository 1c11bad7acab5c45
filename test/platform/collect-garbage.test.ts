import { expect, it } from 'vitest';
import { collectGarbage } from '../../src/platform/collect-garbage.js';

/** Less than makes V8 look for garbage by itself. */
const BYTES = 32 << 20;

const held = (): number => process.memoryUsage().arrayBuffers;

function fill(): number {
  return Buffer.allocUnsafeSlow(BYTES).fill(1).length;
}

it('gives back what a large buffer took that nobody holds any more', async () => {
  await collectGarbage();
  const before = held();
  fill();

  expect(held()).toBeGreaterThanOrEqual(before + BYTES);
  await collectGarbage();
  expect(held()).toBeLessThan(before + BYTES / 2);
});
