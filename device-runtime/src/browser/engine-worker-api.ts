import type { WireError } from "@fedge/protocol";
import type { ProgramForm, ServingBundle, TrainingRequest, TrainingResult } from "../core/ports/engine.js";
import type { EngineSettings } from "./engine-loaders/engine-loader.js";
import type { ProviderChoice } from "./providers/engine-provider.js";

/** Errors are values: comlink would lose their codes. */
export type Answer<T> = { readonly result: T } | { readonly error: WireError };

/** An engine that runs. */
export interface StartedEngine {
  /** Name and version of the runtime. */
  readonly name: string;
  readonly form: ProgramForm;
  /** Null where there is nothing to choose from. */
  readonly provider: ProviderChoice | null;
}

/** What an engine worker offers its page, beside runs (`run-lane.ts`) and its life (`worker-life.ts`). Sessions and trainings have numbers that the page chooses. */
export interface EngineWorkerApi {
  /** Before anything else, and once. */
  configure(settings: EngineSettings): void;
  start(): Promise<Answer<StartedEngine>>;
  load(session: number, bundle: ServingBundle): Promise<Answer<null>>;
  unload(session: number): Promise<Answer<null>>;
  train(training: number, request: TrainingRequest): Promise<Answer<TrainingResult>>;
  stop(training: number): void;
  /** Trainings let other work go first for a moment. */
  stepAside(): void;
}
