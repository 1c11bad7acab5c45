/** How long a recover of everything takes, as far as a part of it tells. Pure. */

/** Mail that is there, or was recovered. */
export interface MailAmount {
  readonly files: number;
  readonly bytes: number;
}

/** A recover of some, measured. */
export interface MeasuredRecover extends MailAmount {
  readonly durationMs: number;
}

export interface RecoverEstimate {
  readonly durationMs: number;
  /** `measured`: everything was recovered. `rough`: so little was that starting took most of the time. */
  readonly basis: 'measured' | 'sample' | 'rough';
}

/** Less than this is mostly the start of threads, and says little of a disk. */
const TELLING_BYTES = 64 * 1024 ** 2;
const TELLING_MS = 2000;

/**
 * Either bytes or files keep a recover busy: the one of which the sample has less is what counts. Undefined where nothing was
 * recovered.
 */
export function estimateRecover(
  sample: MeasuredRecover,
  whole: MailAmount,
  isWhole: boolean,
): RecoverEstimate | undefined {
  const { durationMs } = sample;
  if (isWhole) return { durationMs, basis: 'measured' };
  if (sample.files === 0 || sample.bytes === 0) return undefined;

  const factor = Math.max(
    1,
    whole.bytes / sample.bytes,
    whole.files / sample.files,
  );
  const isTelling = sample.bytes >= TELLING_BYTES && durationMs >= TELLING_MS;

  return {
    durationMs: durationMs * factor,
    basis: isTelling ? 'sample' : 'rough',
  };
}
