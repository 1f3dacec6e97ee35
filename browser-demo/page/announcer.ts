import { element } from "./dom.js";

/** Says short things to screen readers. */
export interface Announcer {
  readonly node: HTMLElement;
  say(text: string): void;
}

/** A polite live region that shows nothing; the same words twice are said twice. */
export function createAnnouncer(): Announcer {
  const node = element("p", { role: "status", class: "visually-hidden", "data-testid": "announcer" });
  return {
    node,
    say: (text) => {
      // A region whose text stays the same stays silent.
      node.textContent = node.textContent === text ? `${text}\u00a0` : text;
    },
  };
}
