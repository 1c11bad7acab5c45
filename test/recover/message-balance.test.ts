import { describe, expect, it } from 'vitest';
import type { ComparableFiles } from '../../src/archive/comparable-files.js';
import { MessageBalance } from '../../src/recover/message-balance.js';

/** What is only live and what only comes, mailbox by mailbox. */

const INBOX = '@backup/store/mail/example.com/alice/INBOX/#msgs/';
const SENT = '@backup/store/mail/example.com/alice/Sent/#msgs/';

/** Messages of these checksums, all of one size. */
function filesOf(prefix: string, sums: readonly number[]): ComparableFiles {
  return {
    prefix,
    names: sums.map((_, at) => `0000000${String(at)}.eml`),
    sizeAt: () => 100,
    factsAt: () => {
      throw new Error('nobody asks');
    },
    crcAt: (file) => sums[file],
    readCrcAt: (file) => Promise.resolve(sums[file]),
  };
}

/** A state that comes, and the directories of it that were asked for. */
class ComingTree {
  readonly asked: string[] = [];
  readonly prefixes = [INBOX, SENT];

  filesOf(prefix: string): ComparableFiles {
    this.asked.push(prefix);

    return filesOf(prefix, prefix === INBOX ? [1, 2, 3] : [4, 5]);
  }
}

function balanceOf(tree: ComingTree): MessageBalance {
  const balance = new MessageBalance(tree);
  for (const at of [0, 1, 2]) balance.addArrived(filesOf(INBOX, []), at);
  for (const at of [0, 1]) balance.addArrived(filesOf(SENT, []), at);

  return balance;
}

describe('messages of which nothing is live', () => {
  it('are counted, and not looked at again', async () => {
    const tree = new ComingTree();
    const settled = await balanceOf(tree).settle();
    expect(settled).toEqual({ lost: [], arrived: 5, movesBack: 0 });
    expect(tree.asked).toEqual([]);
  });
});

describe('a live message that is not where it comes', () => {
  it('is found again in the directories of its mailbox, which were not held', async () => {
    const tree = new ComingTree();
    const balance = balanceOf(tree);
    const live = filesOf(SENT, [2, 9]);
    balance.addLost(live, 0);
    balance.addLost(live, 1);

    const settled = await balance.settle();
    expect(settled).toEqual({
      lost: [{ files: live, at: 1 }],
      arrived: 4,
      movesBack: 1,
    });
    expect(tree.asked).toEqual([INBOX, SENT]);
  });
});
