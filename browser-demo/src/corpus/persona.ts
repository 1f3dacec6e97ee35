/** Somebody who types, made up for the demo. */
export interface Persona {
  /** Lower case, one word. */
  readonly name: string;
  /** One line about them. */
  readonly about: string;
  /**
   * What only they say, as templates: `{slot}` stands for one of the slot's words, `(a|b)` for one of both, `[a]` for
   * a or nothing.
   */
  readonly phrases: readonly string[];
  /** Slots of their own; they may use each other and the shared ones. */
  readonly slots: Readonly<Record<string, readonly string[]>>;
}
