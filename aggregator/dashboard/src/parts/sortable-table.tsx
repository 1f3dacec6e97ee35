import { useState } from "react";
import { DataTable, type Column, type DataTableProps } from "./data-table.js";
import { sortedRows, type SortValue } from "./sorted-rows.js";

export interface SortableColumn<Row> extends Column<Row> {
  /** What rows are ordered by; the column cannot be chosen without. */
  readonly sortBy?: (row: Row) => SortValue;
}

interface Order {
  readonly title: string;
  readonly isDescending: boolean;
}

/** A table that is ordered by the column that one chooses; in its own order until then. Numbers begin with the largest. */
export function SortableTable<Row>(
  props: Omit<DataTableProps<Row>, "columns"> & { readonly columns: readonly SortableColumn<Row>[] },
) {
  const [order, setOrder] = useState<Order | null>(null);
  const chosen = props.columns.find(({ title }) => title === order?.title);
  const rows =
    order === null || chosen?.sortBy === undefined
      ? props.rows
      : sortedRows(props.rows, chosen.sortBy, order.isDescending);
  const columns = props.columns.map((column) =>
    column.sortBy === undefined
      ? column
      : {
          ...column,
          order: {
            direction: directionOf(column.title, order),
            onChoose: () => setOrder((before) => nextOrder(column, before)),
          },
        },
  );
  return <DataTable {...props} rows={rows} columns={columns} />;
}

function nextOrder({ title, isNumber }: Column<never>, before: Order | null): Order {
  if (before?.title === title) return { title, isDescending: !before.isDescending };
  return { title, isDescending: isNumber === true };
}

function directionOf(title: string, order: Order | null): "ascending" | "descending" | "none" {
  if (order?.title !== title) return "none";
  return order.isDescending ? "descending" : "ascending";
}
