/** Returns the width of the terminal; undefined where the result goes into a file or a pipe, which take any width. */
export function terminalColumns(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

/**
 * A table that fits a terminal: columns are left out, in the order of `dispensable` (their titles), until it does. A last cell
 * that has no room even so stands on a line of its own below its row.
 * @param columns undefined: the whole table
 */
export function fitTable(
  rows: readonly (readonly string[])[],
  dispensable: readonly string[],
  columns: number | undefined,
): { readonly lines: string[]; readonly leftOut: readonly string[] } {
  const [header = []] = rows;
  for (
    let count = 0;
    columns !== undefined && count <= dispensable.length;
    count++
  ) {
    const leftOut = dispensable.slice(0, count);
    const kept = rows.map((row) =>
      row.filter((_, column) => !leftOut.includes(header[column] ?? '')),
    );
    const [titles = []] = kept;

    // Of the last column the title alone must fit: its cells may be sentences.
    const width =
      formatTable(
        kept.map((row) => [...row.slice(0, -1), titles.at(-1) ?? '']),
      )[0]?.length ?? 0;

    if (width > columns && count < dispensable.length) continue;

    const lines = formatTable(kept).flatMap((line, index) => {
      const last = kept[index]?.at(-1) ?? '';
      return line.length <= columns
        ? [line]
        : [line.slice(0, -last.length).trimEnd(), `  ${last}`];
    });

    return {
      lines,
      leftOut: header.filter((title) => leftOut.includes(title)),
    };
  }

  return { lines: formatTable(rows), leftOut: [] };
}

/** A table for people: columns as wide as their content, two spaces between, the last one not padded. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach(
      (cell, column) =>
        (widths[column] = Math.max(widths[column] ?? 0, cell.length)),
    );
  }

  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
