import { setMaxListeners } from 'node:events';
import { Agent, type ClientRequestArgs, request } from 'node:http';
import { type Socket, connect, isIP } from 'node:net';
import { type TLSSocket, connect as connectSecurely } from 'node:tls';
import type { Duplex } from 'node:stream';
import { brokenOff } from './exchange.js';
import type { ProxiedServer } from './proxy.js';

/** How connections are made. */
export interface ConnectionWays {
  readonly proxy: URL | undefined;
  /** All that are believed; undefined: those of Node. */
  readonly certificates: readonly string[] | undefined;
  readonly connectMs: number;
}

/** Keeps connections to one server: direct or through a proxy, encrypted or not; one must stand within a time limit. */
export class Connections extends Agent {
  readonly #closing = new AbortController();
  #session: Buffer | undefined;

  constructor(
    private readonly server: ProxiedServer,
    private readonly ways: ConnectionWays,
  ) {
    super({ keepAlive: true });
    // Every connection that does not stand yet listens.
    setMaxListeners(0, this.#closing.signal);
  }

  /** Called by Node for each new connection; it hands over one that stands. */
  override createConnection(
    _options: ClientRequestArgs,
    done?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const fail = done as ((error: Error) => void) | undefined;
    const abort = new AbortController();
    const stop = (): void => {
      abort.abort(brokenOff('the connections were ended'));
    };

    this.#closing.signal.addEventListener('abort', stop);
    const timer = setTimeout(() => {
      const seconds = String(this.ways.connectMs / 1000);
      abort.abort(
        Object.assign(brokenOff(`no connection within ${seconds} s`), {
          code: 'NOT_CONNECTED',
        }),
      );
    }, this.ways.connectMs);

    this.#connect(abort.signal)
      .then(
        (socket) => {
          done?.(null, socket);
        },
        (error: unknown) => {
          const given: unknown = abort.signal.aborted
            ? abort.signal.reason
            : error;
          fail?.(notConnected(given));
        },
      )
      .finally(() => {
        clearTimeout(timer);
        this.#closing.signal.removeEventListener('abort', stop);
      });

    return undefined;
  }

  /** Ends all connections, also those that do not stand yet. */
  override destroy(): void {
    this.#closing.abort();
    super.destroy();
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const { proxy } = this.ways;
    const socket = proxy
      ? await this.#throughProxy(proxy, signal)
      : await standing(connect(this.server.port, this.server.host), signal);
    socket.setNoDelay(true);

    return this.server.isSecure ? this.#secured(socket, signal) : socket;
  }

  async #throughProxy(proxy: URL, signal: AbortSignal): Promise<Socket> {
    const isSecure = proxy.protocol === 'https:';
    const host = proxy.hostname.replace(/^\[|\]$/g, '');
    const port = Number(proxy.port) || (isSecure ? 443 : 80);
    const plain = await standing(connect(port, host), signal);

    const socket = isSecure
      ? await encrypted(
          connectSecurely({
            socket: plain,
            ...nameOf(host),
            ...this.#trusted(),
          }),
          signal,
        )
      : plain;

    await openTunnel(socket, tunnelRequest(proxy, this.server), signal);

    return socket;
  }

  async #secured(socket: Socket, signal: AbortSignal): Promise<Socket> {
    const secure = connectSecurely({
      socket,
      ALPNProtocols: ['http/1.1'],
      ...nameOf(this.server.host),
      ...this.#trusted(),
      ...(this.#session && { session: this.#session }),
    });

    secure.on('session', (session: Buffer) => {
      this.#session = session;
    });

    return encrypted(secure, signal);
  }

  #trusted(): { ca?: string[] } {
    const { certificates } = this.ways;
    return certificates ? { ca: [...certificates] } : {};
  }
}

/** Marks an error of a request that never left. */
function notConnected(error: unknown): Error {
  const known = error instanceof Error ? error : new Error(String(error));
  return Object.assign(known, { isUnsent: true });
}

/** An address has no name to be asked for. */
function nameOf(host: string): { servername?: string; host: string } {
  return isIP(host) === 0 ? { servername: host, host } : { host };
}

function standing(socket: Socket, signal: AbortSignal): Promise<Socket> {
  return until(socket, 'connect', signal);
}

function encrypted(socket: TLSSocket, signal: AbortSignal): Promise<Socket> {
  return until(socket, 'secureConnect', signal);
}

/** Waits for an event of a socket. @throws {Error} the socket's, or the signal's reason; the socket is gone then */
function until(
  socket: Socket,
  event: string,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const end = (error: Error | undefined): void => {
      signal.removeEventListener('abort', stop);
      socket.removeListener('error', end);
      socket.removeListener('close', close);
      socket.removeListener(event, end);

      if (error instanceof Error) {
        socket.on('error', () => undefined);
        socket.destroy();
        reject(error);
      } else {
        resolve(socket);
      }
    };

    const stop = (): void => {
      end(signal.reason as Error);
    };

    const close = (): void => {
      end(new Error('the connection was closed'));
    };

    signal.addEventListener('abort', stop);
    socket.once('error', end);
    socket.once('close', close);
    socket.once(event, () => {
      end(undefined);
    });
    if (signal.aborted) stop();
  });
}

interface TunnelRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function tunnelRequest(proxy: URL, server: ProxiedServer): TunnelRequest {
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  const path = `${host}:${server.port}`;
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;

  return {
    path,
    headers: {
      host: path,
      ...(login !== ':' && {
        'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}`,
      }),
    },
  };
}

/** Asks a proxy to lead to the server; what comes behind its answer is the server's. */
function openTunnel(
  socket: Socket,
  { path, headers }: TunnelRequest,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({
      method: 'CONNECT',
      path,
      headers,
      signal,
      createConnection: () => socket,
    });

    call.once('error', reject);
    call.once('connect', ({ statusCode = 0 }) => {
      if (statusCode === 200) {
        resolve();
      } else {
        socket.destroy();
        reject(
          Object.assign(new Error(`the proxy answers ${statusCode}`), {
            code: 'PROXY_REFUSES',
          }),
        );
      }
    });
    call.end();
  });
}
