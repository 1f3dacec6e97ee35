import type { ReactNode } from "react";

export interface Column<Row> {
  readonly title: string;
  readonly isNumber?: boolean;
  /** How the rows are ordered by this column, and what orders them by it; not sortable without. */
  readonly order?: ColumnOrder;
  readonly cell: (row: Row) => ReactNode;
}

export interface ColumnOrder {
  readonly direction: "ascending" | "descending" | "none";
  readonly onChoose: () => void;
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
          <th
            key={column.title}
            scope="col"
            className={alignment(column)}
            aria-sort={column.order?.direction}
          >
            {column.order === undefined ? column.title : <OrderButton {...column} order={column.order} />}
          </th>
        ))}
      </tr>
    </thead>
  );
}

const ORDER_SIGNS = { ascending: "▲", descending: "▼", none: "" } as const;

function OrderButton({ title, order }: { readonly title: string; readonly order: ColumnOrder }) {
  return (
    <button type="button" className="order-button" onClick={order.onChoose}>
      {title}
      <span className="order-sign" aria-hidden="true">
        {ORDER_SIGNS[order.direction]}
      </span>
    </button>
  );
}
