/**
 * What a device needs only when there is something to verify, train, measure, explain, read, erase or compare, in one piece: bundlers give
 * each `import()` a file of its own and one more for whatever any two of them share.
 */
export { sendBlocks } from "./rounds/send-blocks.js";
export { trainLocally } from "./rounds/local-training.js";
export { Evaluations } from "./evaluations/evaluations.js";
export { TufTrust } from "./trust/tuf-trust.js";
export { openLog } from "./feature-log/open-log.js";
export { exportLines } from "./feature-log/export-lines.js";
export { wrongLogOption } from "./feature-log/check-log-options.js";
export { PredictionLog } from "./feature-log/prediction-log.js";
export { RecentPredictions } from "./feature-log/recent-predictions.js";
export { RowExplainer } from "./feature-log/row-explainer.js";
export { loggedExamples } from "./feature-log/labelled-examples.js";
export { numClassesOf } from "./feature-log/class-labels.js";
export { ShadowRunner } from "./installs/shadow-runner.js";
