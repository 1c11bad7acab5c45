import { expect, it } from 'vitest';
import { readWhole } from '../../../src/server/config/text.js';

const WHOLE = '<config>\r\n</config>\r\n';

it('looks again at a file that a server writes just now, and takes what stays cut off as it is', () => {
  const states = ['', '<config>\r\n', WHOLE, 'later'];
  const read = (): Buffer => Buffer.from(states.shift() ?? '<config>\r\n');

  expect(readWhole(read).toString()).toBe(WHOLE);
  expect(states).toEqual(['later']);
  expect(readWhole(read).toString()).toBe('<config>\r\n');
});
