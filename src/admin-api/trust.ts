import { connect, type TLSSocket } from 'node:tls';
import { isIP } from 'node:net';
import { messageOf, UntrustedServerError } from '../errors.js';
import { fingerprintOf } from '../platform/fingerprint.js';
import { describeHttpsAddress } from '../platform/https-address.js';
import type { AdminServer } from './address.js';
import { AdminUnreachableError } from './fault.js';

const USUAL_SILENCE_MS = 60_000;

/**
 * Connects to a server and looks at whom it speaks to; nothing was sent until then.
 * @throws {UntrustedServerError} · {AdminUnreachableError}
 */
export async function connectTrusted(
  server: AdminServer,
  signal: AbortSignal,
): Promise<TLSSocket> {
  signal.throwIfAborted();

  const socket = await connectAnybody(server, signal);

  try {
    judge(socket, server);
  } catch (error) {
    socket.destroy();
    throw error;
  }

  return socket;
}

/** Whoever answers; it is judged afterwards, and by more than authorities. */
function connectAnybody(
  server: AdminServer,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { host, port, silenceMs = USUAL_SILENCE_MS } = server;
  const servername = isIP(host) === 0 ? { servername: host } : {};

  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...servername,
      rejectUnauthorized: false,
    });

    const fail = (error: unknown): void => {
      socket.destroy();
      signal.removeEventListener('abort', stop);
      reject(
        new AdminUnreachableError(
          `cannot reach ${describeHttpsAddress(server)}: ${messageOf(error)}`,
          error,
        ),
      );
    };

    const stop = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };

    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', fail);
    socket.setTimeout(silenceMs, () => {
      socket.destroy(silence(silenceMs));
    });
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', stop);
      socket.removeListener('error', fail);
      resolve(socket);
    });
  });
}

function silence(ms: number): Error {
  return new Error(`no word within ${Math.round(ms / 1000)} s`);
}

/** A fingerprint counts alone; then a certificate of the installation itself, then the authorities that Node believes. */
function judge(socket: TLSSocket, server: AdminServer): void {
  // Empty where the other side showed none.
  const raw = (socket.getPeerCertificate() as { raw?: Buffer }).raw;
  const found = raw ? fingerprintOf(raw) : 'none';
  const { fingerprint, certificates } = server;
  const name = describeHttpsAddress(server);

  if (fingerprint !== undefined) {
    if (found === fingerprint) return;

    throw new UntrustedServerError(
      `${name} has another certificate: expected ${fingerprint}, found ${found}`,
      {
        hints: [
          'Ask who runs the server whether its certificate was changed, and correct [api] fingerprint then.',
        ],
      },
    );
  }

  const isKnown = certificates.some((known) => raw?.equals(known) === true);
  if (isKnown || socket.authorized) return;

  // What @types/node calls an Error is the code's text.
  const reason = String(socket.authorizationError);

  throw new UntrustedServerError(`no trusted way to ${name}: ${reason}`, {
    hints: [
      `Its certificate is in no .crt of the installation's sslcert. Where it is right, set fingerprint = ${found} in [api] of kms-backup.ini.`,
    ],
  });
}
