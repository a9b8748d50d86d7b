import { clipColumns, columnsOf, padColumns } from './columns.ts';
import type { Io } from './io.ts';

/** Rows as aligned columns, two spaces apart; the last column is not padded. On a terminal long rows are cut. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { colours, terminal }: Pick<Io, 'colours' | 'terminal'>,
): readonly string[] {
  const widths = header.map((title, column) =>
    Math.max(columnsOf(title), ...rows.map((row) => columnsOf(row[column] ?? ''))),
  );
  const aligned = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : padColumns(cell, widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const columns = terminal()?.columns ?? Number.POSITIVE_INFINITY;
  const cut = (text: string): string => (Number.isFinite(columns) ? clipColumns(text, columns) : text);
  return [colours.dim(cut(aligned(header))), ...rows.map((row) => cut(aligned(row)))];
}
