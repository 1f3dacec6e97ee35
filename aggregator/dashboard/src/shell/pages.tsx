import type { ReactNode } from "react";
import type { LiveState } from "../data/use-fleet-state.js";
import { DriftPage } from "../drift-page/drift-page.js";
import { FleetPage } from "../fleet-page/fleet-page.js";
import { RolloutsPage } from "../rollouts-page/rollouts-page.js";
import { RoundsPage } from "../rounds-page/rounds-page.js";
import type { Route } from "./route.js";

export interface Page {
  /** Part of the address after `#/`. */
  readonly path: string;
  readonly title: string;
  /** What the address names of the page, such as one device. */
  render(live: LiveState, route: Route): ReactNode;
}

/** Pages in the order of the navigation; the first is where one starts. */
export const PAGES: readonly [Page, ...Page[]] = [
  { path: "rounds", title: "Rounds", render: ({ state }) => <RoundsPage state={state} /> },
  { path: "fleet", title: "Fleet", render: (live, { item }) => <FleetPage live={live} deviceId={item} /> },
  {
    path: "rollouts",
    title: "Rollouts",
    render: (live, { item }) => <RolloutsPage live={live} rolloutId={item} />,
  },
  { path: "drift", title: "Drift", render: (live, route) => <DriftPage live={live} route={route} /> },
];
