import { useSyncExternalStore } from "react";
import { PAGES, type Page } from "./pages.js";

/** The page that the address names, the first one otherwise. */
export function usePage(): Page {
  const path = useSyncExternalStore(listen, () => window.location.hash.replace(/^#\/?/, ""));
  return PAGES.find((page) => page.path === path) ?? PAGES[0];
}

function listen(onChange: () => void): () => void {
  window.addEventListener("hashchange", onChange);
  return () => window.removeEventListener("hashchange", onChange);
}
