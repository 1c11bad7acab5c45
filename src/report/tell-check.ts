/** Tells how a verify or a drill ended, as a backup is told: metrics, mail, the address of [notify], the ping. */
import { messageOf } from '../errors.js';
import { TOOL } from '../platform/tool.js';
import { checkHeadline, checkMail, type CheckReport } from './check-report.js';
import { writeCheckMetrics } from './metrics-file.js';
import { notifyRule, type NotifyContext, notifyWith } from './notify.js';
import { notifyUrlOf } from './notify-url.js';
import { ping } from './ping.js';

/**
 * Never throws: what could not be told is returned as warnings. A success calls no ping: the address of backups would stay green
 * while no backup is made.
 */
export async function tellCheck(
  report: CheckReport,
  context: NotifyContext,
): Promise<string[]> {
  const { settings, signal } = context;
  const needsAttention = report.outcome !== 'done';
  const mail = checkMail(report);
  const facts = {
    title: mail.subject,
    text: mail.text,
    outcome: report.outcome,
    document: { ...report, tool: TOOL, at: report.finishedAt },
  };

  const metrics = await writeMetrics(report, context);
  const mailed = await notifyWith(
    (rule) => (rule === 'always' || needsAttention ? mail : undefined),
    context,
  );
  const called = await notifyUrlOf(facts, settings.notify, {
    rule: notifyRule(context),
    needsAttention,
    limits: { signal },
  });
  const pinged =
    report.outcome === 'failed'
      ? await ping(settings.ping, 'fail', checkHeadline(report), { signal })
      : [];

  return [...metrics, ...mailed, ...called, ...pinged];
}

async function writeMetrics(
  report: CheckReport,
  { settings, clock }: NotifyContext,
): Promise<string[]> {
  const { textfile } = settings.metrics;
  if (textfile === undefined) return [];

  try {
    await writeCheckMetrics(textfile, report, clock);

    return [];
  } catch (error) {
    return [`the metrics were not written: ${messageOf(error)}`];
  }
}
