import { setMaxListeners } from 'node:events';
import { FailedError } from '../errors.js';
import { pause } from '../platform/patience.js';
import { maskSecrets } from '../platform/secret.js';
import { tellStep } from '../platform/steps.js';
import { CredentialKeeper } from './credentials/credentials.js';
import { type HttpAnswer, exchange } from './exchange.js';
import {
  type Fault,
  faultOfAnswer,
  faultOfContent,
  faultOfError,
  hintsOf,
} from './faults.js';
import type { ObjectStoreTarget } from './object-store.js';
import { ObjectStoreError } from './object-store-error.js';
import type { Credentials } from './request-signature.js';
import { Retries } from './retries.js';
import { type Link, Route } from './route.js';
import {
  type BodyDigests,
  type S3Request,
  digestsOf,
  signedRequest,
} from './s3-request.js';
import type { Surroundings } from './surroundings.js';
import { UploadLimit } from './upload-limit.js';

/** The slowest line that is waited for, beside the limit of a whole request: 16 KiB a second. */
const SLOWEST_BYTES_PER_MS = 16;
/** So many uploads may share a limit. */
const SHARING_UPLOADS = 16;
/** A longer timer of Node ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LARGEST_OBJECT_BYTES = 1 << 30;
/** The clocks of client and server may differ by this much: the server takes 15 minutes. */
const NEAR_MS = 60_000;
/** How often one call takes up what an answer tells of region, clock or credentials. */
const MOST_LESSONS = 4;

/** One try of a call: its answer, or what went wrong and with what it was signed. */
interface Try {
  readonly credentials: Credentials | undefined;
  readonly region: string;
  readonly clockOffsetMs: number;
  readonly answer?: HttpAnswer;
  readonly fault?: Fault;
}

/** Signs requests, sends them, learns from refusals, and repeats what may be repeated. */
export class S3Client {
  readonly #keeper: CredentialKeeper;
  readonly #route: Route;
  readonly #abort = new AbortController();
  readonly #uploadLimit: UploadLimit | undefined;
  #clockOffsetMs = 0;
  #hasAnswered = false;

