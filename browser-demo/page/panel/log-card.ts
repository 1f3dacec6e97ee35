import { element, setText } from "../dom.js";
import { bytesInWords, countOf } from "../text/quantities.js";
import { cardOf, line, type Card } from "./card.js";

/** What is in the local log, and the way to erase it. */
export function createLogCard(onErase: () => void): Card {
  const rows = line("log-rows", "figure");
  const size = line("log-size");
  const erase = element(
    "button",
    { type: "button", class: "quiet-button danger", "data-testid": "erase" },
    "Erase everything…",
  );
  erase.addEventListener("click", onErase);
  return {
    node: cardOf("Local log", rows, size, erase),
    show: ({ log }) => {
      setText(rows, countOf(log.numRows, "row"));
      setText(size, `${bytesInWords(log.sizeBytes)} on this device, and nowhere else.`);
    },
  };
}
