import { element } from "../dom.js";
import type { KeyboardStatus } from "../keyboard-device.js";

/** One part of the panel. */
export interface Card {
  readonly node: HTMLElement;
  show(status: KeyboardStatus, nowMs: number): void;
}

/** A titled part of the panel. */
export function cardOf(title: string, ...children: Node[]): HTMLElement {
  return element("article", { class: "card" }, element("h3", {}, title), ...children);
}

/** A line that keeps its height while it is empty. */
export function line(name: string, className = "quiet"): HTMLParagraphElement {
  return element("p", { class: `line ${className}`, "data-testid": name });
}
