// Prints how the source reads: tokens a line, empty lines in functions, nested ternaries, files over the budget.
//   node scripts/house.mjs [--list] [--check] [FOLDER…]
// --list names the functions and files that miss a figure; with --check a figure that is missed ends with exit code 1.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';

/** From how many lines on a function is expected to have paragraphs. */
const LONG_FUNCTION_LINES = 10;
/** Lines of a file, counted without blanks and comments. */
const LARGEST_FILE_LINES = 250;
/** On average over all files. */
const MOST_TOKENS_PER_LINE = 7;
/** Of the functions that are expected to have them. */
const LEAST_PARAGRAPHS_PERCENT = 70;

const root = fileURLToPath(new URL('..', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const folders = positionals.length > 0 ? positionals : ['src', 'scripts'];
const files = folders.flatMap((folder) => sourceFiles(join(root, folder)));
const figures = files.map(measureFile);

const summary = summarize(figures);
print(summary);
if (values.list) printPlaces(summary);

if (values.check) {
  for (const sentence of missedFigures(summary)) {
    console.error(`missed: ${sentence}`);
    process.exitCode = 1;
  }
}

function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|cjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What is counted of one file. */
function measureFile(path) {
  const text = readFileSync(path, 'utf8');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);

  return {
    name: relative(root, path),
    ...measureTokens(source),
    functions: findFunctions(source).map((node) =>
      measureFunction(node, source),
    ),
    nestedTernaries: findNestedTernaries(source),
  };
}

/** Tokens, and lines that hold at least one: blank lines and comments have none. */
function measureTokens(source) {
  const lines = new Set();
  let tokens = 0;

  const visit = (node) => {
    if (
      node.kind >= ts.SyntaxKind.FirstToken &&
      node.kind <= ts.SyntaxKind.LastToken
    ) {
      if (node.kind === ts.SyntaxKind.EndOfFileToken) return;

      tokens++;
      addLines(lines, node, source);

      return;
    }

    node.getChildren(source).forEach(visit);
  };

  visit(source);

  return { tokens, codeLines: lines.size };
}

function addLines(lines, node, source) {
  const last = lineOf(source, node.getEnd());
  for (let line = lineOf(source, node.getStart(source)); line <= last; line++) {
    lines.add(line);
  }
}

function findFunctions(source) {
  const found = [];

  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body && ts.isBlock(node.body)) {
      found.push(node);
    }

    ts.forEachChild(node, visit);
  };

  visit(source);

  return found;
}

function measureFunction(node, source) {
  const from = lineOf(source, node.getStart(source));
  const to = lineOf(source, node.getEnd());

  const body = source.text.slice(
    node.body.getStart(source),
    node.body.getEnd(),
  );

  return {
    name: node.name?.getText(source) ?? '(callback)',
    line: from + 1,
    lines: to - from + 1,
    hasEmptyLine: /\n[ \t]*\n/.test(body),
  };
}

function findNestedTernaries(source) {
  const lines = [];

  const visit = (node) => {
    if (ts.isConditionalExpression(node) && isInsideTernary(node)) {
      lines.push(lineOf(source, node.getStart(source)) + 1);
    }

    ts.forEachChild(node, visit);
  };

  visit(source);

  return lines;
}

/** Whether a ternary is a branch or the condition of another one, in parentheses or not. */
function isInsideTernary(node) {
  let parent = node.parent;
  while (ts.isParenthesizedExpression(parent)) parent = parent.parent;

  return ts.isConditionalExpression(parent);
}

function lineOf(source, position) {
  return source.getLineAndCharacterOfPosition(position).line;
}

/** The figures of all files, as they are printed and judged. */
function summarize(all) {
  const sum = (pick) => all.reduce((total, file) => total + pick(file), 0);
  const codeLines = sum((file) => file.codeLines);
  const long = all.flatMap((file) =>
    file.functions
      .filter(({ lines }) => lines >= LONG_FUNCTION_LINES)
      .map((one) => ({ ...one, file: file.name })),
  );
  const unparagraphed = long.filter(({ hasEmptyLine }) => !hasEmptyLine);

  return {
    files: all.length,
    codeLines,
    tokensPerLine: sum(({ tokens }) => tokens) / codeLines,
    longFunctions: long.length,
    unparagraphed,
    paragraphsPercent:
      100 * (1 - unparagraphed.length / Math.max(1, long.length)),
    ternaries: all.flatMap(({ name, nestedTernaries }) =>
      nestedTernaries.map((line) => `${name}:${line}`),
    ),
    large: all.filter((file) => file.codeLines > LARGEST_FILE_LINES),
  };
}

function print(summary) {
  const { longFunctions, ternaries, large } = summary;
  const paragraphs = summary.paragraphsPercent.toFixed(1);
  const functions = `${longFunctions} functions of ${LONG_FUNCTION_LINES} lines or more`;

  console.log(
    `files              ${summary.files}, ${summary.codeLines} lines of code`,
  );
  console.log(`tokens a line      ${summary.tokensPerLine.toFixed(2)}`);
  console.log(`with paragraphs    ${paragraphs} % of ${functions}`);
  console.log(`nested ternaries   ${ternaries.length}`);
  console.log(
    `files over budget  ${large.length} (${LARGEST_FILE_LINES} lines)`,
  );
}

/** Names the functions and files that miss a figure. */
function printPlaces({ unparagraphed, ternaries, large }) {
  for (const { file, line, name } of unparagraphed) {
    console.log(`no paragraph  ${file}:${line} ${name}`);
  }

  for (const place of ternaries) console.log(`nested ternary  ${place}`);

  for (const { name, codeLines } of large) {
    console.log(`over budget  ${name} ${codeLines}`);
  }
}

/** A sentence for each figure that is missed. */
function missedFigures(summary) {
  const missed = [];

  if (summary.tokensPerLine > MOST_TOKENS_PER_LINE) {
    missed.push(`more than ${MOST_TOKENS_PER_LINE} tokens a line of code`);
  }

  if (summary.paragraphsPercent < LEAST_PARAGRAPHS_PERCENT) {
    missed.push(
      `less than ${LEAST_PARAGRAPHS_PERCENT} % of the long functions have paragraphs`,
    );
  }

  if (summary.ternaries.length > 0) {
    missed.push(`nested ternaries: ${summary.ternaries.join(', ')}`);
  }

  if (summary.large.length > 0) {
    const names = summary.large.map(({ name }) => name).join(', ');
    missed.push(`more than ${LARGEST_FILE_LINES} lines of code: ${names}`);
  }

  return missed;
}
