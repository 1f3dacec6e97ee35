import {
  activationLayer,
  eluLayer,
  leakyReluLayer,
  preluLayer,
  reluLayer,
  softmaxLayer,
} from "./activations.js";
import type { LayerConverter } from "./conversion.js";
import {
  convolution,
  depthwiseConvolution,
  separableConvolution,
  transposedConvolution,
} from "./convolution.js";
import { dense, embedding } from "./dense.js";
import { average, concatenate, dot, merging } from "./merging.js";
import { batchNormalization, layerNormalization } from "./normalization.js";
import { globalPooling, pooling } from "./pooling.js";
import { bidirectional, recurrent } from "./recurrent.js";
import { dropout, passThrough, trainingNoise } from "./regularization.js";
import {
  cropping,
  flatten,
  permute,
  repeatVector,
  rescaling,
  reshape,
  thresholdedRelu,
  upSampling,
  zeroPadding,
} from "./shaping.js";
import { timeDistributed } from "./time-distributed.js";

/** Every layer that can be converted, by its class. */
const CONVERTERS: ReadonlyMap<string, LayerConverter> = new Map<string, LayerConverter>([
  ["Activation", activationLayer],
  ["ActivityRegularization", passThrough],
  ["Add", merging("Add")],
  ["AlphaDropout", trainingNoise],
  ["Average", average],
  ["AveragePooling1D", pooling("AveragePool", 1)],
  ["AveragePooling2D", pooling("AveragePool", 2)],
  ["BatchNormalization", batchNormalization],
  ["Bidirectional", bidirectional],
  ["Concatenate", concatenate],
  ["Conv1D", convolution(1)],
  ["Conv2D", convolution(2)],
  ["Conv2DTranspose", transposedConvolution],
  ["Cropping2D", cropping],
  ["Dense", dense],
  ["DepthwiseConv2D", depthwiseConvolution],
  ["Dot", dot],
  ["Dropout", dropout],
  ["ELU", eluLayer],
  ["Embedding", embedding],
  ["Flatten", flatten],
  ["GRU", recurrent("GRU")],
  ["GaussianDropout", trainingNoise],
  ["GaussianNoise", trainingNoise],
  ["GlobalAveragePooling1D", globalPooling("ReduceMean", 1)],
  ["GlobalAveragePooling2D", globalPooling("ReduceMean", 2)],
  ["GlobalMaxPooling1D", globalPooling("ReduceMax", 1)],
  ["GlobalMaxPooling2D", globalPooling("ReduceMax", 2)],
  ["LSTM", recurrent("LSTM")],
  ["LayerNormalization", layerNormalization],
  ["LeakyReLU", leakyReluLayer],
  ["MaxPooling1D", pooling("MaxPool", 1)],
  ["MaxPooling2D", pooling("MaxPool", 2)],
  ["Maximum", merging("Max")],
  ["Minimum", merging("Min")],
  ["Multiply", merging("Mul")],
  ["PReLU", preluLayer],
  ["Permute", permute],
  ["ReLU", reluLayer],
  ["RepeatVector", repeatVector],
  ["Rescaling", rescaling],
  ["Reshape", reshape],
  ["SeparableConv2D", separableConvolution],
  ["SimpleRNN", recurrent("RNN")],
  ["Softmax", softmaxLayer],
  ["SpatialDropout1D", trainingNoise],
  ["ThresholdedReLU", thresholdedRelu],
  ["UpSampling2D", upSampling],
  ["ZeroPadding2D", zeroPadding],
]);

/** Classes of the layers that can be converted, in alphabetical order. */
export const LAYER_CLASSES: readonly string[] = [...CONVERTERS.keys(), "TimeDistributed"].sort();

/** Converts one call of a layer. Throws `ONNX_UNSUPPORTED_OPERATOR` for a class without a converter. */
export const convertLayer: LayerConverter = (conversion, layer, inputs) => {
  const { className } = layer;
  const converter =
    className === "TimeDistributed" ? timeDistributed(convertLayer) : CONVERTERS.get(className);
  if (converter !== undefined) return converter(conversion, layer, inputs);
  throw layer.unsupported("layers of this class cannot be converted; run the model on the tfjs engine");
};
