// The recorded session as an SVG that plays once and then stands still; a reader who wants no motion sees all at once.
import { COLUMNS } from './record.mjs';

const [CELL, LINE, MARGIN] = [7.9, 18, 16];
const TYPING_SECONDS = 0.9;
const READING_SECONDS = 1.4;

const escapeXml = (text) =>
  text.replace(
    /[&<>]/g,
    (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign],
  );

export function sessionSvg(steps) {
  const rows = [];
  let at = 0.5;

  for (const { command, lines, seconds } of steps) {
    rows.push({ text: `$ ${command}`, at, isCommand: true });
    at += TYPING_SECONDS + seconds;
    for (const text of lines) rows.push({ text, at });
    rows.push({ text: '', at });
    at += READING_SECONDS;
  }

  const [width, height] = [
    Math.ceil(COLUMNS * CELL + 2 * MARGIN),
    rows.length * LINE + 2 * MARGIN,
  ];

  const texts = rows.map(
    ({ text, at: delay, isCommand }, index) =>
      `<text class="${isCommand ? 'c' : 'o'}" x="${MARGIN}" y="${MARGIN + (index + 0.75) * LINE}" style="animation-delay:${delay.toFixed(2)}s">${escapeXml(text)}</text>`,
  );

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A session with kms-backup in a terminal">
<style>
text{font:13px "DejaVu Sans Mono",Menlo,Consolas,"Liberation Mono",monospace;white-space:pre;fill:#d1d7e0}
.c{fill:#7ee787;font-weight:bold}
@media (prefers-reduced-motion:no-preference){text{opacity:0;animation:show .01s forwards}}
@keyframes show{to{opacity:1}}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${texts.filter((line) => !line.endsWith('></text>')).join('\n')}
</svg>
`;
}
