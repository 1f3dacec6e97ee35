import type { PageClock } from "../clock.js";
import { element } from "../dom.js";
import { moveOf, type Position } from "./grid-moves.js";
import { createKeyButton, relabel, type PressedPointers } from "./key-button.js";
import { layerAfter, rowsOf, textOf, type Key, type Layer } from "./key-layers.js";
import { KeyRepeat } from "./key-repeat.js";
import { AUTOMATIC_SHIFT, afterWriting, isShifted, tapShift, type ShiftState } from "./shift.js";

/** What the keys do to the page. */
export interface KeyboardActions {
  write(text: string): void;
  deleteBackwards(): void;
  enter(): void;
}

interface Placed {
  readonly key: Key;
  readonly button: HTMLButtonElement;
}

/** The keys on the screen: one stop of the Tab key, arrows lead from key to key. */
export class OnScreenKeyboard {
  readonly node = element("div", { class: "keyboard", role: "group", "aria-label": "On-screen keyboard" });
  readonly #repeat: KeyRepeat;
  readonly #pressed: PressedPointers = new Set();
  #layer: Layer = "letters";
  #shift: ShiftState = AUTOMATIC_SHIFT;
  #isAtSentenceStart = true;
  #place: Position = { row: 0, column: 0 };
  #rows: readonly (readonly Placed[])[] = [];

  constructor(
    private readonly clock: PageClock,
    private readonly actions: KeyboardActions,
  ) {
    this.#repeat = new KeyRepeat(clock, () => actions.deleteBackwards());
    this.node.addEventListener("keydown", (event) => this.#move(event));
    this.#build();
  }

  /** Tells where the caret stands now, so that the first letter of a sentence is a capital. */
  showSentenceStart(isAtSentenceStart: boolean): void {
    this.#isAtSentenceStart = isAtSentenceStart;
    this.#showCase();
  }

  /** After anything was written, with these keys or others: shift lasts for one character. */
  wrote(): void {
    this.#shift = afterWriting(this.#shift);
    this.#showCase();
  }

  #build(): void {
    const hadFocus = this.node.contains(document.activeElement);
    this.#rows = rowsOf(this.#layer).map((row) => row.map((key) => ({ key, button: this.#buttonOf(key) })));
    this.node.replaceChildren(
      ...this.#rows.map((row) =>
        element(
          "div",
          { class: "key-row", "data-inset": row.length === 9 && row[0]?.key.span === 2 },
          ...row.map(({ button }) => button),
        ),
      ),
    );
    this.#showCase();
    this.#goTo(this.#place, hadFocus);
  }

  #buttonOf(key: Key): HTMLButtonElement {
    const presses = {
      down: () => (key.action.kind === "backspace" ? this.#repeat.start() : this.#press(key)),
      up: () => this.#repeat.stop(),
      click: () => this.#press(key),
    };
    return createKeyButton(key, presses, this.#pressed);
  }

  #press({ action }: Key): void {
    switch (action.kind) {
      case "write":
        this.actions.write(textOf(action.text, this.#isShifted()));
        return this.#showLayer(layerAfter(this.#layer, action.text));
      case "shift":
        this.#shift = tapShift(this.#shift, this.#isAtSentenceStart, this.clock.nowMs());
        return this.#showCase();
      case "backspace":
        return this.actions.deleteBackwards();
      case "enter":
        return this.actions.enter();
      case "layer":
        return this.#showLayer(action.layer);
    }
  }

  #showLayer(layer: Layer): void {
    if (layer === this.#layer) return;
    this.#layer = layer;
    this.#build();
  }

  #isShifted(): boolean {
    return isShifted(this.#shift, this.#isAtSentenceStart);
  }

  #showCase(): void {
    for (const { key, button } of this.#rows.flat()) {
      if (key.action.kind === "shift") {
        button.setAttribute("aria-pressed", String(this.#isShifted()));
        button.dataset["mode"] = this.#shift.mode;
      }
      if (key.action.kind === "write" && /^[a-z]$/.test(key.action.text)) {
        relabel(button, textOf(key.action.text, this.#isShifted()));
      }
    }
  }

  #move(event: KeyboardEvent): void {
    const widths = this.#rows.map((row) => row.map(({ key }) => key.span));
    const to = moveOf(widths, this.#place, event.key);
    if (to === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#goTo(to, true);
  }

  #goTo(to: Position, isFocused: boolean): void {
    const row = Math.min(to.row, this.#rows.length - 1);
    const column = Math.min(to.column, (this.#rows[row]?.length ?? 1) - 1);
    this.#place = { row, column };
    for (const { button } of this.#rows.flat()) button.tabIndex = -1;
    const button = this.#rows[row]?.[column]?.button;
    if (button === undefined) return;
    button.tabIndex = 0;
    if (isFocused) button.focus();
  }
}
