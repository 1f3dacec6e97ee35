import type { ReactNode } from "react";

export interface Column<Row> {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

export interface DataTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  /** Said in place of rows when there is none. */
  readonly empty: string;
  readonly testId?: string;
}

/** A table that scrolls inside its card, by pointer and by keyboard. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  if (props.rows.length === 0) {
    return (
      <p className="table-empty" data-testid={props.testId}>
        {props.empty}
      </p>
    );
  }
  return (
    <div
      className="table-scroll"
      tabIndex={0}
      role="region"
      aria-label={props.caption}
      data-testid={props.testId}
    >
      <table>
        <caption className="visually-hidden">{props.caption}</caption>
        <TableHead columns={props.columns} />
        <tbody>
          {props.rows.map((row) => (
            <tr key={props.keyOf(row)}>
              {props.columns.map((column) => (
                <td key={column.title} className={alignment(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function alignment(column: { readonly isNumber?: boolean }): string | undefined {
  return column.isNumber === true ? "number" : undefined;
}

function TableHead<Row>({ columns }: { readonly columns: readonly Column<Row>[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column.title} scope="col" className={alignment(column)}>
            {column.title}
          </th>
        ))}
      </tr>
    </thead>
  );
}
