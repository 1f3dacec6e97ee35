import { element, icon } from "../dom.js";
import { EMPTY_FIELD, insertAfterSuggestion, insertText, type FieldState } from "../text/field-edit.js";

/** The key code of every key that an input method takes: UI Events, section on `keyCode`. */
const TAKEN_BY_INPUT_METHOD = 229;

/** What the field tells the page. */
export interface FieldEvents {
  /** The text or the caret is another one. */
  changed(): void;
  send(): void;
}

/** The text field and its send button. The field itself is the state: there is no copy of it. */
export class TextField {
  readonly #area = element("textarea", {
    class: "field",
    rows: 2,
    dir: "auto",
    placeholder: "Message",
    autocomplete: "off",
    autocapitalize: "sentences",
    spellcheck: "false",
    "aria-label": "Message",
    "aria-describedby": "field-hint",
    "data-testid": "field",
  });
  readonly #send = element(
    "button",
    { type: "button", class: "send", "aria-label": "Send", "data-testid": "send" },
    icon("M4 12 20 4l-5 16-4-6-7-2Z"),
  );
  readonly node = element(
    "div",
    { class: "composer" },
    this.#area,
    this.#send,
    element(
      "p",
      { id: "field-hint", class: "visually-hidden" },
      "Alt+1, Alt+2 and Alt+3 take a suggestion. Enter sends, Shift and Enter begin a new line.",
    ),
  );
  /** Where the caret stood when a suggestion left a space behind itself. */
  #spaceEndsAt: number | null = null;

  constructor(private readonly events: FieldEvents) {
    this.#send.addEventListener("click", () => events.send());
    this.#area.addEventListener("input", () => this.#changed());
    this.#area.addEventListener("select", () => events.changed());
    this.#area.addEventListener("keyup", () => events.changed());
    this.#area.addEventListener("pointerup", () => events.changed());
    this.#area.addEventListener("keydown", (event) => this.#keyDown(event));
    this.#area.addEventListener("beforeinput", (event) => this.#beforeInput(event));
  }

  read(): FieldState {
    const { value, selectionStart, selectionEnd } = this.#area;
    return { text: value, start: selectionStart, end: selectionEnd };
  }

  write(state: FieldState): void {
    this.#area.value = state.text;
    this.#area.setSelectionRange(state.start, state.end);
    this.#showCaret(state);
    this.#changed();
  }

  /** Writes what a suggestion left, and remembers its space for the punctuation that may follow. */
  writeTaken(state: FieldState): void {
    this.write(state);
    this.#spaceEndsAt = state.start;
  }

  /** What a key wrote at the caret. */
  insert(text: string): void {
    const state = this.read();
    const isBehindTaken = state.start === this.#spaceEndsAt;
    this.write(isBehindTaken ? insertAfterSuggestion(state, text) : insertText(state, text));
  }

  clear(): void {
    this.write(EMPTY_FIELD);
  }

  focus(): void {
    this.#area.focus({ preventScroll: true });
  }

  /** False keeps the system's own keyboard away from the one on this page. */
  useSystemKeyboard(isUsed: boolean): void {
    this.#area.inputMode = isUsed ? "text" : "none";
  }

  #changed(): void {
    this.#spaceEndsAt = null;
    this.events.changed();
  }

  #keyDown(event: KeyboardEvent): void {
    // While characters are being composed, Enter belongs to the input method. In Safari the composition has ended when
    // its Enter comes, and only the key code says whose it is.
    const isComposing = event.isComposing || event.keyCode === TAKEN_BY_INPUT_METHOD;
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    this.events.send();
  }

  #beforeInput(event: InputEvent): void {
    const { start } = this.read();
    if (event.inputType !== "insertText" || event.data === null || start !== this.#spaceEndsAt) return;
    event.preventDefault();
    this.insert(event.data);
  }

  /** A field whose value was set from outside does not scroll to its caret by itself. */
  #showCaret(state: FieldState): void {
    if (state.start === state.text.length) this.#area.scrollTop = this.#area.scrollHeight;
  }
}
