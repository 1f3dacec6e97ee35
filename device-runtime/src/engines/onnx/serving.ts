import { FedgeError, type ElementType } from "@fedge/protocol";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { ServingEngine, ServingSession, TensorValue, TensorValues } from "../../core/ports/engine.js";
import { bindCheckpoint } from "./bind-checkpoint.js";
import { createSession, engineFailure, toTensor, type OnnxRuntime } from "./runtime.js";

/** Where a runtime has several ways to compute. */
export interface OnnxServingOptions {
  /** In the order of preference; the runtime's own by default. */
  readonly executionProviders?: readonly string[];
  /** For a provider that refuses a run while another is under way. */
  readonly isSerial?: boolean;
}

/** Serves models on either ONNX runtime; `name` says which one and its version. */
export function createOnnxServing(
  runtime: OnnxRuntime,
  name: string,
  { executionProviders, isSerial = false }: OnnxServingOptions = {},
): ServingEngine {
  return {
    name,
    form: "onnx",
    load: async ({ manifest, program, tensors }) => {
      const parameterNames = new Set(manifest.parameters.map((tensor) => tensor.name));
      const parameters = tensors.filter((tensor) => parameterNames.has(tensor.name));
      const bound = bindCheckpoint(program, parameters);
      const session = await createSession(runtime, bound, executionProviders);
      const elementTypes = new Map(manifest.inputs.map((input) => [input.name, input.elementType]));
      const served = new OnnxServingSession(runtime, session, elementTypes);
      return isSerial ? oneAtATime(served) : served;
    },
  };
}

class OnnxServingSession implements ServingSession {
  #numRunning = 0;
  #isClosed = false;
  #closing: Promise<void> | null = null;
  #idle: () => void = () => undefined;

  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly session: InferenceSession,
    private readonly elementTypes: ReadonlyMap<string, ElementType>,
  ) {}

  async run(inputs: TensorValues): Promise<TensorValues> {
    if (this.#isClosed) throw new FedgeError("CLOSED", "this model version is no longer loaded");
    this.#numRunning += 1;
    try {
      return fromOutputs(await this.session.run(this.#feeds(inputs)));
    } catch (cause) {
      throw engineFailure("the model could not answer", cause);
    } finally {
      this.#numRunning -= 1;
      if (this.#numRunning === 0) this.#idle();
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#closing ??= this.#release();
    return this.#closing;
  }

  async #release(): Promise<void> {
    if (this.#numRunning > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await this.session.release();
  }

  #feeds(inputs: TensorValues): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (const name of Object.keys(inputs)) {
      const value = inputs[name] as TensorValue;
      feeds[name] = toTensor(this.runtime, this.elementTypes.get(name) ?? "float32", value);
    }
    return feeds;
  }
}

function fromOutputs(outputs: InferenceSession.OnnxValueMapType): TensorValues {
  const values: Record<string, TensorValue> = {};
  for (const name of Object.keys(outputs)) {
    const tensor = outputs[name] as Tensor;
    values[name] = { shape: [...tensor.dims], data: tensor.data as TensorValue["data"] };
  }
  return values;
}

/** The session, with one run after the other. */
function oneAtATime(session: ServingSession): ServingSession {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (inputs) => {
      const run = last.then(() => session.run(inputs));
      last = run.catch(() => undefined);
      return run;
    },
    close: () => session.close(),
  };
}
