// Time and memory of an export: node scripts/build.mjs && node scripts/bench/export.mjs FORMAT [MESSAGES]
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportMessages } from '../../dist/export/export-messages.js';

const [format = 'zip', count = '50000'] = process.argv.slice(2);
const letters = Array.from({ length: 7000 }, (_, i) =>
  String.fromCharCode(97 + ((i * i * 31) % 26)),
).join('');
const body = Buffer.from(
  `From: a@b\r\nSubject: x\r\n\r\n${letters.replace(/.{70}/g, '$&\r\n')}`,
);

async function* messages() {
  for (let i = 0; i < Number(count); i++) {
    const name = `${i.toString(16).padStart(8, '0')}.eml`;
    const where = {
      domain: 'example.com',
      user: 'alice',
      folder: `Folder ${i % 50}`,
    };

    yield {
      ...where,
      name,
      bytes: Buffer.from(body),
      modifiedAt: new Date(1.7e12),
      flags: undefined,
    };
  }
}

const output = join(tmpdir(), `kms-backup-bench-export-${process.pid}`);
const start = performance.now();
const scope = { mailboxes: 1, folders: 50, messages: Number(count) };
const report = await exportMessages({
  messages: messages(),
  scope,
  format,
  output,
  overwrite: false,
});
const seconds = ((performance.now() - start) / 1000).toFixed(1);
const peakMb = (process.resourceUsage().maxRSS / 1024).toFixed(0);
console.log(
  `${format}: ${report.messages} messages, ${(report.sizeBytes / 1e6).toFixed(0)} MB, ${seconds} s, peak ${peakMb} MB`,
);
rmSync(output, { recursive: true, force: true });
