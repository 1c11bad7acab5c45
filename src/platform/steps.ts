import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Whoever does a step says so; whether anybody listens is the user interface's matter. */
const NAME = 'kms-backup:step';
const steps = channel(NAME);

/** Says what is done now, in the administrator's words: `component mail in /srv/store/mail`, `volume F….1.zip`. */
export function tellStep(what: string): void {
  if (steps.hasSubscribers) steps.publish(what);
}

/** Calls `listener` with each step of this thread from now on. Returns what ends that. */
export function onStep(listener: (what: string) => void): () => void {
  const hear = (message: unknown): void => {
    listener(String(message));
  };

  subscribe(NAME, hear);

  return () => {
    unsubscribe(NAME, hear);
  };
}