  constructor(
    private readonly target: ObjectStoreTarget,
    private readonly surroundings: Surroundings,
  ) {
    const { uploadLimit = 0 } = target;
    this.#keeper = new CredentialKeeper(target, surroundings.env);
    this.#route = new Route(target, surroundings);
    this.#uploadLimit =
      uploadLimit > 0 ? new UploadLimit(uploadLimit) : undefined;
    // Every request under way listens.
    setMaxListeners(0, this.#abort.signal);
  }

  /**
   * Makes a call to its end.
   * @throws {ObjectStoreError} the last refusal, when no further try would help or patience is over
   * @throws {ConfigurationError} when there are no credentials
   */
  async call(request: S3Request): Promise<HttpAnswer> {
    const digests = await digestsOf(request.body);
    const retries = new Retries(this.surroundings.limits);
    let mayBeDone = false;
    let lessons = 0;

    for (;;) {
      const made = await this.#try(request, digests);
      const { answer, fault } = made;
      this.#refuseClosed();
      if (answer) return answer;
      if (!fault) throw new Error('a try ended with neither answer nor fault');

      mayBeDone ||= fault.mayBeDone;
      if (lessons++ < MOST_LESSONS && (await this.#learn(made, fault))) {
        continue;
      }

      const pauseMs = retries.pauseMs(fault, this.#hasAnswered);
      if (pauseMs === undefined) {
        throw this.#failure(request, { ...fault, mayBeDone });
      }

      tellStep(`trying again to ${request.what}`);
      await pause(pauseMs, this.#abort.signal).catch(() => undefined);
      this.#refuseClosed();
      await request.beforeAgain?.();
    }
  }

  close(): void {
    this.#abort.abort();
    this.#route.close();
  }

  async #try(request: S3Request, digests: BodyDigests): Promise<Try> {
    const link = this.#route.link();
    const at = this.#now();
    const credentials = await this.#keeper.at(at.getTime());
    const signed = signedRequest(request, digests, {
      address: link.address,
      region: link.region,
      credentials,
      at,
    });
    const made = {
      credentials,
      region: link.region,
      clockOffsetMs: this.#clockOffsetMs,
    };

    try {
      const answer = await exchange(signed, this.#ways(request, link));
      this.#hasAnswered = true;
      const fault = faultOfAnswer(answer) ?? contentFault(request, answer);

      return fault ? { ...made, fault } : { ...made, answer };
    } catch (error) {
      return { ...made, fault: faultOfError(error) };
    }
  }

  #ways({ body, mostAnswerBytes = 0 }: S3Request, link: Link) {
    const { limits } = this.surroundings;
    const answerBytes = Math.min(mostAnswerBytes, LARGEST_OBJECT_BYTES);
    const bodyBytes = body?.length ?? 0;
    const limitedMs = this.#uploadLimit?.durationMs(bodyBytes) ?? 0;

    return {
      agent: link.connections,
      idleMs: limits.idleMs,
      wholeMs: Math.min(
        LONGEST_TIMER_MS,
        limits.wholeMs +
          (bodyBytes + answerBytes) / SLOWEST_BYTES_PER_MS +
          limitedMs * SHARING_UPLOADS,
      ),
      uploadLimit: this.#uploadLimit,
      signal: this.#abort.signal,
    };
  }

  /** Takes up what a refusal tells. Returns whether the call should be made again at once. */
  async #learn(made: Try, fault: Fault): Promise<boolean> {
    if (fault.status < 300 || fault.status > 403) return false;

    return (
      this.#route.learnRegion(made.region, fault.region) ||
      this.#learnTime(made.clockOffsetMs, fault.serverMs) ||
      (await this.#learnCredentials(made.credentials, fault))
    );
  }

  #learnTime(usedOffsetMs: number, serverMs: number | undefined): boolean {
    if (serverMs === undefined) return false;

    const offsetMs = serverMs - this.surroundings.clock().getTime();
    if (Math.abs(offsetMs - usedOffsetMs) < NEAR_MS) return false;

    this.#clockOffsetMs = offsetMs;

    return true;
  }

  async #learnCredentials(
    used: Credentials | undefined,
    { reason }: Fault,
  ): Promise<boolean> {
    // An answer to HEAD has no code: those of a token that ended are told from nothing else.
    const mayHaveEnded =
      used?.sessionToken !== undefined &&
      (reason === 'BadRequest' || reason === 'AccessDenied');
    if (!ENDED.has(reason) && !mayHaveEnded) return false;

    return this.#keeper.renew(used);
  }

  #now(): Date {
    const nowMs = this.surroundings.clock().getTime();
    return new Date(nowMs + this.#clockOffsetMs);
  }

  #refuseClosed(): void {
    if (!this.#abort.signal.aborted) return;

    throw new FailedError(`the use of s3://${this.target.bucket} was ended`);
  }

  #failure(request: S3Request, fault: Fault): ObjectStoreError {
    const secrets = [...this.#keeper.secrets, ...this.#route.secrets];
    const words = maskSecrets(fault.words, secrets);

    return new ObjectStoreError(`cannot ${request.what}: ${words}`, {
      // Words of the server too, which may repeat anything.
      reason: maskSecrets(fault.reason, secrets),
      status: fault.status,
      mayBeDone: fault.mayBeDone,
      hints: hintsOf(fault),
    });
  }
}

/** Codes of credentials that are not valid any more. */
const ENDED: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidToken',
  'TokenRefreshRequired',
]);

function contentFault(
  request: S3Request,
  answer: HttpAnswer,
): Fault | undefined {
  const words = request.check?.(answer);
  return words === undefined ? undefined : faultOfContent(words, answer.status);
}
