/**
 * server/running/ is the mail server as its own administration tells it, while it runs. Start here, with the questions; then
 * settings-source.ts (its settings as a source beside mailserver.cfg), options.ts, tasks.ts and log-leaf.ts (what they are in
 * its words), backup-state.ts (what its own backup does).
 */
import type { JsonAnswer, JsonObject } from '../../platform/json-answer.js';

/** Questions to a running server; somebody else knows the way there. */
export interface AdminCalls {
  /** For messages: `https://127.0.0.1:4040`. */
  readonly name: string;
  /** Changes nothing, and may be sent twice. */
  ask(method: string, params?: JsonObject): Promise<JsonAnswer>;
  /** Is sent once. */
  tell(method: string, params?: JsonObject): Promise<JsonAnswer>;
}
