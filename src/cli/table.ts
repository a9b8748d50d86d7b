import type { Io } from './io.ts';

/** Rows as aligned columns, two spaces apart; the last column is not padded. On a terminal long rows are cut. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { colours, terminal }: Pick<Io, 'colours' | 'terminal'>,
): readonly string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const aligned = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const columns = terminal()?.columns ?? Number.POSITIVE_INFINITY;
  const cut = (text: string): string => (text.length > columns ? `${text.slice(0, columns - 1)}…` : text);
  return [colours.dim(cut(aligned(header))), ...rows.map((row) => cut(aligned(row)))];
}
