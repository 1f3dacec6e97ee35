/**
 * What a device needs only when there is something to verify, train, measure, read or erase, in one piece: bundlers give
 * each `import()` a file of its own and one more for whatever any two of them share.
 */
export { trainLocally } from "./rounds/local-training.js";
export { measureVersions } from "./evaluations/measure-versions.js";
export { TufTrust } from "./trust/tuf-trust.js";
export { selectRows } from "./feature-log/select-rows.js";
export { eraseFrom } from "./feature-log/erase-rows.js";
export { headLine, rowLine } from "./feature-log/log-lines.js";
export { draftOf, loneWrite } from "./feature-log/log-draft.js";
export { withEvictions } from "./feature-log/log-eviction.js";
export { decodeSegment } from "./feature-log/segment-codec.js";
