import { useCallback, useEffect, useReducer, useState } from "react";
import { followFeed, type ConnectionState } from "./feed-connection.js";
import { applyMessage, EMPTY_STATE, type FleetState, type RolloutData } from "./fleet-state.js";

export interface LiveState {
  readonly state: FleetState;
  readonly connection: ConnectionState;
  /** By how much the server's clock is ahead of this machine's. */
  readonly offsetMs: number;
  /** Takes over what an answer said, before the feed says it too. */
  readonly learn: (rollout: RolloutData) => void;
  /** The same of one that was deleted. */
  readonly forget: (rolloutId: RolloutData["rolloutId"]) => void;
}

/** Live state of the aggregator that served this page; `epoch` changes when somebody else looks at it. */
export function useFleetState(token: string | null, epoch: number): LiveState {
  const [state, apply] = useReducer(applyMessage, EMPTY_STATE);
  const [connection, setConnection] = useState<ConnectionState>("connecting");
  const [offsetMs, setOffsetMs] = useState(0);
  useEffect(() => {
    setConnection("connecting");
    const feed = followFeed({
      url: "/v1/events",
      token,
      onMessage: apply,
      onState: setConnection,
      onClockOffset: setOffsetMs,
    });
    return () => feed.close();
  }, [token, epoch]);
  const learn = useCallback(
    (rollout: RolloutData) => apply({ event: "rollouts", data: { rollouts: [rollout], deleted: [] } }),
    [],
  );
  const forget = useCallback(
    (rolloutId: RolloutData["rolloutId"]) =>
      apply({ event: "rollouts", data: { rollouts: [], deleted: [rolloutId] } }),
    [],
  );
  return { state, connection, offsetMs, learn, forget };
}
