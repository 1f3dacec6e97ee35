import { useCallback } from "react";
import type { WindowsData } from "../data/api-types.js";
import { useSession } from "../data/session-context.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { useDrift } from "./use-drift.js";
import type { View } from "./view-query.js";

/** Windows that the map has room for. */
export const NUM_WINDOWS = 36;

/** Features by windows of a cohort, with what was released and what was left out. */
export function useWindows(live: LiveState, model: string, { version, cohort }: View) {
  const { api } = useSession();
  const load = useCallback(
    (signal: AbortSignal) => {
      const query = { version, cohort, limit: NUM_WINDOWS };
      return api.get<WindowsData>(`/v1/drift/models/${encodeURIComponent(model)}/windows`, query, signal);
    },
    [api, model, version, cohort],
  );
  return useDrift(live, model, load);
}
