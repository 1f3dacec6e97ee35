import { FedgeError, type NamedTensor } from "@fedge/protocol";
import type {
  ServingEngine,
  ServingSession,
  StopSignal,
  TensorValue,
  TensorValues,
  Trainer,
  TrainingRequest,
  TrainingResult,
} from "../core/ports/engine.js";

export interface FakeEngine extends ServingEngine {
  /** Sessions that were loaded and not closed. */
  readonly numOpen: number;
  /** Runs wait until this resolves. */
  gate: Promise<void>;
  /** Runs of a version wait until its own gate resolves instead, where it has one. */
  readonly gates: Map<number, Promise<void>>;
  /** Called when a version is loaded; a throw refuses it. */
  onLoad: (version: number) => void;
  /** What a version answers, itself by default; scores are one row of them. A throw is the run's. */
  answer: (version: number) => number | readonly number[];
  /** What a version gives for a batch with its target, as an eval graph does; its loss is itself. A throw is the run's. */
  measure: (
    version: number,
    numExamples: number,
  ) => { readonly lossSum: number; readonly numCorrect: number };
  /** How long a run of a version takes, by the engine's own clock. */
  runUs: (version: number) => number;
  /** The engine's own clock: the runs so far, one after the other. */
  readonly nowUs: number;
}

/** Stands for the graph that explains a version: of that, each input times its number. */
export const ATTRIBUTION_GRAPH = "attribution graph";

/** An engine whose every answer is the checkpoint's first value: it says which version it is. */
export function createFakeEngine(): FakeEngine {
  const open = new Set<ServingSession>();
  let nowUs = 0;
  const engine: FakeEngine = {
    name: "fake@1",
    form: "onnx",
    gate: Promise.resolve(),
    gates: new Map(),
    onLoad: () => undefined,
    answer: (version) => version,
    measure: (version, numExamples) => ({ lossSum: version * numExamples, numCorrect: numExamples }),
    runUs: () => 100,
    get nowUs() {
      return nowUs;
    },
    get numOpen() {
      return open.size;
    },
    load: async ({ tensors, program }) => {
      const isExplaining = new TextDecoder().decode(program) === ATTRIBUTION_GRAPH;
      const version = firstValue(tensors);
      engine.onLoad(version);
      const onRun = (inputs: TensorValues): TensorValues => {
        nowUs += engine.runUs(version);
        if (isExplaining) return { "input.attribution": times(version, inputs["input"]) };
        const target = inputs["target"];
        if (target === undefined) return { answer: answerOf(engine.answer(version)) };
        const count = target.shape[0] ?? 0;
        const { lossSum, numCorrect } = engine.measure(version, count);
        return { loss_sum: scalar(lossSum), count: scalar(count), correct: scalar(numCorrect) };
      };
      const gate = (): Promise<void> => engine.gates.get(version) ?? engine.gate;
      const session = createSession(onRun, gate, () => open.delete(session));
      open.add(session);
      return session;
    },
  };
  return engine;
}

function createSession(
  onRun: (inputs: TensorValues) => TensorValues,
  gateNow: () => Promise<void>,
  onClosed: () => void,
): ServingSession {
  let isClosed = false;
  let underWay = Promise.resolve();
  return {
    run: async (inputs) => {
      if (isClosed) throw new FedgeError("CLOSED", "this model version is no longer loaded");
      const gate = gateNow();
      underWay = underWay.then(() => gate);
      await gate;
      return onRun(inputs);
    },
    close: async () => {
      isClosed = true;
      await underWay;
      onClosed();
    },
  };
}

function times(
  factor: number,
  { shape, data }: TensorValue = { shape: [], data: new Float32Array() },
): TensorValue {
  return { shape, data: Float32Array.from(data as Iterable<number>, (value) => factor * value) };
}

function answerOf(answer: number | readonly number[]): TensorValue {
  if (typeof answer === "number") return { shape: [1], data: Float32Array.of(answer) };
  return { shape: [1, answer.length], data: Float32Array.from(answer) };
}

function scalar(value: number): TensorValue {
  return { shape: [], data: Float32Array.of(value) };
}

function firstValue(tensors: readonly NamedTensor[]): number {
  return Number(tensors[0]?.data[0]);
}

export interface FakeTrainer extends Trainer {
  readonly requests: TrainingRequest[];
  /** Trainings wait until this resolves. */
  gate: Promise<void>;
}

/** A trainer that never gives the same update twice, so that training again for one round shows. */
export function createFakeTrainer(): FakeTrainer {
  const trainer: FakeTrainer = {
    form: "onnx",
    requests: [],
    gate: Promise.resolve(),
    train: async (request, signal) => {
      trainer.requests.push(request);
      await Promise.race([trainer.gate, stopOf(signal)]);
      if (signal.aborted) throw new FedgeError("TRAINING_INTERRUPTED", "training was stopped before its end");
      return resultOf(request, trainer.requests.length);
    },
    close: async () => undefined,
  };
  return trainer;
}

function resultOf({ manifest, examples }: TrainingRequest, value: number): TrainingResult {
  const length = manifest.parameters.reduce(
    (sum, { shape }) => sum + shape.reduce((all, size) => all * size, 1),
    0,
  );
  const metrics = { steps: 1, trainMs: 1, lossBefore: 1, lossAfter: 0.5 };
  return { delta: new Float32Array(length).fill(value), numExamples: examples.numExamples, metrics };
}

function stopOf(signal: StopSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", resolve));
}
