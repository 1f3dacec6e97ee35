import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

/** The theme on the page; `public/theme.js` sets it before the first paint. */
export function useTheme(): Theme {
  return useSyncExternalStore(listen, read);
}

/** Shows the other theme and remembers it on this machine. */
export function toggleTheme(): void {
  const theme: Theme = read() === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = theme;
  try {
    window.localStorage.setItem("fedge-theme", theme);
  } catch (error) {
    console.warn("cannot remember the theme; storage is blocked", error);
  }
}

function read(): Theme {
  return document.documentElement.dataset["theme"] === "dark" ? "dark" : "light";
}

function listen(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}
