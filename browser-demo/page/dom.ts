/** What an attribute may hold: true stands for an empty one, false and null for none. */
export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** An element with attributes and children; strings become text, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** As `element`, for drawings. */
export function drawn<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Node[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** An icon of one stroke on a ground of 24 by 24, unseen by screen readers. */
export function icon(path: string): SVGSVGElement {
  const attributes = { viewBox: "0 0 24 24", width: 20, height: 20, class: "icon", "aria-hidden": "true" };
  return drawn("svg", attributes, drawn("path", { d: path }));
}

/** Writes text only where it differs: an unchanged live region must not speak again. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

function setAttributes(made: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : String(value));
  }
}
