/** TAP ends with a line for each outcome, `# pass 24`: the same as the one line that every run of tests ends with. */
export function countsOf(tap) {
  const count = (outcome) =>
    Number(new RegExp(`^# ${outcome} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);

  // Without them nobody has come to the end.
  const isWhole = /^# pass /m.test(tap);
  const failed = isWhole ? count('fail') + count('cancelled') : 1;
  const skipped = count('skipped') + count('todo');

  return {
    failed,
    line: `tests: ${count('pass')} passed, ${failed} failed, ${skipped} skipped`,
  };
}
