import { describe, expect, it } from 'vitest';
import { nearestNames } from '../../src/platform/nearest.js';

describe('nearestNames', () => {
  it('gives the nearest first, at most three, and nothing that is far', () => {
    expect(
      nearestNames('alice', [
        'alicia',
        'Alice2',
        'bob',
        'al',
        'alce',
        'malice',
      ]),
    ).toEqual(['Alice2', 'alce', 'malice']);
    expect(nearestNames('xyz', ['alice', 'bob'])).toEqual([]);
  });

  it('gives what begins with the typed word before what is only near, and what holds it last', () => {
    expect(
      nearestNames('net', ['nat', 'subnets-of-old', 'network-disk-user']),
    ).toEqual(['network-disk-user', 'nat', 'subnets-of-old']);
  });

  it('takes no name of two letters for a word of two letters that shares none', () => {
    expect(nearestNames('xy', ['ab', 'x'])).toEqual([]);
  });
});
