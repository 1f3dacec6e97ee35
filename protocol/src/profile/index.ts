/**
 * Reference profiles, and the count vectors that devices make of their windows. Apart from the rest, so that an app which
 * does not monitor carries none of it.
 *
 * @packageDocumentation
 */
export * from "./feature-source.js";
export * from "./reference-profile.js";
export * from "./edited-profile.js";
export * from "./joint-reference.js";
export * from "./standardised.js";
export * from "./value-cells.js";
export * from "./verdicts.js";
export * from "./vector-layout.js";
export * from "./count-vector.js";
export * from "./feature-values.js";
export * from "./skew-check.js";
