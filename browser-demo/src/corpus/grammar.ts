import { FedgeError, type Random } from "@fedge/protocol";

export type Slots = Readonly<Record<string, readonly string[]>>;

/** Slots may use slots; a circle would never end. */
const MAX_DEPTH = 8;
/** The innermost choice: neither holds another. */
const CHOICE = /\(([^()[\]]*)\)|\[([^()[\]]*)\]/;

/**
 * One sentence of the template: `{slot}` becomes one of its words, `(a|b)` one of both, `[a]` a or nothing, each as
 * likely as the others. Throws OPTION_INVALID for an unknown slot or a circle of slots.
 */
export function varied(template: string, slots: Slots, random: Random): string {
  let text = template;
  for (let match = CHOICE.exec(text); match !== null; match = CHOICE.exec(text)) {
    const [whole, alternatives, optional] = match;
    const choices = alternatives === undefined ? [optional ?? "", ""] : alternatives.split("|");
    text = text.replace(whole, () => one(choices, random));
  }
  return filled(text, slots, random, 0).replace(/\s+/g, " ").trim();
}

function filled(text: string, slots: Slots, random: Random, depth: number): string {
  return text.replace(/\{([^}]*)\}/g, (_, name: string) => {
    const words = slots[name];
    if (words === undefined) throw new FedgeError("OPTION_INVALID", `no slot is called {${name}}`);
    if (depth === MAX_DEPTH) throw new FedgeError("OPTION_INVALID", `the slot {${name}} needs itself`);
    return filled(one(words, random), slots, random, depth + 1);
  });
}

function one(choices: readonly string[], random: Random): string {
  return choices[random.below(choices.length)] ?? "";
}
