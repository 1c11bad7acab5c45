import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseXml } from '@rgrove/parse-xml';
import { describe, expect, test } from 'vitest';
import { statusPage } from '../../src/page/status-page.js';
import { statusFacts } from '../helpers/status-facts.js';

/** A phone, a tablet, a screen. */
const WIDTHS = [390, 768, 1280];
const CHROMIUM = '/usr/bin/chromium';
const canBrowse = existsSync(CHROMIUM);
if (!canBrowse) {
  console.warn(
    'Skipped: the status page in a real browser needs Debian chromium.',
  );
}

describe('the status page', () => {
  test('shows warnings before everything else, and the verdict in words', () => {
    const page = statusPage(statusFacts());
    expect(page.indexOf('volume 1 is missing')).toBeLessThan(
      page.indexOf('At a glance'),
    );
    expect(page).toContain('Needs help: 1 serious problem');
    expect(statusPage(statusFacts({ warnings: [] }))).toContain('All is well');
  });

  test('names the newest point that can be recovered, not the newest archive', () => {
    const facts = statusFacts();
    const archives = facts.archives.map((archive, index, all) =>
      index === all.length - 1 ? { ...archive, isRecoverable: false } : archive,
    );
    expect(statusPage({ ...facts, archives })).toMatch(
      /Newest recoverable point<\/dt><dd>2026-11-22 01:00</,
    );
  });

  test('needs nothing but itself: no script, no address, nothing loaded', () => {
    const page = statusPage(statusFacts());
    expect(page).not.toMatch(/<script|<link|<img|src=|url\(|https?:/);
  });

  test('names that look like markup stay text', () => {
    const evil = '</style><script>alert(1)</script>"\'&';
    const [first, ...rest] = statusFacts().archives;
    const page = statusPage(
      statusFacts({
        hostname: evil,
        backupDir: evil,
        warnings: [{ severity: 'warning', text: evil, hint: evil }],
        archives: first
          ? [
              {
                ...first,
                name: evil,
                needs: evil,
                isRecoverable: false,
                problem: evil,
              },
              ...rest,
            ]
          : [],
        mailboxes: [
          {
            name: evil,
            messages: 1,
            sizeBytes: 1,
            folders: [{ name: evil, messages: 1, sizeBytes: 1 }],
          },
        ],
        nextRuns: [{ at: new Date(0), type: 'full', description: evil }],
      }),
    );
    expect(page).not.toContain('<script');
    expect(page.match(/<\/style>/g)).toHaveLength(1);
  });

  test('the chart is well-formed XML', () => {
    const svg = /<svg[\s\S]*<\/svg>/.exec(statusPage(statusFacts()))?.[0] ?? '';
    expect(() => parseXml(svg)).not.toThrow();
  });

  test('a day with many archives counts them by type', () => {
    const [first] = statusFacts().archives;
    const dayWith = (
      ...types: ('full' | 'differential')[]
    ): string | undefined => {
      const archives = first
        ? types.map((type) => ({
            ...first,
            type,
            takenAt: new Date(2026, 10, 20, 10),
          }))
        : [];
      return /<b>(.*?)<\/b>/.exec(statusPage(statusFacts({ archives })))?.[1];
    };

    expect(dayWith('full', 'differential')).toBe('FD');
    expect(
      dayWith('full', 'differential', 'differential', 'full', 'full'),
    ).toBe('3F 2D');
  });

  test('a server without archives, schedule or mail has a page that says so', () => {
    const page = statusPage(
      statusFacts({
        archives: [],
        mailboxes: [],
        nextRuns: [],
        warnings: [],
        freeBytes: undefined,
      }),
    );
    expect(page).toContain('nothing can be recovered');
    expect(page).toContain('No run is scheduled.');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('one archive of no bytes draws a chart', () => {
    const [only] = statusFacts().archives;
    const page = statusPage(
      statusFacts({ archives: only ? [{ ...only, sizeBytes: 0 }] : [] }),
    );
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('thousands of mailboxes are cut to a page that opens, and counted', () => {
    const mailboxes = Array.from({ length: 5000 }, (_, index) => ({
      name: `u${String(index)}`,
      messages: 1,
      sizeBytes: index,
      folders: [],
    }));
    const page = statusPage(statusFacts({ mailboxes }));
    expect(page).toContain('and 4,900 smaller mailboxes');
    expect(page.length).toBeLessThan(200_000);
  });
});

describe.skipIf(!canBrowse)('the status page in a browser', () => {
  const run = promisify(execFile);
  const flags = [
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking',
    '--disable-component-update --disable-sync --virtual-time-budget=10000',
  ].flatMap((line) => line.split(' '));

  async function browse(
    html: string,
    more: (dir: string) => string[],
  ): Promise<{ dir: string; stdout: string }> {
    const dir = mkdtempSync(join(tmpdir(), 'kms-page-'));
    const file = join(dir, 'page.html');
    writeFileSync(file, html);
    const args = [
      ...flags,
      `--user-data-dir=${join(dir, 'profile')}`,
      ...more(dir),
      `file://${file}`,
    ];
    const { stdout } = await run(CHROMIUM, args, { maxBuffer: 64e6 });
    return { dir, stdout };
  }

  test.each([
    ['light', [] as string[]],
    ['dark', ['--force-dark-mode', '--blink-settings=preferredColorScheme=0']],
  ])(
    'an accessibility checker finds nothing at any width (%s)',
    async (scheme, more) => {
      const axe = readFileSync(
        createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
        'utf8',
      );
      // The page forbids scripts; the checker is one.
      const page = statusPage(statusFacts())
        .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '')
        .replace('</body>', () => `<script>${axe}</script></body>`)
        .replaceAll('&', '&amp;')
        .replaceAll('"', '&quot;');
      const frames = WIDTHS.map(
        (width) =>
          `<iframe style="border:0;width:${String(width)}px;height:900px" srcdoc="${page}"></iframe>`,
      );
      // Each frame has a checker of its own: what does not fit there is seen there.
      const check = `<script>onload=async()=>{const results=[];for(const frame of document.querySelectorAll('iframe')){
        const r=await frame.contentWindow.axe.run();
        const brief=r.violations.map((v)=>({id:v.id,nodes:v.nodes.slice(0,3).map((n)=>n.html+' '+n.failureSummary)}));
        const {matches:dark}=frame.contentWindow.matchMedia('(prefers-color-scheme: dark)');
        results.push({width:frame.contentWindow.innerWidth,dark,passes:r.passes.length,brief})}
        const o=document.createElement('pre');o.id='axe';o.textContent=JSON.stringify(results);document.body.append(o)}</script>`;
      const { dir, stdout } = await browse(
        `<body>${frames.join('')}${check}</body>`,
        () => ['--dump-dom', ...more],
      );
      rmSync(dir, { recursive: true, force: true });
      const found =
        /<pre id="axe">(.*?)<\/pre>/s.exec(stdout)?.[1] ?? 'no result';
      const results = JSON.parse(
        found
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&amp;', '&'),
      ) as {
        width: number;
        dark: boolean;
        passes: number;
        brief: unknown[];
      }[];
      expect(results.map(({ width }) => width)).toEqual(WIDTHS);
      for (const { dark, passes, brief } of results) {
        expect(brief).toEqual([]);
        expect(dark).toBe(scheme === 'dark');
        expect(passes).toBeGreaterThan(15);
      }
    },
  );

  test.each(WIDTHS)(
    'at %i px nothing is cut off or needs sideways scrolling',
    async (width) => {
      const page = statusPage(statusFacts())
        .replaceAll('&', '&amp;')
        .replaceAll('"', '&quot;');
      // A window has a least width; a frame is as narrow as a phone. Mailboxes are opened: their folders count too.
      const html = `<body><iframe id="frame" style="border:0;width:${String(width)}px;height:900px" srcdoc="${page}"></iframe><script>
      onload=()=>{const d=frame.contentDocument;d.querySelectorAll('details').forEach((it)=>{it.open=true});
      const wide=[...d.querySelectorAll('html,section')].filter((it)=>it.scrollWidth>it.clientWidth+1);
      const o=document.createElement('pre');o.id='wide';o.textContent=d.querySelectorAll('section').length+' '+
      wide.map((it)=>it.tagName+' '+(it.getAttribute('aria-labelledby')??'')+' '+it.scrollWidth+'>'+it.clientWidth).join(', ');
      document.body.append(o)}</script></body>`;
      const { dir, stdout } = await browse(html, () => ['--dump-dom']);
      rmSync(dir, { recursive: true, force: true });
      expect(/<pre id="wide">(.*?)<\/pre>/s.exec(stdout)?.[1]).toBe('7 ');
    },
  );

  test('is drawn', async () => {
    const { dir } = await browse(statusPage(statusFacts()), (place) => [
      `--screenshot=${process.env['KMS_TEST_SCREENSHOT'] ?? join(place, 'page.png')}`,
      '--window-size=1100,2400',
    ]);
    const picture = process.env['KMS_TEST_SCREENSHOT'] ?? join(dir, 'page.png');
    expect(statSync(picture).size).toBeGreaterThan(20_000);
    rmSync(dir, { recursive: true, force: true });
  });
});
