import type { SettingValue } from '../../config/keys.js';
import type { SetReport } from '../../config/set-settings.js';
import type { ShownSettings } from '../../config/show-settings.js';
import { formatSize } from '../../platform/units.js';
import { diffLines } from '../../server/config/diff.js';
import { document } from '../document.js';
import { formatTable } from '../table.js';

/** For people: `keep: 7 -> 3`, a line for each setting. */
export function formatChanged({
  changed,
}: Pick<SetReport, 'changed'>): string[] {
  return changed.map(
    ({ name, from, to }) =>
      `${name}: ${String(from) || '-'} -> ${String(to) || '-'}`,
  );
}

/** Formats a preview: the lines of mailserver.cfg, then each setting. Settings of kms-backup.ini have no lines. */
export function formatPlan(report: SetReport): string {
  return [
    ...diffLines(report.before.document, report.after.document),
    ...formatChanged(report),
  ].join('\n');
}

/** The settings as a document, as `config set --from` takes it. */
export function documentSettings(shown: ShownSettings): object {
  return document('config', {
    file: shown.place,
    settings: Object.fromEntries(shown.values),
    defaults: [...shown.defaults],
  });
}

/** The settings as a table; what is a default stands in brackets. */
export function formatSettings({
  values,
  defaults,
  labels,
}: ShownSettings): string {
  const rows = [...values].map(([name, value]) => {
    const text = formatValue(name, value);

    return [
      name,
      defaults.has(name) ? `[${text}]` : text,
      labels.get(name) ?? '',
    ];
  });

  return formatTable([['SETTING', 'VALUE', 'MEANING'], ...rows]).join('\n');
}

function formatValue(name: string, value: SettingValue): string {
  if (name === 'volume-size' && typeof value === 'number') {
    return `${value} (${formatSize(value)})`;
  }

  return value === '' ? '-' : String(value);
}
