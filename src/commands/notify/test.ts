import { ConfigurationError, ExitCode } from '../../errors.js';
import { systemClock } from '../../platform/clock.js';
import { plural } from '../../platform/units.js';
import {
  addressProblem,
  sendTestMail,
  type NotifyTestReport,
} from '../../report/notify.js';
import { openNotifyContext } from '../../report/open-context.js';
import { KmsCommand, type Outcome } from '../../ui/command.js';

export default class NotifyTest extends KmsCommand {
  static override summary =
    'Send a test mail the way notifications go, and say what the mail service answered.';
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

    const report = await sendTestMail({
      ...context,
      signal: this.signal,
    }).catch((error: unknown) => {
      this.signal.throwIfAborted();
      throw error;
    });

    if (!report) {
      const problem =
        addressProblem(context) ??
        'mailserver.cfg names no notification address';

      throw new ConfigurationError(`nobody is to be notified: ${problem}`, {
        hints: [
          'Set it with config set notify=ADDRESS, or to = ADDRESS in [smtp] of kms-backup.ini.',
        ],
      });
    }

    const problem = addressProblem(context);
    if (problem !== undefined) this.warnPeople(problem);
    for (const { address, answer } of report.rejected) {
      this.warnPeople(`${address} was refused: ${answer}`);
    }

    const exitCode =
      report.rejected.length > 0 ? ExitCode.incomplete : ExitCode.done;

    return { exitCode, json: report, text: textOf(report), isSummary: true };
  }
}

function textOf(report: NotifyTestReport): string {
  const lines = [
    `${report.host}:${String(report.port)} took the test mail for ${report.accepted.join(', ')}`,
  ];
  if (report.sentFromSpool > 0) {
    lines.push(
      `${plural(report.sentFromSpool, 'earlier notification')} went out with it`,
    );
  }

  return lines.join('\n');
}
