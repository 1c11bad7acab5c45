import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PostalMime, { type Email } from 'postal-mime';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { startSmtp, type SmtpService } from '../helpers/smtp.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  kms,
  QUIET_ENVIRONMENT,
} from '../helpers/tools.js';

let dir = '';
let smtp: SmtpService;
let server: Installation;
beforeAll(() => {
  dir = temporaryDirectory('mailed-page');
});
afterAll(() => {
  removeTemporary(dir);
});
beforeEach(async () => {
  smtp = await startSmtp();
  server = buildInstallation(join(dir, 'server'), { keep: 1 });
  const ini = `[smtp]\nhost = 127.0.0.1\nport = ${String(smtp.port)}\ntls = none\nto = admin@example.com\n`;
  writeFileSync(join(server.serverDir, 'kms-backup.ini'), ini);
});
afterEach(async () => {
  await smtp.close();
  rmSync(server.serverDir, { recursive: true, force: true });
});

/** Runs `kms-backup` while the mail service of this process answers. */
async function run(
  ...words: string[]
): Promise<{ status: number | null; stderr: string }> {
  const env = { ...process.env, ...QUIET_ENVIRONMENT };
  const child = spawn(
    process.execPath,
    [BINARY, ...words, '--server-dir', server.serverDir],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
    },
  );
  let stderr = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve) =>
    child.once('close', resolve),
  );
  return { status, stderr };
}

/** The newest mail, and the page in it. */
async function newestMail(): Promise<{ mail: Email; page: string }> {
  const mail = await PostalMime.parse(smtp.mails.at(-1)?.raw ?? '', {
    attachmentEncoding: 'utf8',
  });
  const [attachment, ...others] = mail.attachments;
  expect(others).toEqual([]);
  expect(attachment).toMatchObject({
    filename: 'kms-backup-status.html',
    mimeType: 'text/html',
    disposition: 'attachment',
  });
  const content = attachment?.content;
  return { mail, page: typeof content === 'string' ? content : '' };
}

describe('the mail about a backup', () => {
  it('brings the page that status --html writes, with the archives as the run left them', async () => {
    expect(await run('backup', 'full')).toEqual({ status: 0, stderr: '' });
    const first = await newestMail();
    const path = join(dir, 'page.html');
    expectDone(
      kms(['status', '--html', path, '--server-dir', server.serverDir]),
    );
    // Between the two pages time goes by, and others write to the disk.
    const lasting = (page: string): string =>
      page.replaceAll(
        /<footer>.*<\/footer>|As of [^<]*|<small>[^<]*<\/small>|<dt>Free in .*?<\/dd>/g,
        '',
      );
    expect(lasting(first.page)).toBe(lasting(readFileSync(path, 'utf8')));
    const archive = /F\w+\.zip/.exec(first.mail.text ?? '')?.[0];
    expect(first.page).toContain(`>${archive ?? 'none'}<`);
    expect(await run('backup', 'full')).toMatchObject({ status: 0 });
    const { page } = await newestMail();
    // Rotation keeps one: the page was made after it.
    expect(page).not.toContain(archive);
    expect(page.match(/<td[^>]*>F\w+\.zip<\/td>/g)).toHaveLength(1);
  });

  it('brings it also where the backup failed', async () => {
    expect(await run('backup', 'full')).toMatchObject({ status: 0 });
    rmSync(server.storeDir, { recursive: true });
    expect(await run('backup', 'full')).toMatchObject({ status: 2 });
    const { mail, page } = await newestMail();
    expect(mail.subject).toContain('FAILED');
    expect(page).not.toContain('All is well');
    expect(page).toContain('the last backup FAILED');
    expect(page).toMatch(/<td[^>]*>F\w+\.zip<\/td>/);
  });
});
