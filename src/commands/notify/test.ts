import { ConfigurationError, ExitCode } from '../../errors.js';
import { systemClock } from '../../platform/clock.js';
import { plural } from '../../platform/units.js';
import {
  addressProblem,
  type NotifyContext,
  sendTestMail,
  type TestMailReport,
} from '../../report/notify.js';
import { postTest, type TestPost } from '../../report/notify-url.js';
import { openNotifyContext } from '../../report/open-context.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';
import { document } from '../../ui/document.js';

export default class NotifyTest extends KmsCommand {
  static override summary =
    'Send a test mail and call [notify] url as notifications do, and say what was answered.';
  static override description =
    'Goes to [smtp] to of kms-backup.ini, else to the notification address of the Backup tab; through [smtp] host, ' +
    "else through the server's own SMTP service. Notifications that could not be sent earlier go out with it.";
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    'KMS_BACKUP_SMTP_PASSWORD=… <%= config.bin %> <%= command.id %> --json',
  ];
  static override exitCodes = [ExitCode.incomplete, ExitCode.notFound];

  protected override kept = 'the mail service had not taken the mail yet';

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(NotifyTest);
    const context = openNotifyContext({
      serverDir: flags['server-dir'],
      clock: systemClock,
    });

    const posted = await postTest(context, this.signal);
    if (posted?.problem !== undefined) this.warnPeople(posted.problem);

    const mail = await this.#sendMail(context);
    if (!mail && !posted) throw nobodyError(context);

    const isWhole = !posted?.problem && !mail?.rejected.length;
    const json = document('notify-test', { ...mail, url: posted });

    return {
      exitCode: isWhole ? ExitCode.done : ExitCode.incomplete,
      json,
      text: [...(mail ? mailLines(mail) : []), ...urlLines(posted)].join('\n'),
      isSummary: true,
    };
  }

  async #sendMail(context: NotifyContext): Promise<TestMailReport | undefined> {
    const report = await sendTestMail({
      ...context,
      signal: this.signal,
    }).catch((error: unknown) => {
      this.signal.throwIfAborted();
      throw error;
    });

    const problem = addressProblem(context);
    if (problem !== undefined) this.warnPeople(problem);
    for (const { address, answer } of report?.rejected ?? []) {
      this.warnPeople(`${address} was refused: ${answer}`);
    }

    return report;
  }
}

function nobodyError(context: NotifyContext): ConfigurationError {
  const problem =
    addressProblem(context) ?? 'mailserver.cfg names no notification address';

  return new ConfigurationError(`nobody is to be notified: ${problem}`, {
    hints: [
      'Set it with config set notify=ADDRESS, or to = ADDRESS in [smtp] of kms-backup.ini; or url in [notify].',
    ],
  });
}

function urlLines(posted: TestPost | undefined): string[] {
  return posted && posted.problem === undefined
    ? [`${posted.host} took the test call`]
    : [];
}

function mailLines(report: TestMailReport): string[] {
  const lines = [
    `${report.host}:${String(report.port)} took the test mail for ${report.accepted.join(', ')}`,
  ];
  if (report.sentFromSpool > 0) {
    lines.push(
      `${plural(report.sentFromSpool, 'earlier notification')} went out with it`,
    );
  }

  return lines;
}
