import type { FeedMessage } from "../schema/overview-schema.js";

/** One kind of thing that pages show: what there is, and what has changed since it was last asked. */
export interface FeedSource {
  /** Calls `onChange` whenever `changes` would say something. The returned function ends that. */
  listen(onChange: () => void): () => void;
  /** For a page that opens. */
  history(): Promise<FeedMessage[]>;
  /** For all pages; what it cannot read now it may say later. */
  changes(): Promise<FeedMessage[]>;
}

/** Rows of history that a page gets when it opens. */
export const HISTORY_ROWS = 300;
