import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { ConfigurationError, messageOf } from '../errors.js';
import { TOOL } from '../platform/tool.js';
import type { NotifyRule } from '../settings/smtp-section.js';
import type {
  NotifySettings,
  NotifyTemplate,
} from '../settings/notify-section.js';
import type { NotifyContext } from './notify.js';
import { notificationFor } from './notification.js';
import { post } from './post.js';
import {
  needsAttention,
  type RunReport,
  type StepLimits,
} from './run-report.js';

const DEFAULT_TIMEOUT_MS = 10_000;
/** Slack cuts longer texts, and Teams refuses them. */
const MOST_CHARACTERS = 3000;

/** What is told; what a template may name in braces. */
interface PostedFacts {
  readonly title: string;
  readonly text: string;
  readonly outcome: RunReport['outcome'] | 'test';
  /** What the template `json` posts: the whole report. */
  readonly document: object;
}

/**
 * Tells the address of `[notify]` about a run, as the rule for mail asks. Never throws: what went wrong is returned as a warning,
 * which names the host alone.
 */
export async function notifyUrl(
  report: RunReport,
  settings: NotifySettings,
  { rule, limits }: { readonly rule: NotifyRule; readonly limits: StepLimits },
): Promise<string[]> {
  const { subject, text } = notificationFor(report);
  const { outcome } = report;
  const document = {
    ...report,
    host: report.hostname,
    tool: TOOL,
    at: report.finishedAt,
  };
  const facts = { title: subject, text, outcome, document };

  return notifyUrlOf(facts, settings, {
    rule,
    needsAttention: needsAttention(report),
    limits,
  });
}

/** The same with facts of any run. */
export async function notifyUrlOf(
  facts: PostedFacts,
  settings: NotifySettings,
  {
    rule,
    needsAttention: isDueByProblems,
    limits,
  }: {
    readonly rule: NotifyRule;
    readonly needsAttention: boolean;
    readonly limits: StepLimits;
  },
): Promise<string[]> {
  const isDue = rule === 'always' || (rule === 'problems' && isDueByProblems);
  if (settings.url === undefined || !isDue) return [];

  try {
    const problem = await postFacts(facts, settings, limits);

    return problem === undefined ? [] : [`the notification's ${problem}`];
  } catch (error) {
    return [`the notification's call was not made: ${messageOf(error)}`];
  }
}

/**
 * Posts facts in the shape that the template asks for. Returns what went wrong.
 * @throws {ConfigurationError} for a template that cannot be used
 */
async function postFacts(
  facts: PostedFacts,
  {
    url = '',
    template = 'json',
    timeoutMs = DEFAULT_TIMEOUT_MS,
  }: NotifySettings,
  { mostMs, signal }: StepLimits,
): Promise<string | undefined> {
  const address = new URL(url);
  const body =
    typeof template === 'string'
      ? SHAPES[template](facts, address)
      : fillTemplate(template.file, facts);

  const problem = await post(address, {
    body: JSON.stringify(body),
    contentType: 'application/json; charset=utf-8',
    limitMs: Math.min(timeoutMs, mostMs ?? timeoutMs),
    signal,
  });

  return problem === undefined
    ? undefined
    : `call to ${address.host} ${problem}`;
}

/** How the test of the address went. */
export interface TestPost {
  readonly host: string;
  readonly problem?: string | undefined;
}

/**
 * Posts a test in the shape of notifications. Undefined where no address is set.
 * @throws {ConfigurationError} for a template that cannot be used
 */
export async function postTest(
  { settings: { notify }, clock }: NotifyContext,
  signal: AbortSignal,
): Promise<TestPost | undefined> {
  if (notify.url === undefined) return undefined;

  const title = `[kms-backup] ${hostname()}: test of the notifications`;
  const text = 'This is a test. Nothing happened to the backup.';
  const document = {
    schema: 'kms-backup/notify-call/1',
    exitCode: 0,
    host: hostname(),
    tool: TOOL,
    at: clock(),
    title,
  };
  const facts: PostedFacts = { title, text, outcome: 'test', document };

  const { host } = new URL(notify.url);
  const problem = await postFacts(facts, notify, { signal });
  signal.throwIfAborted();

  return problem === undefined
    ? { host }
    : { host, problem: `the test's ${problem}` };
}

type Shape = (facts: PostedFacts, address: URL) => object;

const SHAPES: Readonly<Record<NotifyTemplate, Shape>> = {
  json: ({ document }) => document,
  ntfy: toNtfy,
  slack: ({ title, text }) => ({ text: cut(`*${title}*\n${text}`) }),
  teams: toTeams,
};

/** ntfy takes JSON at its root, with the topic in it: that is moved out of the address. */
function toNtfy({ title, text, outcome }: PostedFacts, address: URL): object {
  const parts = address.pathname.replace(/\/$/, '').split('/');
  const topic = decodeURIComponent(parts.pop() ?? '');
  address.pathname = `${parts.join('/')}/`;

  return {
    topic,
    title,
    message: cut(text),
    priority: outcome === 'failed' ? 5 : 3,
    tags: [outcome === 'failed' ? 'rotating_light' : 'floppy_disk'],
  };
}

/** An adaptive card, as the workflows of Teams take it. */
function toTeams({ title, text }: PostedFacts): object {
  const block = (words: string, more: object): object => ({
    type: 'TextBlock',
    text: words,
    wrap: true,
    ...more,
  });

  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      block(title, { weight: 'Bolder' }),
      block(cut(text), { fontType: 'Monospace' }),
    ],
  };

  return {
    type: 'message',
    attachments: [
      { contentType: 'application/vnd.microsoft.card.adaptive', content },
    ],
  };
}

/** JSON in whose texts `{{title}}`, `{{text}}` and `{{outcome}}` stand for the facts. */
function fillTemplate(file: string, facts: PostedFacts): object {
  const values: Readonly<Record<string, string>> = {
    title: facts.title,
    text: facts.text,
    outcome: facts.outcome,
  };

  const fill = (text: string): string =>
    text.replace(
      /\{\{(\w+)\}\}/g,
      (whole, name: string) => values[name] ?? whole,
    );

  try {
    return JSON.parse(readFileSync(file, 'utf8'), (_, value: unknown) =>
      typeof value === 'string' ? fill(value) : value,
    ) as object;
  } catch (error) {
    throw new ConfigurationError(
      `the template of [notify] cannot be used: ${messageOf(error)}`,
      { hints: [`It is to be JSON: ${file}.`] },
    );
  }
}

function cut(text: string): string {
  return text.length <= MOST_CHARACTERS
    ? text
    : `${text.slice(0, MOST_CHARACTERS - 1)}…`;
}
