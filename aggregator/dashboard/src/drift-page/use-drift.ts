import { useEffect, useRef } from "react";
import { useLoaded, type Loaded } from "../data/use-loaded.js";
import type { LiveState } from "../data/use-fleet-state.js";

/**
 * Loads, and loads again when the feed tells of a change: of one model, or of any where `model` is null; and when the feed is
 * back after it was lost, since what happened meanwhile is not told again.
 */
export function useDrift<T>(
  live: LiveState,
  model: string | null,
  load: (signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const loaded = useLoaded(load);
  const { reload } = loaded;
  const { driftOfModel } = live.state;
  const said = model === null ? driftOfModel : driftOfModel[model];
  const isLive = live.connection === "live";
  const known = useRef({ said, isLive });
  useEffect(() => {
    const before = known.current;
    known.current = { said, isLive };
    if (before.said !== said || (isLive && !before.isLive)) reload();
  }, [said, isLive, reload]);
  return loaded;
}
