import type { FeatureLogView, LogStatus } from "../device-interface.js";
import { loadOnDemand } from "../load-on-demand.js";

/** A log, wherever it is. */
export interface LogSource extends Pick<FeatureLogView, "query" | "erase"> {
  readonly status: () => LogStatus;
  /** Tells when somebody else has changed the log, how many rows it has; for a log that lives elsewhere. */
  readonly onChange?: (listener: (totals: { readonly numRows: number }) => void) => () => void;
}

/** What an app sees of the log. */
export function logView({ query, erase, ...parts }: LogSource): FeatureLogView {
  let numErasures = 0;
  return {
    query,
    erase: (selection) => erase(selection).finally(() => (numErasures += 1)),
    async *export(selection) {
      const { exportLines } = await loadOnDemand();
      yield* exportLines({ ...parts, query, numErasures: () => numErasures }, selection);
    },
  };
}
