import type { ModelName } from "@fedge/protocol";
import type { DevicePorts } from "../ports/ports.js";
import { ModelHost, type PredictionRecorder } from "./model-host.js";

/** What all hosts of a device share. */
export interface HostsParts {
  readonly recorder: PredictionRecorder;
  readonly onServed: (model: ModelName) => void;
  /** Told of every request, before the model runs. */
  readonly onRequest: () => void;
}

/** A host for each model. Each request lets a training or an evaluation step aside. */
export function createHosts(
  models: readonly ModelName[],
  {
    trainer,
    clock,
    nowUs = (): number => clock.nowMs() * 1000,
  }: Pick<DevicePorts, "trainer" | "clock" | "nowUs">,
  { recorder, onServed, onRequest: told }: HostsParts,
): ReadonlyMap<ModelName, ModelHost> {
  const onRequest = (): void => {
    trainer.stepAside?.();
    told();
  };
  return new Map(
    models.map((model) => [
      model,
      new ModelHost({ model, recorder, nowUs, onRequest, onServed: () => onServed(model) }),
    ]),
  );
}
