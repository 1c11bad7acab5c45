import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Tells which step a run is at. Every part of the program tells its steps; the user interface may listen. */
const NAME = 'kms-backup:step';
const steps = channel(NAME);

/** @param step in the administrator's words: `component mail in /srv/store/mail`, `volume F….1.zip` */
export function tellStep(step: string): void {
  if (steps.hasSubscribers) steps.publish(step);
}

/** Calls `listener` with each step of this thread. Returns a function that ends the calls. */
export function onStep(listener: (step: string) => void): () => void {
  const hear = (message: unknown): void => {
    listener(String(message));
  };

  subscribe(NAME, hear);

  return () => {
    unsubscribe(NAME, hear);
  };
}
