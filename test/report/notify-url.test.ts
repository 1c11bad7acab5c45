import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notifyUrl } from '../../src/report/notify-url.js';
import type { NotifySettings } from '../../src/settings/notify-section.js';
import { temporaryDirectory } from '../helpers/configured-server.js';
import { runReport } from '../helpers/run-report.js';
import { schemaFaults } from '../helpers/schemas.js';

const SECRET = 'tulip-seven-topic';
const calls: { path: string; type: string; body: Record<string, unknown> }[] =
  [];

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += String(piece);

  return text;
}

const server = createServer((request, response) => {
  const path = request.url ?? '';
  if (path.endsWith('/silent')) return;

  void textOf(request).then((text) => {
    const type = request.headers['content-type'] ?? '';
    calls.push({ path, type, body: JSON.parse(text) as never });
    response.statusCode = path.endsWith('/refused') ? 403 : 200;
    response.end();
  });
});

let root = '';
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  root = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Tells the server about a run, and returns the warnings and the last call. */
async function told(
  settings: Partial<NotifySettings>,
  changes: Parameters<typeof runReport>[0] = {},
  rule: 'always' | 'problems' | 'never' = 'always',
): Promise<{ warnings: string[]; call: (typeof calls)[number] | undefined }> {
  calls.length = 0;
  const warnings = await notifyUrl(
    runReport(changes),
    {
      url: `${root}/hooks/${SECRET}`,
      template: undefined,
      timeoutMs: undefined,
      ...settings,
    },
    { rule, limits: {} },
  );

  return { warnings, call: calls.at(-1) };
}

describe('the address of [notify]', () => {
  it('gets the whole report as a document, each field of which is described', async () => {
    const { warnings, call } = await told({});
    expect(warnings).toEqual([]);
    expect(call).toMatchObject({
      path: `/hooks/${SECRET}`,
      type: 'application/json; charset=utf-8',
      body: { schema: 'kms-backup/run/1', exitCode: 0, host: 'mail1' },
    });
    expect(schemaFaults(call?.body ?? {})).toEqual([]);
  });

  it('gets what ntfy, Slack and Teams take', async () => {
    const failed = { outcome: 'failed', exitCode: 1 } as const;
    const { call: ntfy } = await told({ template: 'ntfy' }, failed);
    expect(ntfy).toMatchObject({
      path: '/hooks/',
      body: {
        topic: SECRET,
        title: expect.stringContaining('FAILED') as string,
        priority: 5,
      },
    });

    const { call: slack } = await told({ template: 'slack' });
    expect(slack?.body['text']).toMatch(/^\*\[kms-backup\] mail1: .*done\*\n/);

    const { call: teams } = await told({ template: 'teams' });
    expect(teams?.body).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard' },
        },
      ],
    });
  });

  it("gets an administrator's own shape, in which no text becomes markup", async () => {
    const file = join(temporaryDirectory(), 'template.json');
    writeFileSync(file, '{"a":[{"say":"{{outcome}}: {{title}} {{other}}"}]}');
    const { call } = await told({ template: { file } }, { hostname: '"}],"x' });
    expect(call?.body).toEqual({
      a: [
        {
          say: expect.stringMatching(
            /^done: \[kms-backup\] "\}\],"x: .* \{\{other\}\}$/,
          ) as string,
        },
      ],
    });

    writeFileSync(file, '{"a":');
    expect((await told({ template: { file } })).warnings).toEqual([
      expect.stringContaining('the template of [notify] cannot be used'),
    ]);
  });

  it('is called when the rule for mail says so', async () => {
    expect((await told({}, {}, 'problems')).call).toBeUndefined();
    expect((await told({}, {}, 'never')).call).toBeUndefined();
    const warned = { warnings: ['the disk is nearly full'] };
    expect((await told({}, warned, 'problems')).call).toBeDefined();
  });

  it('that does not take it is a warning, which does not tell it', async () => {
    const refused = await told({ url: `${root}/${SECRET}/refused` });
    expect(refused.warnings).toEqual([
      expect.stringMatching(
        /^the notification's call to 127\.0\.0\.1:\d+ was answered with 403$/,
      ),
    ]);

    const silent = { url: `${root}/${SECRET}/silent`, timeoutMs: 200 };
    expect((await told(silent)).warnings[0]).toContain(
      'no answer within 0.2 s',
    );

    const nobody = await told({ url: `http://127.0.0.1:1/${SECRET}` });
    expect(nobody.warnings).toHaveLength(1);
    for (const { warnings } of [refused, nobody]) {
      expect(warnings.join()).not.toContain(SECRET);
    }
  });
});
