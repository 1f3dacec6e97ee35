import { checkSelection } from "./check-selection.js";
import type { LogSource } from "./export-log.js";
import { headLine, rowLine } from "./log-lines.js";
import type { LogRow } from "./log-row.js";
import type { LogSelection } from "./log-selection.js";

export interface ExportParts extends Omit<LogSource, "erase"> {
  /** Of those that the app has asked for, how many are over. */
  readonly numErasures: () => number;
}

const PAGE_ROWS = 64;

/** The rows of a log as FeatureLogView.export gives them. Throws OPTION_INVALID, STORAGE_FAILED, CLOSED. */
export async function* exportLines(parts: ExportParts, selection: LogSelection = {}): AsyncGenerator<string> {
  checkSelection(selection);
  const pages = new Pages(parts, selection);
  try {
    // Asking for rows settles what the limits leave of them, which the first line then tells.
    await pages.next();
    yield headLine(parts.status());
    for (let row = await pages.next(); row !== undefined; row = await pages.next()) {
      pages.pass(row);
      yield rowLine(row);
    }
  } finally {
    pages.end();
  }
}

/** The newest row that was not passed, as the log has it now: a page is asked for anew when rows were erased since. */
class Pages {
  #page: readonly LogRow[] = [];
  #seen = -1;
  #isLast = false;
  #beforeId: string | undefined;
  #numLost = 0;
  /** As was told last. */
  #numRows = Infinity;
  readonly end: () => void;

  constructor(
    private readonly parts: ExportParts,
    private readonly selection: LogSelection,
  ) {
    const stop = parts.onChange?.(({ numRows }) => {
      if (numRows < this.#numRows) this.#numLost += 1;
      this.#numRows = numRows;
    });
    this.end = (): void => stop?.();
  }

  async next(): Promise<LogRow | undefined> {
    while (this.#seen !== this.#numErasures || (this.#page.length === 0 && !this.#isLast)) {
      this.#seen = this.#numErasures;
      // A page at a time: what else is asked of the log comes between.
      this.#page = await this.parts.query({
        ...this.selection,
        limit: PAGE_ROWS,
        ...(this.#beforeId === undefined ? {} : { beforeId: this.#beforeId }),
      });
      this.#isLast = this.#page.length < PAGE_ROWS;
    }
    return this.#page[0];
  }

  pass({ id }: LogRow): void {
    this.#beforeId = id;
    this.#page = this.#page.slice(1);
  }

  get #numErasures(): number {
    return this.parts.numErasures() + this.#numLost;
  }
}
