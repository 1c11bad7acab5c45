import { messageOf } from '../errors.js';
import { plainText } from '../platform/plain-text.js';
import { type AnswerElement, parseAnswer } from './answer-xml.js';
import type { HttpAnswer } from './exchange.js';

/** Tells what went wrong with one try of a call. Pure. */
export interface Fault {
  /** The server's code, or ours. */
  readonly reason: string;
  /** Of HTTP; 0 where there was no answer. */
  readonly status: number;
  /** In words; it may hold what the server repeated. */
  readonly words: string;
  /** Another try may find it gone. */
  readonly isPassing: boolean;
  /** The server may have done it all the same. */
  readonly mayBeDone: boolean;
  /** The region where the server says the bucket is. */
  readonly region?: string;
  /** The server's time. */
  readonly serverMs?: number;
}

const LONGEST_WORDS = 200;
/** Answers of a server that has too much to do, or lost its way. */
const PASSING_STATUS: ReadonlySet<number> = new Set([
  408, 429, 500, 502, 503, 504,
]);
/** The same, and what a request says that was changed or cut on its way. */
const PASSING_REASONS: ReadonlySet<string> = new Set([
  'BadDigest',
  'BadRequest',
  'ConditionalRequestConflict',
  'IncompleteBody',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'XAmzContentSHA256Mismatch',
]);
/** The codes of answers without a body, as those to HEAD. */
const REASONS: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  307: 'TemporaryRedirect',
  400: 'BadRequest',
  401: 'AccessDenied',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  405: 'MethodNotAllowed',
};
/** Answers that have one meaning, whatever their code: Swift calls a condition that is not met an invalid request. */
const CLEAR_STATUS: Readonly<Record<number, string>> = {
  412: 'PreconditionFailed',
  416: 'InvalidRange',
  501: 'NotImplemented',
};

/** The fault of an answer; undefined where it is none. Some begin with 200, and say only in their body that the work failed. */
export function faultOfAnswer(answer: HttpAnswer): Fault | undefined {
  const { status, body } = answer;
  const isGood = status >= 200 && status < 300;
  const root = isGood ? errorOfGood(answer) : parseAnswer(body);
  if (isGood && !root) return undefined;

  const reason = reasonOf(root, status);

  return {
    reason,
    status,
    words: wordsOf(root, status, reason),
    isPassing: PASSING_STATUS.has(status) || PASSING_REASONS.has(reason),
    mayBeDone: status >= 500 || isGood,
    ...lessonsOf(answer, root),
  };
}

function lessonsOf(
  { headers }: HttpAnswer,
  root: AnswerElement | undefined,
): Pick<Fault, 'region' | 'serverMs'> {
  const region = headers['x-amz-bucket-region'] ?? root?.text('Region');
  const serverMs = Date.parse(headers['date'] ?? '');

  return {
    ...(region !== undefined && { region }),
    ...(!Number.isNaN(serverMs) && { serverMs }),
  };
}

function errorOfGood({ headers, body }: HttpAnswer): AnswerElement | undefined {
  const isXml = headers['content-type']?.includes('xml') === true;
  const mayBeError =
    isXml && /<Error[\s>]/.test(body.toString('latin1', 0, 1024));
  const root = mayBeError ? parseAnswer(body) : undefined;

  return root?.name === 'Error' ? root : undefined;
}

function reasonOf(root: AnswerElement | undefined, status: number): string {
  return (
    CLEAR_STATUS[status] ?? root?.text('Code') ?? REASONS[status] ?? 'BadAnswer'
  );
}

function wordsOf(
  root: AnswerElement | undefined,
  status: number,
  reason: string,
): string {
  const said = plainText(root?.text('Message') ?? '', LONGEST_WORDS);
  const code = `${reason}, ${status}`;

  return said === '' || said === reason ? `(${code})` : `${said} (${code})`;
}

/** The fault of a try that ended without an answer that can be used. */
export function faultOfError(error: unknown): Fault {
  const first: unknown =
    error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code = codeOf(first);
  const isOfTls = TLS_CODE.test(code);

  return {
    reason: isOfTls ? 'NotTrusted' : (OWN_CODES[code] ?? 'Unreachable'),
    status: 0,
    words: plainText(messageOf(first), LONGEST_WORDS),
    isPassing: !isOfTls && code !== 'PROXY_REFUSES',
    mayBeDone: !isUnsent(error),
  };
}

/** The fault of an answer that says something else than it should. */
export function faultOfContent(words: string, status: number): Fault {
  return {
    reason: 'BadAnswer',
    status,
    words,
    isPassing: true,
    mayBeDone: true,
  };
}

/** Reasons by the code of an error of our own. */
const OWN_CODES: Readonly<Record<string, string>> = {
  BROKEN_OFF: 'BrokenOff',
  TOO_LONG: 'BadAnswer',
};
const TLS_CODE = /CERT|SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isUnsent(error: unknown): boolean {
  return error instanceof Error && 'isUnsent' in error;
}

/** Advice for the operator, by reason. */
export function hintsOf({ reason }: Fault): string[] {
  const hint = HINTS[reason];
  return hint === undefined ? [] : [hint];
}

const CREDENTIALS_HINT =
  'Check access key and secret, and that they belong to this server.';

const HINTS: Readonly<Record<string, string>> = {
  AccessDenied: 'Give these credentials the right to do it.',
  AuthorizationHeaderMalformed: 'Set the region of the bucket.',
  BrokenOff: 'Check the server and the network; what was begun may be done.',
  ExpiredToken: 'Fetch new credentials.',
  InvalidAccessKeyId: CREDENTIALS_HINT,
  InvalidObjectState:
    'It lies in a class for the long term: have the service bring it back first.',
  NoSuchBucket: 'Create the bucket, or correct its name.',
  NotTrusted:
    'Check the name of the endpoint; name the file of certificates where the server has one of its own.',
  PermanentRedirect: 'Set the region of the bucket.',
  RequestTimeTooSkewed: "Set this machine's clock.",
  SignatureDoesNotMatch: CREDENTIALS_HINT,
  SlowDown: 'The server has too much to do: try again later.',
  Unreachable: 'Check endpoint, network and proxy.',
};
