import { element, setText } from "../dom.js";
import type { Suggestion } from "../keyboard-device.js";
import { NUM_PLACES, usable } from "./offers.js";

/** Three places above the keyboard; they keep their size whether a word stands in them or not. */
export class SuggestionStrip {
  readonly node = element("div", { class: "strip", role: "group", "aria-label": "Suggestions" });
  readonly #places: readonly HTMLButtonElement[];
  #shown: readonly Suggestion[] = [];

  constructor(
    private readonly written: (word: string) => string,
    onTake: (place: number) => void,
  ) {
    this.#places = Array.from({ length: NUM_PLACES }, (_, place) => createPlace(place, () => onTake(place)));
    this.node.append(...this.#places);
    this.node.addEventListener("keydown", (event) => this.#move(event));
    this.show([]);
  }

  /** The suggestions on the strip, best first. */
  get shown(): readonly Suggestion[] {
    return this.#shown;
  }

  show(suggestions: readonly Suggestion[]): void {
    this.#shown = usable(suggestions);
    this.#places.forEach((button, place) => {
      const suggestion = this.#shown[place];
      const word = suggestion === undefined ? "" : this.written(suggestion.word);
      const [label] = button.children;
      if (label !== undefined) setText(label, word);
      button.setAttribute("aria-label", word === "" ? `No suggestion ${place + 1}` : word);
      // Not `disabled`: the focus would be lost with the word.
      button.setAttribute("aria-disabled", String(word === ""));
    });
  }

  #move(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const from = this.#places.findIndex((button) => button === document.activeElement);
    const to = step === undefined ? undefined : this.#places[from + step];
    if (to === undefined) return;
    event.preventDefault();
    for (const button of this.#places) button.tabIndex = button === to ? 0 : -1;
    to.focus();
  }
}

function createPlace(place: number, onTake: () => void): HTMLButtonElement {
  const button = element(
    "button",
    {
      type: "button",
      class: "suggestion",
      tabindex: place === 0 ? 0 : -1,
      "data-testid": `suggestion-${place + 1}`,
    },
    element("span", { class: "suggestion-word", dir: "auto" }),
    element("kbd", { class: "suggestion-key", "aria-hidden": "true" }, String(place + 1)),
  );
  button.setAttribute("aria-keyshortcuts", `Alt+${place + 1}`);
  // Keeps the caret in the text field.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", onTake);
  return button;
}
