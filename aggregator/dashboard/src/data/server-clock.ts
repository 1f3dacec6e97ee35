import { useEffect, useState } from "react";

/** The `Date` header has whole seconds, and the answer takes its way: what differs less is the same time. */
const RESOLUTION_MS = 3000;

/** By how much the server's clock is ahead of this machine's, from an answer's `Date` header; 0 where that cannot be told. */
export function clockOffsetMs(dateHeader: string | null, nowMs: number): number {
  const serverMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (Number.isNaN(serverMs)) return 0;
  const offsetMs = serverMs - nowMs;
  return Math.abs(offsetMs) < RESOLUTION_MS ? 0 : offsetMs;
}

/** The server's time, looked at every `everyMs`. */
export function useNowMs(offsetMs: number, everyMs = 1000): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs + offsetMs;
}
