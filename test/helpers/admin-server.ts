/**
 * A stand-in for the administration of a mail server: https on 127.0.0.1 with a certificate of its own. What is documented is here and
 * in admin-methods.ts and never changes; what is assumed is a knob of `Manner`, which tests turn both ways.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answerCall,
  type AdminState,
  type Json,
  makeState,
  RpcError,
} from './admin-methods.js';

export type Fault =
  | '403'
  | '502'
  | 'redirect'
  | 'reset'
  | 'cut'
  | 'silence'
  | 'dribble'
  | 'reset-after';

/** What nobody has written down. */
export interface Manner {
  /** (a) What `Backup.set` takes. */
  optionsSet: 'partial' | 'all' | 'no-status';
  /** (b) */
  capsSize: boolean;
  /** (c) */
  diskPassword: '' | '********' | 'tulip-seven-network';
  /** (d) */
  taskIds: 'kept' | 'new';
  newTask: 'without-id' | 'empty-id';
  /** (e) */
  startWhileRunning: 'error' | 'ignored';
  progress: 'at-once' | 'one-poll-later';
  /** (f) */
  wrongPassword: number;
  /** (g) */
  cookies: '2014' | '2021';
  /** (h) Descriptions of the leaves that may be ours. */
  leaf: readonly string[];
  /** (i) */
  messagesSet: 'all' | 'changed';
  /** (j) The session is dead before this call, counted from 1. */
  dieBefore: number | undefined;
  /** (k) */
  fault: { readonly method: string; readonly does: Fault } | undefined;
  /** (m) */
  ignoresSet: boolean;
  /** (n) */
  setsMore: boolean;
  /** (o) Somebody else comes before this reading of the options, counted from 1. */
  otherComesBefore: readonly number[];
  /** (p) */
  times: 'plain' | 'zone' | 'dashes';
  /** (q) What `totalItems` counts: the lines of the log, or those of the answer. */
  totalItems: 'log' | 'answer';
  /** (q) What is asked for from behind the end of the log: nothing, or its last lines. */
  behindTheEnd: 'nothing' | 'last-lines';
  /** (q) Another log is there before this reading of it, counted from 1. */
  otherLogBefore:
    { readonly reading: number; readonly log: readonly string[] } | undefined;
  /** Without access, or the whole server. */
  role: string;
  copy: 'done' | 'failed' | 'failed-at-once' | 'never';
}

const USUAL: Manner = {
  optionsSet: 'partial',
  capsSize: false,
  diskPassword: '********',
  taskIds: 'new',
  newTask: 'without-id',
  startWhileRunning: 'error',
  progress: 'at-once',
  wrongPassword: 1000,
  cookies: '2021',
  leaf: ['Store Backup'],
  messagesSet: 'all',
  dieBefore: undefined,
  fault: undefined,
  ignoresSet: false,
  setsMore: false,
  otherComesBefore: [],
  times: 'plain',
  totalItems: 'log',
  behindTheEnd: 'nothing',
  otherLogBefore: undefined,
  role: 'FullAdmin',
  copy: 'done',
};

export const ADMIN_PASSWORD = 'tulip-seven-admin';

export interface AdminServer {
  readonly port: number;
  readonly url: string;
  readonly certPem: string;
  readonly fingerprint: string;
  readonly manner: Manner;
  readonly state: AdminState;
  /** Every method that was called, in its order. */
  readonly called: string[];
  /** The parameters of the last call of a method. */
  readonly lastParams: Map<string, Json>;
  /** Sessions that nobody has ended. */
  readonly sessions: Map<string, string>;
  /** The usual manner, another state. */
  reset(manner?: Partial<Manner>): void;
  close(): Promise<void>;
}

