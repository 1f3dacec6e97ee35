import { element } from "../dom.js";
import { shownMessage } from "../text/sentences.js";

/** Older messages leave the page; it is no archive. */
const MAX_MESSAGES = 100;

const INTRODUCTION =
  "Write something. Suggestions come from a model on this device, and what you type stays on it.";

/** What was sent, oldest first. It goes nowhere: there is nobody at the other end. */
export class MessageList {
  readonly #introduction = element("p", { class: "introduction" }, INTRODUCTION);
  readonly #list = element("ol", { class: "messages", "aria-label": "Sent messages" });
  readonly node = element(
    "div",
    { class: "message-area", tabindex: 0, role: "region", "aria-label": "Messages" },
    this.#introduction,
    this.#list,
  );

  append(message: string): void {
    this.#list.append(element("li", { class: "message", dir: "auto" }, shownMessage(message)));
    while (this.#list.childElementCount > MAX_MESSAGES) this.#list.firstElementChild?.remove();
    this.node.scrollTop = this.node.scrollHeight;
  }

  clear(): void {
    this.#list.replaceChildren();
  }
}
