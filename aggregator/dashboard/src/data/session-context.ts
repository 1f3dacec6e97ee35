import { createContext, useContext } from "react";
import type { ApiClient } from "./api-client.js";
import type { Session } from "./session.js";

export interface SessionContextValue {
  readonly session: Session;
  readonly api: ApiClient;
}

export const SessionContext = createContext<SessionContextValue | null>(null);

/** Who is signed in, and the server to ask in his name. */
export function useSession(): SessionContextValue {
  const value = useContext(SessionContext);
  if (value === null) throw new Error("a part of the page stands outside of the session");
  return value;
}
