import { useCallback, useEffect } from "react";
import type { RolloutData } from "../data/api-types.js";
import { useSession } from "../data/session-context.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { useLoaded } from "../data/use-loaded.js";

/** The rollout as the feed tells it; older ones than the feed goes back are asked for. */
export function useRollout(live: LiveState, rolloutId: string) {
  const { api } = useSession();
  const { learn } = live;
  const load = useCallback(
    (signal: AbortSignal) =>
      api.get<RolloutData>(`/v1/rollouts/${encodeURIComponent(rolloutId)}`, {}, signal),
    [api, rolloutId],
  );
  const { data, error } = useLoaded(load);
  useEffect(() => {
    if (data !== null) learn(data);
  }, [data, learn]);
  const rollout = live.state.rollouts?.find((known) => known.rolloutId === rolloutId) ?? null;
  return { rollout, error };
}
