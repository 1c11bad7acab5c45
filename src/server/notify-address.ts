import { isMailAddress } from '../platform/mail-address.js';

/** To whom the notification address of mailserver.cfg sends. */
export interface NotifyAddress {
  /** None where nobody is named, or nobody that a mail can go to. */
  readonly to: readonly string[];
  /** Undefined where the text is wholly addresses, or empty. */
  readonly problem: string | undefined;
}

/**
 * Takes the notification address apart. What is no address keeps no mail from the others: `postmaster` without a domain,
 * which only the server itself could complete, or what a separator at the end is to be followed by.
 */
export function readNotifyAddress(text: string): NotifyAddress {
  if (text.trim() === '') return { to: [], problem: undefined };

  const parts = text.split(/[,;]/).map((part) => part.trim());
  const to = parts.filter(isMailAddress);
  if (to.length === parts.length) return { to, problem: undefined };

  const told =
    to.length === 0
      ? 'nobody is told'
      : `notifications go to ${to.join(', ')} alone`;

  return {
    to,
    problem: `the notification address in mailserver.cfg, ${JSON.stringify(text)}, is none: ${told}`,
  };
}
