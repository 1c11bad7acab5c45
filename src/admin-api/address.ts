/**
 * admin-api/ speaks JSON-RPC to the administration interface of a mail server (Kerio Connect 7 and later). It knows nothing of
 * backups. Start here, with the server; then trust.ts (who is believed), exchange.ts (one question and its answer), session.ts
 * (somebody who is logged in) and fault.ts (what went wrong).
 */
import type { HttpsAddress } from '../platform/https-address.js';

/** A mail server's administration, and who logs in there. */
export interface AdminServer extends HttpsAddress {
  readonly user: string;
  readonly password: string;
  /** SHA-256 of its certificate, in hexadecimal digits: nothing else about it is looked at. */
  readonly fingerprint: string | undefined;
  /** In DER: what the server has to show where no fingerprint is known. */
  readonly certificates: readonly Buffer[];
  /** So long may it say nothing; default: a minute, as in the vendor's own client. */
  readonly silenceMs?: number;
  /** So long may it take for one answer, however it says it; default: ten minutes. */
  readonly answerMs?: number;
}
