// Lets several contestants do one job, and keeps their times.
import { spawnSync } from 'node:child_process';
import { dropCaches } from './drop-caches.mjs';
import { measure } from './measure.mjs';

/**
 * Measures every contestant once a round. Their order turns, so that none always runs after the same neighbour. One that
 * fails is left out from then on.
 * @param isCold whether nothing of the disk is in memory when a measurement begins
 * @returns those that finished: `{ job, store, name, seconds: [], processor: [], peaks: [], bytes }`, peaks and bytes in
 *   bytes
 */
export async function compete({ job, store, contestants, rounds, isCold }) {
  const field = contestants.map((contestant) => ({
    job,
    store,
    ...contestant,
    isCold,
    seconds: [],
    processor: [],
    peaks: [],
  }));

  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < field.length; turn++) {
      const contestant = field[(turn + round) % field.length];
      if (!contestant.hasFailed) await takeTurn(contestant, round);
    }
  }

  return field.filter(({ seconds }) => seconds.length > 0);
}

async function takeTurn(contestant, round) {
  const { job, store, name } = contestant;

  try {
    await contestant.before?.();
    spawnSync('sync');
    if (contestant.isCold) dropCaches();

    const { seconds, processorSeconds, peakBytes } = await measure(contestant);
    const peakMib = Math.round(peakBytes / 2 ** 20);

    contestant.seconds.push(seconds);
    contestant.processor.push(processorSeconds);
    contestant.peaks.push(peakBytes);
    contestant.bytes = contestant.diskBytes?.();
    console.error(
      `${job} ${store} round ${round + 1}: ${name} ${seconds.toFixed(2)} s, processors ${processorSeconds.toFixed(2)} s, ${peakMib} MiB`,
    );
  } catch (error) {
    contestant.hasFailed = true;
    console.error(`${job} ${store}: ${name} failed: ${error.message}`);
  }
}
