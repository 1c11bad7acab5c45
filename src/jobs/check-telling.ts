/** Who is told of a failure while a file of settings is broken: a finding of `doctor`. */
import { readTelling, type Telling } from '../report/telling.js';
import type { Installation } from '../server/installation.js';
import { readNotifyAddress } from '../server/notify-address.js';
import { type Check, ok, warning } from '../status/check.js';

export function checkTelling(installation: Installation): Check {
  const name = 'telling';
  const telling = readTelling(installation);
  const ways = waysOf(telling);
  const known = ways.length === 0 ? 'nobody' : ways.join(', ');
  const fact = `a failure is told to ${known}`;
  if (telling.gaps.length === 0 && ways.length > 0) return ok(name, fact);

  const advice = 'Mend the configuration; until then look at status.';

  return warning(name, [fact, ...telling.gaps].join('; '), advice);
}

/** Of an address its host alone. */
function waysOf({ settings, server }: Telling): string[] {
  const { smtp, metrics, notify, ping } = settings;
  const to = smtp.to ?? readNotifyAddress(server.notifyAddress).to;
  const urls = [notify.url, ping.url].filter((url) => url !== undefined);
  const files = metrics.textfile === undefined ? [] : [metrics.textfile];

  return [...to, ...files, ...urls.map((url) => new URL(url).host)];
}
