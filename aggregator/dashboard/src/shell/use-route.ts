import { useMemo, useSyncExternalStore } from "react";
import { parseRoute, type Route } from "./route.js";

/** Where the address leads, also after it has changed. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(listen, () => window.location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

function listen(onChange: () => void): () => void {
  window.addEventListener("hashchange", onChange);
  return () => window.removeEventListener("hashchange", onChange);
}
