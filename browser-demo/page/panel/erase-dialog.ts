import { element } from "../dom.js";

/** Asks before everything is erased; Escape and "Keep" leave all as it is. */
export function createEraseDialog(onErase: () => void): HTMLDialogElement {
  const keep = button("keep", "quiet-button", "Keep");
  const erase = button("erase-confirm", "button danger", "Erase");
  const dialog = element(
    "dialog",
    { class: "dialog", "aria-labelledby": "erase-title", "aria-describedby": "erase-text" },
    element("h2", { id: "erase-title" }, "Erase everything?"),
    element(
      "p",
      { id: "erase-text" },
      "The log, the model and the identity of this device go, and so do the messages on this page. " +
        "The server is told to forget the device. This cannot be undone.",
    ),
    element("div", { class: "dialog-buttons" }, keep, erase),
  );
  keep.addEventListener("click", () => dialog.close());
  erase.addEventListener("click", () => {
    dialog.close();
    onErase();
  });
  return dialog;
}

function button(name: string, className: string, label: string): HTMLButtonElement {
  return element("button", { type: "button", class: className, "data-testid": name }, label);
}
