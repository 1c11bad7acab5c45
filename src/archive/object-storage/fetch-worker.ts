/** The thread that reads a bucket for all others, which wait for it. */
import { workerData } from 'node:worker_threads';
import {
  answerCalls,
  type CallChannel,
} from '../../platform/blocking-calls.js';
import { AheadReader } from './ahead-reader.js';
import { Bucket, type BucketTarget } from './bucket.js';
import type { FetchRequest } from './object-source.js';
import { RangeReader } from './range-reader.js';
import { noSuchObject, toReadFailure } from './read-failure.js';

const { channel, ...place } = workerData as BucketTarget & {
  readonly channel: CallChannel;
};

const bucket = new Bucket(place);
const reader = new AheadReader(new RangeReader(bucket));

answerCalls(channel, (request: FetchRequest) =>
  request.kind === 'look'
    ? look(request.key)
    : reader.read(request.object, request.offset, request.length),
);

/** All threads ask for the volumes that they open. */
async function look(key: string): Promise<Buffer> {
  const path = bucket.pathOf(key);
  const facts =
    bucket.known(key) ??
    (await bucket.look(key).catch((error: unknown) => {
      throw toReadFailure(error, path);
    }));
  if (!facts) throw noSuchObject(path);

  const { etag, sizeBytes } = facts;

  return Buffer.from(JSON.stringify({ key, etag, sizeBytes }));
}
