import { element, icon } from "../dom.js";
import type { Key } from "./key-layers.js";

const ICONS: Readonly<Record<string, string>> = {
  shift: "M12 4 4 12h4v7h8v-7h4L12 4Z",
  backspace: "M9 5h11a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H9l-6-7 6-7ZM12 9.500l5 5M17 9.500l-5 5",
  enter: "M4 12 20 4l-5 16-4-6-7-2Z",
};

/** What happens to a key: pressed by a pointer, let go, or clicked without a pointer. */
export interface Presses {
  down(): void;
  up(): void;
  click(): void;
}

/**
 * Pointers whose press was heard and whose click is still to come. All keys share them: a press may put another key
 * where the click then lands.
 */
export type PressedPointers = Set<number>;

/** The button of a key; never a stop of the Tab key by itself. */
export function createKeyButton(key: Key, presses: Presses, pressed: PressedPointers): HTMLButtonElement {
  const path = ICONS[key.action.kind];
  const cap = element("span", { class: "key-cap" }, path === undefined ? key.label : icon(path));
  const attributes = { type: "button", class: "key", tabindex: -1, "aria-label": key.name };
  const button = element(
    "button",
    { ...attributes, "data-span": key.span, "data-kind": key.action.kind },
    cap,
  );
  listenTo(button, presses, pressed);
  return button;
}

/** Writes another letter on a key. */
export function relabel(button: HTMLButtonElement, letter: string): void {
  const cap = button.firstElementChild;
  if (cap === null || cap.textContent === letter) return;
  cap.textContent = letter;
  button.setAttribute("aria-label", letter);
}

function listenTo(button: HTMLButtonElement, presses: Presses, pressed: PressedPointers): void {
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    // Keeps the caret in the text field.
    event.preventDefault();
    // Two thumbs at once make presses without clicks; the first pointer of a new touch ends what they left.
    if (event.isPrimary) pressed.clear();
    pressed.add(event.pointerId);
    presses.down();
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    button.addEventListener(end, () => presses.up());
  }
  // A keyboard or a screen reader makes clicks only.
  button.addEventListener("click", (event) => {
    if (event.detail === 0 || !takeBack(pressed, event)) presses.click();
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}

/** Whether the click belongs to a press that was heard. A browser whose clicks name no pointer has one pointer at a time. */
function takeBack(pressed: PressedPointers, event: MouseEvent): boolean {
  if (event instanceof PointerEvent && event.pointerId >= 0) return pressed.delete(event.pointerId);
  const wasPressed = pressed.size > 0;
  pressed.clear();
  return wasPressed;
}
