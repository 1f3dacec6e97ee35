import type { ModelManifest, NamedTensor, TensorData, TrainingMetrics, TrainingPlan } from "@fedge/protocol";

/** Values of one input or output, row-major. */
export interface TensorValue {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type TensorValues = Readonly<Record<string, TensorValue>>;

/** One loaded model version, ready to answer. */
export interface ServingSession {
  /** The outputs by name. Throws ENGINE_FAILED. Calls may overlap. */
  run(inputs: TensorValues): Promise<TensorValues>;
  /** Frees what the session holds, after the runs that have begun; idempotent. */
  close(): Promise<void>;
}

/** What a version's program is written in: ONNX graphs, or the topology of a TensorFlow.js layers model. */
export type ProgramForm = "onnx" | "layers";

/** Runs models on one inference runtime. */
export interface ServingEngine {
  /** Names the runtime and its version, such as `onnxruntime-node@1.30.0`. */
  readonly name: string;
  /** Which of a version's programs it runs; a device fetches no other. */
  readonly form: ProgramForm;
  /** Binds the checkpoint into the program. Throws ENGINE_FAILED when the runtime refuses it. */
  load(bundle: ServingBundle): Promise<ServingSession>;
}

/** What a version is loaded from. */
export interface ServingBundle {
  readonly manifest: ModelManifest;
  /** The infer or the eval graph, or the layers topology. */
  readonly program: Uint8Array;
  readonly tensors: readonly NamedTensor[];
  /**
   * Whether the session takes the target too and gives `loss_sum`, `count` and `correct` instead of answers. An eval graph
   * does so by itself; to a layers topology the engine adds the loss.
   */
  readonly isMeasured?: boolean;
}

/** Labelled examples that a device trains on; axis 0 of every tensor counts the examples. */
export interface Examples {
  readonly numExamples: number;
  /** The model's inputs by name. */
  readonly inputs: TensorValues;
  readonly target: TensorValue;
  /** Whether the arrays may be moved to another thread, because nobody reads them any more; else they are copied. */
  readonly mayMove?: boolean;
}

/** What a trainer needs for one local training. */
export interface TrainingRequest {
  readonly manifest: ModelManifest;
  /** Names the program, so that a trainer compiles it once. */
  readonly programSha256: string;
  /** The train graph, or the layers topology. */
  readonly program: Uint8Array;
  /** Checkpoint of the base version: parameters and client state. */
  readonly tensors: readonly NamedTensor[];
  readonly plan: TrainingPlan;
  /** Seeds the order of the examples. */
  readonly seed: string;
  readonly examples: Examples;
}

/** What one local training gave. */
export interface TrainingResult {
  /** Local minus base parameters, flat, in the manifest's order. */
  readonly delta: Float32Array;
  /** Distinct examples that were trained on. */
  readonly numExamples: number;
  readonly metrics: TrainingMetrics;
}

/** Something that can be asked to stop; the platform's AbortSignal fits. */
export interface StopSignal {
  readonly aborted: boolean;
  /** Calls the listener when the stop is asked for. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Takes the listener back. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Runs a local training plan: in this thread, or in a process of its own. */
export interface Trainer {
  /** Which of a version's programs it runs; a device fetches no other. */
  readonly form: ProgramForm;
  /**
   * Throws TRAINING_INTERRUPTED after a stop (between two steps, never in the middle of one), TRAINING_FAILED for
   * what the plan or the examples cannot do, ENGINE_FAILED, and TRAINER_DIED when the trainer's process ended.
   */
  train(request: TrainingRequest, signal: StopSignal): Promise<TrainingResult>;
  /** Somebody waits for a model's answer: a training under way lets that go first. Cheap, and called for each request. */
  stepAside?(): void;
  /** Idempotent. */
  close(): Promise<void>;
}
