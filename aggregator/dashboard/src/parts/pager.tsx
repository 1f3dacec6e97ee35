import { formatCount } from "../text/format.js";

export interface PagerProps {
  readonly offset: number;
  /** Rows that are shown now. */
  readonly numShown: number;
  readonly pageSize: number;
  /** Rows that there are, where the server says it. */
  readonly total: number | null;
  readonly hasMore: boolean;
  readonly onMove: (offset: number) => void;
  /** What is paged, such as "devices". */
  readonly what: string;
}

/** Moves through a long table page by page. */
export function Pager(props: PagerProps) {
  const { offset, numShown, pageSize, total, what } = props;
  const range =
    numShown === 0 ? `no ${what}` : `${formatCount(offset + 1)}–${formatCount(offset + numShown)}`;
  return (
    <nav className="pager" aria-label={`Pages of ${what}`}>
      <span role="status" className="quiet" data-testid="pager-range">
        {range}
        {total === null || numShown === 0 ? "" : ` of ${formatCount(total)}`}
      </span>
      <button
        type="button"
        className="quiet-button"
        disabled={offset === 0}
        onClick={() => props.onMove(Math.max(0, offset - pageSize))}
      >
        Previous<span className="visually-hidden"> {what}</span>
      </button>
      <button
        type="button"
        className="quiet-button"
        disabled={!props.hasMore}
        onClick={() => props.onMove(offset + pageSize)}
      >
        Next<span className="visually-hidden"> {what}</span>
      </button>
    </nav>
  );
}
