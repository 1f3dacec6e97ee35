import type * as OnDemand from "./on-demand.js";

/** What a page does not load first, asked for in one place: each `import()` names all of its files in what a bundler writes. */
export function loadOnDemand(): Promise<typeof OnDemand> {
  return import("./on-demand.js");
}