/** @param backupDir where the server's own copy goes */
export async function startAdminServer(dirs: {
  readonly storeDir: string;
  readonly backupDir: string;
  /** Writes an archive as the server would. */
  readonly writeCopy?: () => Promise<Date>;
}): Promise<AdminServer> {
  const pair = makeCertificate();
  const manner = { ...USUAL };
  const state = makeState(dirs);
  const called: string[] = [];
  const lastParams = new Map<string, Json>();
  const sessions = new Map<string, string>();

  const server = createServer({ key: pair.key, cert: pair.cert }, (q, a) => {
    void serve(q, a);
  });

  const serve = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const body = await bodyOf(request);
    const path = request.url?.replace(/\/$/, '');
    if (request.method !== 'POST' || path !== '/admin/api/jsonrpc') {
      html(response, 404);
      return;
    }

    const { id, method, params } = JSON.parse(body) as {
      id: number;
      method: string;
      params: Json;
    };
    called.push(method);
    lastParams.set(method, params);
    if (called.length === manner.dieBefore) sessions.clear();

    const does =
      manner.fault?.method === method ? manner.fault.does : undefined;
    if (isFaultMet(request, response, does)) return;

    const answer = await answerOf(request, response, method, params);
    if (does === 'reset-after') return void request.socket.destroy();

    const text = JSON.stringify({ jsonrpc: '2.0', id, ...answer });
    response.setHeader('Content-Type', 'application/json-rpc; charset=UTF-8');
    const cut = does === 'cut' ? text.slice(0, text.length >> 1) : text;
    // In pieces: its length is said by none of them.
    response.write(cut.slice(0, 7));
    response.end(cut.slice(7));
  };

  const answerOf = async (
    request: IncomingMessage,
    response: ServerResponse,
    method: string,
    params: Json,
  ): Promise<Json> => {
    try {
      if (method === 'Session.login') {
        return { result: logIn(response, params) };
      }

      const session = sessionOf(request, sessions);
      if (session === undefined) {
        throw new RpcError(-32001, 'The user is not logged in.');
      }

      if (method === 'Session.logout') {
        sessions.delete(session);
        return { result: { redirectUrl: '/', extra: 1 } };
      }

      return { result: await answerCall({ manner, state }, method, params) };
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;

      return { error: error.toJson() };
    }
  };

  const logIn = (response: ServerResponse, params: Json): Json => {
    if (typeof params['application'] !== 'object') {
      throw new RpcError(-32602, 'Invalid params.');
    }

    if (
      params['userName'] !== 'Admin' ||
      params['password'] !== ADMIN_PASSWORD
    ) {
      // A server that repeats what it was sent: nobody may.
      throw new RpcError(manner.wrongPassword, 'Invalid login %1 (%2).', [
        String(params['userName']),
        String(params['password']),
      ]);
    }

    const token = randomBytes(32).toString('hex');
    const cookie = randomBytes(16).toString('hex');
    sessions.set(cookie, token);
    const names =
      manner.cookies === '2014'
        ? ['Session_admin80', 'KWAT']
        : ['SESSION_CONNECT_WEBADMIN', 'TOKEN_CONNECT_WEBADMIN'];
    response.setHeader('Set-Cookie', [
      `${names[0] ?? ''}=${cookie}; Path=/; HttpOnly; Secure`,
      `${names[1] ?? ''}=${token}; Path=/`,
    ]);

    return { token, extra: 1 };
  };

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: `https://127.0.0.1:${String(port)}`,
    certPem: pair.cert,
    fingerprint: createHash('sha256')
      .update(new X509Certificate(pair.cert).raw)
      .digest('hex'),
    manner,
    state,
    called,
    lastParams,
    sessions,
    reset: (changes = {}) => {
      Object.assign(manner, USUAL, changes);
      Object.assign(state, makeState(dirs));
      called.length = 0;
      sessions.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Says whether a fault is all the answer that there is. */
function isFaultMet(
  request: IncomingMessage,
  response: ServerResponse,
  does: Fault | undefined,
): boolean {
  switch (does) {
    case '403':
    case '502':
      html(response, Number(does));
      return true;
    case 'redirect':
      response.setHeader('Location', 'https://127.0.0.1:1/');
      html(response, 302);
      return true;
    case 'reset':
      request.socket.destroy();
      return true;
    case 'silence':
      return true;
    case 'dribble': {
      // Spaces are JSON, as far as it goes.
      const drops = setInterval(() => response.write(' '), 20);
      response.once('close', () => {
        clearInterval(drops);
      });
      return true;
    }

    default:
      return false;
  }
}

/** The session whose both cookies and whose token came along. */
function sessionOf(
  { headers }: IncomingMessage,
  sessions: ReadonlyMap<string, string>,
): string | undefined {
  const cookies = new Set(
    (headers.cookie ?? '').split('; ').map((pair) => pair.split('=')[1]),
  );

  return [...sessions].find(
    ([cookie, token]) =>
      cookies.has(cookie) && cookies.has(token) && headers['x-token'] === token,
  )?.[0];
}

function html(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/html' });
  response.end('<html><body>You have no permission.</body></html>');
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);

  return Buffer.concat(pieces).toString();
}

function makeCertificate(): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'kms-admin-'));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt'],
      ...['ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=mail.example.com', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  const pair = {
    key: readFileSync(key, 'utf8'),
    cert: readFileSync(cert, 'utf8'),
  };
  rmSync(dir, { recursive: true });

  return pair;
}
