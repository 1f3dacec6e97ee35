import { useCallback, useEffect, useMemo, useState } from "react";
import { clearToken, readToken, storeToken } from "./access-token.js";
import { ApiClient } from "./api-client.js";
import { NOBODY, type Session } from "./session.js";

/** `refused`: the server lets nobody read whom it does not know. */
export type SessionStatus = "asking" | "known" | "refused";

export interface SessionState {
  readonly status: SessionStatus;
  readonly session: Session;
  readonly api: ApiClient;
  readonly token: string | null;
  /** Changes with every sign-in and sign-out; what was opened before is opened again. */
  readonly epoch: number;
  readonly useToken: (token: string) => void;
  readonly signedIn: (session: Session) => void;
  readonly signOut: () => Promise<void>;
}

/** Asks the server who one is, at the start and after every change of it. */
export function useSessionState(): SessionState {
  const [token, setToken] = useState(readToken);
  const [epoch, setEpoch] = useState(0);
  const [known, setKnown] = useState<{ status: SessionStatus; session: Session }>(ASKING);
  const renew = useCallback(() => setEpoch((before) => before + 1), []);
  const asking = useMemo(() => new ApiClient({ token }), [token]);
  const api = useMemo(() => new ApiClient({ token, onSignedOut: renew }), [token, renew]);
  useEffect(() => {
    const left = new AbortController();
    void askSession(asking, left.signal).then((answer) => {
      if (!left.signal.aborted) setKnown(answer);
    });
    return () => left.abort();
  }, [asking, epoch]);
  const signedIn = useCallback(
    (session: Session) => {
      clearToken();
      setToken(null);
      setKnown({ status: "known", session });
      renew();
    },
    [renew],
  );
  const useToken = useCallback(
    (fresh: string) => {
      storeToken(fresh);
      setToken(fresh);
      renew();
    },
    [renew],
  );
  const signOut = useCallback(async () => {
    await asking.delete("/v1/session");
    clearToken();
    setToken(null);
    renew();
  }, [asking, renew]);
  return { ...known, api, token, epoch, useToken, signedIn, signOut };
}

const ASKING = { status: "asking", session: NOBODY } as const;

/** A server that cannot be reached is the feed's to tell; until then one is nobody. */
async function askSession(
  api: ApiClient,
  signal: AbortSignal,
): Promise<{ status: SessionStatus; session: Session }> {
  try {
    return { status: "known", session: await api.get<Session>("/v1/session", {}, signal) };
  } catch (error) {
    const isRefused = error instanceof Error && "code" in error && REFUSALS.has(String(error.code));
    return { status: isRefused ? "refused" : "known", session: NOBODY };
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "SESSION_EXPIRED",
  "ACCESS_DENIED",
]);
