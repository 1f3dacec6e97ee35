import { FedgeError, decodeSafetensors, type ModelManifest } from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import { requireTensors } from "../installs/installer.js";
import type {
  ServingEngine,
  ServingSession,
  StopSignal,
  TensorValue,
  TensorValues,
} from "../ports/engine.js";

export interface ExplainingParts {
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  readonly engine: Pick<ServingEngine, "load">;
  /** Ends what is being fetched. */
  readonly signal: StopSignal;
}

interface Loaded {
  readonly manifest: ModelManifest;
  readonly session: ServingSession;
}

/** Loaded graphs that explain, one for each model: that of the version that was explained last. Not for overlapping use. */
export class ExplainingSessions {
  readonly #loaded = new Map<string, Loaded>();

  constructor(private readonly parts: ExplainingParts) {}

  /**
   * Fetches and loads what explains the version, unless it is loaded; resolves with whether it was not. Throws
   * EXPLANATION_FAILED when the engine refuses it, and what the fetcher throws.
   */
  async prepare(manifest: ModelManifest): Promise<boolean> {
    const { fetcher, engine, signal } = this.parts;
    const { model, checkpoint, parameters } = manifest;
    const { attribution } = manifest.graphs;
    if (this.#loaded.get(model)?.manifest === manifest || attribution === undefined) return false;
    const program = await fetcher.fetch(attribution, signal);
    const weights = await fetcher.fetch(checkpoint, signal);
    await this.#free(model);
    try {
      const { tensors } = decodeSafetensors(weights);
      requireTensors(parameters, tensors);
      this.#loaded.set(model, { manifest, session: await engine.load({ manifest, program, tensors }) });
      return true;
    } catch (cause) {
      throw failure(manifest, cause);
    }
  }

  /**
   * By input, gradient times input of the answer's score, for each row of the inputs. The version must be prepared. Throws
   * EXPLANATION_FAILED when the engine cannot run it.
   */
  async explain(manifest: ModelManifest, inputs: TensorValues): Promise<TensorValues> {
    try {
      const outputs = (await this.#loaded.get(manifest.model)?.session.run(inputs)) ?? {};
      const explained = manifest.inputs.flatMap(({ name }) => {
        const value = outputs[`${name}.attribution`];
        return value === undefined ? [] : [[name, toFloats(value)] as const];
      });
      if (explained.length === 0) throw new Error("it gives no attribution of any input");
      return Object.fromEntries(explained);
    } catch (cause) {
      throw failure(manifest, cause);
    }
  }

  async close(): Promise<void> {
    for (const model of [...this.#loaded.keys()]) await this.#free(model);
  }

  async #free(model: string): Promise<void> {
    const loaded = this.#loaded.get(model);
    this.#loaded.delete(model);
    await loaded?.session.close();
  }
}

/** A copy: the runtime may use its memory again. */
function toFloats({ shape, data }: TensorValue): TensorValue {
  return { shape: [...shape], data: Float32Array.from(data as Iterable<number>, Number) };
}

function failure({ model, version }: ModelManifest, cause: unknown): FedgeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FedgeError(
    "EXPLANATION_FAILED",
    `this engine cannot explain predictions of "${model}" version ${version}: ${why}; serving goes on. ` +
      "Try the model's attribution in onnxruntime and import it again, or leave featureLog.explainEvery out",
    { cause },
  );
}
