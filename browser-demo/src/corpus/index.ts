/**
 * A sample corpus: what made-up people type.
 *
 * @module @fedge/browser-demo/corpus
 */
export type { Persona } from "./persona.js";
export { PERSONAS, sentencesOf, wordsByFrequency } from "./sentences.js";
