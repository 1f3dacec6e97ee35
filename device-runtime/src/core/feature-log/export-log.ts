import type { FeatureLogView, LogStatus } from "../device-interface.js";
import type { LogSelection } from "./log-selection.js";

/** The rows of a log, wherever it is, as FeatureLogView.export gives them. */
export async function* exportLog(
  query: FeatureLogView["query"],
  status: () => LogStatus,
  selection: LogSelection = {},
): AsyncGenerator<string> {
  const { headLine, rowLine } = await import("../on-demand.js");
  yield headLine(status());
  let beforeId: string | undefined;
  do {
    // A page at a time: what else is asked of the log comes between.
    const rows = await query({
      ...selection,
      limit: PAGE_ROWS,
      ...(beforeId === undefined ? {} : { beforeId }),
    });
    for (const row of rows) yield rowLine(row);
    beforeId = rows.length < PAGE_ROWS ? undefined : rows.at(-1)?.id;
  } while (beforeId !== undefined);
}

const PAGE_ROWS = 64;
