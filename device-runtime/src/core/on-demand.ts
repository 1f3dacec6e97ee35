/**
 * What a device needs only when there is something to verify, to train, to measure or to say of a prediction, in one
 * piece: bundlers give each `import()` a file of its own and one more for whatever any two of them share.
 */
export { ofClasses, toExamples } from "./feature-log/stacked-examples.js";
export { PredictionLog } from "./feature-log/prediction-log.js";
export { sendBlocks } from "./rounds/send-blocks.js";
export { trainLocally } from "./rounds/local-training.js";
export { measureVersions } from "./evaluations/measure-versions.js";
export { TufTrust } from "./trust/tuf-trust.js";
