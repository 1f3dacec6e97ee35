/** What the keys write. */
export type Layer = "letters" | "numbers" | "symbols";

/** One key; `span` is its width in halves of a letter key, twenty to a row. */
export interface Key {
  readonly action:
    | { readonly kind: "write"; readonly text: string }
    | { readonly kind: "shift" | "backspace" | "enter" }
    | { readonly kind: "layer"; readonly layer: Layer };
  /** What stands on the key; "" where an icon does. */
  readonly label: string;
  /** What the key is called where its label does not say so. */
  readonly name: string;
  readonly span: 2 | 3 | 10;
}

/** Names of what a screen reader would pass over or read as a pause. */
const SPOKEN: Readonly<Record<string, string>> = {
  ",": "comma",
  ".": "full stop",
  " ": "space",
  "'": "apostrophe",
  '"': "quotation mark",
  ":": "colon",
  ";": "semicolon",
  "!": "exclamation mark",
  "?": "question mark",
  "-": "hyphen",
  _: "underscore",
  "(": "opening bracket",
  ")": "closing bracket",
  "/": "slash",
  "\\": "backslash",
  "`": "backtick",
  "|": "bar",
  "~": "tilde",
  "^": "caret",
};

const SHIFT: Key = { action: { kind: "shift" }, label: "", name: "shift", span: 3 };
const BACKSPACE: Key = { action: { kind: "backspace" }, label: "", name: "backspace", span: 3 };
const ENTER: Key = { action: { kind: "enter" }, label: "", name: "send", span: 3 };
const TO_LETTERS = layerKey("letters", "ABC", "letters");
const TO_NUMBERS = layerKey("numbers", "123", "numbers and signs");
const TO_SYMBOLS = layerKey("symbols", "=\\<", "more signs");

/** The four rows of a layer, from the top; letters as they are without shift. */
export function rowsOf(layer: Layer): readonly (readonly Key[])[] {
  switch (layer) {
    case "letters":
      return [
        written("qwertyuiop"),
        written("asdfghjkl"),
        [SHIFT, ...written("zxcvbnm"), BACKSPACE],
        bottom(TO_NUMBERS),
      ];
    case "numbers":
      return [
        written("1234567890"),
        written("@#€_&-+()/"),
        [TO_SYMBOLS, ...written("*\"':;!?"), BACKSPACE],
        bottom(TO_LETTERS),
      ];
    case "symbols":
      return [
        written("~`|•√π÷×§∆"),
        written("£¥$¢^°={}\\"),
        [TO_NUMBERS, ...written("%©®™✓[]"), BACKSPACE],
        bottom(TO_LETTERS),
      ];
  }
}

/** What a key writes, with or without shift. */
export function textOf(text: string, isShifted: boolean): string {
  return isShifted ? text.toUpperCase() : text;
}

/** The layer after something was written: a space or an apostrophe leads back to the letters. */
export function layerAfter(layer: Layer, text: string): Layer {
  return text === " " || text === "'" ? "letters" : layer;
}

function written(characters: string): Key[] {
  return [...characters].map((text) => writing(text, 2));
}

function writing(text: string, span: Key["span"]): Key {
  return { action: { kind: "write", text }, label: text, name: SPOKEN[text] ?? text, span };
}

function layerKey(layer: Layer, label: string, name: string): Key {
  return { action: { kind: "layer", layer }, label, name, span: 3 };
}

function bottom(toLayer: Key): Key[] {
  return [toLayer, writing(",", 2), writing(" ", 10), writing(".", 2), ENTER];
}
