import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  inflateRawSync,
} from 'node:zlib';
import { ReusableState, type Step } from './reusable-state.js';

let isUsable: boolean | undefined;

/**
 * True when the zlib handles of this Node do what `ReusableState` needs; tried once a thread. Where they do not, the
 * documented calls of node:zlib serve, and the only loss is time.
 */
export function hasUsableHandles(): boolean {
  return (isUsable ??= tryHandles());
}

/** Deflates and inflates two inputs with one state each: the second one shows that the reset works. */
function tryHandles(): boolean {
  const sample = Buffer.from(
    'From: alice@example.com\r\nTo: bob@example.com\r\n\r\nHello Bob\r\n'.repeat(
      9,
    ),
  );

  try {
    const deflater = new ReusableState(createDeflateRaw());
    const inflater = new ReusableState(createInflateRaw());

    return [sample, sample.subarray(7, 301)].every((data) => {
      const stream = deflateSample(deflater, data);

      return (
        stream !== undefined &&
        inflateRawSync(stream).equals(data) &&
        givesBack(inflater, stream, data) &&
        reportsBrokenData(stream)
      );
    });
  } catch {
    return false; // the handles of another Node
  }
}

function deflateSample(
  deflater: ReusableState,
  data: Buffer,
): Buffer | undefined {
  const output = Buffer.alloc(1000);
  const { written, unread } = deflater.run(data, output, constants.Z_FINISH);

  return unread === 0 ? output.subarray(0, written) : undefined;
}

/** True when a state inflates a stream, and counts the bytes that follow it. */
function givesBack(
  inflater: ReusableState,
  stream: Buffer,
  data: Buffer,
): boolean {
  const output = Buffer.alloc(data.length + 1);
  const following = Buffer.from('PK\u0003\u0004');
  const input = Buffer.concat([stream, following]);
  const { written, unread } = inflateInTwoSteps(inflater, input, output);

  return (
    unread === following.length &&
    written === data.length &&
    output.subarray(0, written).equals(data)
  );
}

/** A little at a time and then the rest, as a stream that comes in pieces. */
function inflateInTwoSteps(
  inflater: ReusableState,
  input: Buffer,
  output: Buffer,
): Step {
  inflater.reset();

  const first = inflater.step(
    input.subarray(0, 9),
    output,
    constants.Z_NO_FLUSH,
  );

  const second = inflater.step(
    input.subarray(9 - first.unread),
    output.subarray(first.written),
    constants.Z_FINISH,
  );

  return { written: first.written + second.written, unread: second.unread };
}

/** True when a stream without its end, and bytes that are no stream, are errors with a code. */
function reportsBrokenData(stream: Buffer): boolean {
  const broken = [stream.subarray(0, -1), Buffer.from([0xff, 0xff, 0xff])];

  return broken.every((data) => {
    try {
      new ReusableState(createInflateRaw()).run(
        data,
        Buffer.alloc(2000),
        constants.Z_FINISH,
      );

      return false;
    } catch (error) {
      return isZlibError(error);
    }
  });
}

/** True when zlib itself refused the data (`Z_DATA_ERROR`, `Z_BUF_ERROR`). */
export function isZlibError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    String(error.code).startsWith('Z_')
  );
}
