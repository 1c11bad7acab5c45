/** The loss of mail that nobody has acknowledged. */
import type { MassLossRecord } from '../archive/mass-loss-record.js';
import { type StatusWarning, warning } from './warning.js';

export function massLossWarnings(
  loss: MassLossRecord | undefined,
): StatusWarning[] {
  if (!loss) return [];

  return [
    warning(
      `far less mail than before in ${loss.archive}; kept until status --acknowledge says that this is right: ${loss.keeps.join(' and ')}`,
    ),
  ];
}
