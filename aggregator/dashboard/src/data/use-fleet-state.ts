import { useEffect, useReducer, useState } from "react";
import { followFeed, type ConnectionState } from "./feed-connection.js";
import { applyMessage, EMPTY_STATE, type FleetState } from "./fleet-state.js";

/** Live state of the aggregator that served this page. */
export function useFleetState(token: string | null): { state: FleetState; connection: ConnectionState } {
  const [state, apply] = useReducer(applyMessage, EMPTY_STATE);
  const [connection, setConnection] = useState<ConnectionState>("connecting");
  useEffect(() => {
    setConnection("connecting");
    const feed = followFeed({ url: "/v1/events", token, onMessage: apply, onState: setConnection });
    return () => feed.close();
  }, [token]);
  return { state, connection };
}
