import type { Verdict, WindowsData } from "../data/api-types.js";

type Window = WindowsData["windows"][number];
export type Marker = WindowsData["markers"][number];

/** A column of the map: a window, and what happened in it beside. */
export interface HeatColumn {
  readonly window: number;
  readonly beginsAtMs: number;
  readonly endsAtMs: number;
  readonly verdict: Verdict;
  readonly isShown: boolean;
  readonly markers: readonly Marker[];
  /** Written above; most columns are too narrow for one of their own. */
  readonly label: string | null;
}

export interface HeatCell {
  readonly verdict: Verdict;
  /** Null of a feature that nobody counted. */
  readonly score: number | null;
  /** Of the highest score in the map, in [0, 1]. */
  readonly level: number;
}

export interface HeatRows {
  readonly columns: readonly HeatColumn[];
  readonly rows: readonly { readonly feature: string; readonly cells: readonly (HeatCell | null)[] }[];
}

const COLUMNS_A_LABEL = 6;

/** The map as rows of features. Markers before the first window are left out; those between windows belong to the next. */
export function heatRows(
  { features, windows, markers }: WindowsData,
  labelOf: (atMs: number) => string,
): HeatRows {
  const most = Math.max(0, ...windows.flatMap(({ cells }) => (cells ?? []).map(({ score }) => score ?? 0)));
  const columns = windows.map((window, at) => ({
    ...{ window: window.window, beginsAtMs: window.beginsAtMs, endsAtMs: window.endsAtMs },
    ...{ verdict: window.verdict, isShown: window.cells !== null },
    markers: markersIn(windows, at, markers),
    label: at % COLUMNS_A_LABEL === 0 ? labelOf(window.beginsAtMs) : null,
  }));
  const rows = features.map((feature, index) => ({
    feature,
    cells: windows.map(({ cells }) => {
      const cell = cells?.[index];
      return cell === undefined ? null : { ...cell, level: most > 0 ? (cell.score ?? 0) / most : 0 };
    }),
  }));
  return { columns, rows };
}

function markersIn(windows: readonly Window[], at: number, markers: readonly Marker[]): Marker[] {
  const window = windows[at] as Window;
  const fromMs = windows[at - 1]?.endsAtMs ?? window.beginsAtMs;
  const untilMs = at === windows.length - 1 ? Number.POSITIVE_INFINITY : window.endsAtMs;
  return markers.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
}
