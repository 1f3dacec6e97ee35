import { drawn } from "../dom.js";
import { bars, changes, type Drawing, type Mark } from "./chart-scale.js";

/** A small chart that is drawn again with every change; its size never changes. */
export interface Chart<T> {
  readonly node: SVGSVGElement;
  /** Draws the values, oldest first; `label` says what they show to who cannot see it. */
  show(values: readonly T[], label: string): void;
}

const DRAWING: Drawing = { width: 240, height: 48, numPlaces: 12 };
const BAR_WIDTH = 12;

/** Bars, the latest on the right. */
export function createBarChart(): Chart<number> {
  return chartOf((values: readonly number[]) => bars(values, DRAWING).map(barOf));
}

/** A dot for what was and one for what became of it, joined, the latest on the right. */
export function createChangeChart(): Chart<readonly [number, number]> {
  return chartOf((pairs: readonly (readonly [number, number])[]) =>
    changes(pairs, DRAWING).flatMap(changeOf),
  );
}

function chartOf<T>(draw: (values: readonly T[]) => readonly Node[]): Chart<T> {
  const { width, height } = DRAWING;
  const node = drawn("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img" });
  return {
    node,
    show: (values, label) => {
      node.setAttribute("aria-label", label);
      node.replaceChildren(ground(), ...draw(values));
    },
  };
}

function ground(): Node {
  const y = DRAWING.height - 0.5;
  return drawn("line", { class: "chart-ground", x1: 0, y1: y, x2: DRAWING.width, y2: y });
}

function barOf({ x, from, to }: Mark): Node {
  const attributes = { x: x - BAR_WIDTH / 2, y: to, width: BAR_WIDTH, height: from - to, rx: 2 };
  return drawn("rect", { class: "chart-bar", ...attributes });
}

function changeOf({ x, from, to }: Mark): Node[] {
  return [
    drawn("line", { class: "chart-change", x1: x, y1: from, x2: x, y2: to }),
    drawn("circle", { class: "chart-was", cx: x, cy: from, r: 3 }),
    drawn("circle", { class: "chart-became", cx: x, cy: to, r: 3.5 }),
  ];
}
