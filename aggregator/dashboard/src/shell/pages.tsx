import type { ReactNode } from "react";
import type { FleetState } from "../data/fleet-state.js";
import { RoundsPage } from "../rounds-page/rounds-page.js";

export interface Page {
  /** Part of the address after `#/`. */
  readonly path: string;
  readonly title: string;
  render(state: FleetState): ReactNode;
}

/** Pages in the order of the navigation; the first is where one starts. */
export const PAGES: readonly [Page, ...Page[]] = [
  { path: "rounds", title: "Rounds", render: (state) => <RoundsPage state={state} /> },
];
