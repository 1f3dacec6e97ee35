export { logistic, type LogisticOptions } from "./logistic.js";
export { twoNN, type TwoNNOptions } from "./two-nn.js";
