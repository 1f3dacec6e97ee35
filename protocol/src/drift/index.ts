/**
 * The statistics of drift: tests of two samples or of counts, detectors of streams, and what they rest on. Pure; kept apart from the
 * package's main entry, so that a page that monitors nothing loads none of it.
 *
 * @module @fedge/protocol/drift
 */
export { VERDICTS, worstVerdict, type Verdict } from "../profile/verdicts.js";
export * from "./result.js";
export * from "./options.js";
export * from "./method-kinds.js";
export * from "./test-drift.js";
export { testSamples, type SampleMethod } from "./test-samples.js";
export { testStream, createDetector, restoreDetector } from "./test-stream.js";
export { effectGate, type EffectGate } from "./effect-gate.js";
export * from "./samples/sample.js";
export { decodeSample } from "./samples/decode-sample.js";
export { readPair } from "./samples/read-pair.js";
export { binOf, countInBin, equalMassEdges, nextDouble } from "./samples/bin-edges.js";
export { cellsOf, type Cells } from "./samples/cells.js";
export { momentsOf, powerOfTwoNear, type Moments } from "./samples/moments.js";
export { pooledNumbers, pooledOf, type Pooled } from "./samples/pooled.js";
export { chiSquared, gTest } from "./methods/contingency.js";
export {
  excessDistance,
  greatestShift,
  hellinger,
  jensenShannon,
  noChange,
  psi,
  psiOf,
  totalVariation,
} from "./methods/distances.js";
export {
  divergenceNats,
  greatestDifference,
  hellingerDistance,
  stabilityIndex,
  variationDistance,
} from "./methods/share-distances.js";
export { fisher } from "./methods/fisher.js";
export { kolmogorovSmirnov, type KsMode } from "./methods/kolmogorov-smirnov.js";
export { medianDistance, mmd, type VectorPair } from "./methods/mmd.js";
export { cramerVonMises, mannWhitney } from "./methods/rank-tests.js";
export { andersonDarling } from "./methods/anderson-darling.js";
export { wasserstein } from "./methods/wasserstein.js";
export { welch } from "./methods/welch.js";
export { CELL_BITS, scoredCells, type ScoredCells } from "./joint/scored-cells.js";
export { hermiteCoefficients, latentCorrelation } from "./joint/latent-correlation.js";
export { copulaRows, correlationRoot, pairAt, rowsAt, type CellRows } from "./joint/gaussian-copula.js";
export { classifierBasis, type BasisColumn, type ClassifierBasis } from "./joint/classifier-basis.js";
export { tellApart, type ToldApart } from "./joint/domain-classifier.js";
export {
  cosinesOf,
  meanCosines,
  writeCosines,
  type CosineShape,
  type RandomCosines,
} from "./joint/random-cosines.js";
export {
  MOST_JOINT_ROWS,
  classifierOf,
  comparisonOf,
  cosinesOfGroup,
  vectorsOf,
  type Classify,
  type Compare,
  type WindowRows,
} from "./joint/joint-tests.js";
export {
  COSINE_SCALE,
  chanceOf,
  distanceFrom,
  type VectorDistance,
  type VectorReference,
} from "./joint/embedding-distance.js";
export { logWeightedChiSquaredTail, type WeightedChiSquared } from "./special/weighted-chi-squared.js";
export { seededNormal } from "./special/seeded-normal.js";
export { Adwin, type AdwinOptions } from "./streams/adwin.js";
export { PageHinkley, type PageHinkleyOptions } from "./streams/page-hinkley.js";
export { Ddm, type DdmOptions } from "./streams/ddm.js";
export { AS_IT_IS, type Standard, type StreamDetector, type StreamState } from "./streams/stream-detector.js";
export { LEAST_LOG_P, benjaminiHochberg, holm, logBenjaminiHochberg } from "./multiple-tests.js";
export { binnedQuantile, wilsonBounds, wilsonInterval, type Interval } from "./intervals.js";
export { mcNemar, twoProportions, type CountTest } from "./paired-counts.js";
export { chiSquaredTail, chiSquaredTailQuantile, logChiSquaredTail } from "./special/chi-squared.js";
export {
  erfc,
  logErfc,
  logNormalTail,
  logTwoSidedNormal,
  normalQuantile,
  normalTail,
  normalTailQuantile,
  twoSidedNormal,
} from "./special/normal.js";
export { logTwoSidedStudent, studentTail, studentTailQuantile } from "./special/student.js";
export { logGamma } from "./special/log-gamma.js";
export { logGammaLower, logGammaUpper } from "./special/gamma-tail.js";
export { logBetaLower } from "./special/beta-tail.js";
export { logKolmogorovTail } from "./special/kolmogorov.js";
export { logKolmogorovFiniteTail } from "./special/kolmogorov-finite.js";
export { logLatticeTail } from "./special/lattice-paths.js";
export { logCramerVonMisesTail } from "./special/cramer-von-mises.js";
