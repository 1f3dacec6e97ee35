import { createBarChart } from "../charts/drawings.js";
import { element, setText } from "../dom.js";
import type { KeyboardStatus } from "../keyboard-device.js";
import { agoInWords, bytesInWords, countOf } from "../text/quantities.js";
import { cardOf, line, type Card } from "./card.js";

const NUM_LISTED = 4;
const MAX_NAME_UNITS = 40;

/** What left the device: what it was and how many bytes, never what stands in them. */
export function createSentCard(): Card {
  const total = line("sent-total", "figure");
  const count = line("sent-count");
  const inAll = line("sent-in-all");
  const chart = createBarChart();
  const list = element("ol", { class: "sent-list", "aria-label": "Sent last" });
  return {
    node: cardOf("Updates sent", total, count, chart.node, list, inAll),
    show: ({ sent, bytesUp }, nowMs) => {
      const sizes = sent.map(({ sizeBytes }) => sizeBytes);
      const summary = bytesInWords(sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0));
      setText(total, summary);
      setText(
        count,
        sent.length === 0
          ? "No update of the model has left this device."
          : `in the last ${countOf(sent.length, "update")}`,
      );
      setText(
        inAll,
        `${bytesInWords(bytesUp)} went up in all since the connection was opened: updates, and what keeps it.`,
      );
      chart.show(sizes, `Sizes of what was sent: ${countOf(sent.length, "message")}, ${summary} in all`);
      list.replaceChildren(...rowsOf(sent, nowMs));
    },
  };
}

/** Always four rows, so that the cards below stay where they are. */
function rowsOf(sent: KeyboardStatus["sent"], nowMs: number): HTMLElement[] {
  const latest = sent.slice(-NUM_LISTED).reverse();
  return Array.from({ length: NUM_LISTED }, (_, index) => {
    const one = latest[index];
    if (one === undefined) return element("li", { "aria-hidden": "true" });
    return element(
      "li",
      {},
      element("span", { class: "sent-what" }, one.what.slice(0, MAX_NAME_UNITS)),
      element("span", {}, bytesInWords(one.sizeBytes)),
      element("span", { class: "quiet" }, agoInWords(one.atMs, nowMs)),
    );
  });
}
