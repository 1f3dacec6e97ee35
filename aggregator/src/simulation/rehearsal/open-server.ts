import { join } from "node:path";
import type { EvaluationData } from "../../evaluation/evaluation-data.js";
import { openServer, type OpenedServer } from "../../server.js";
import { evaluationDataOf, portsOf, type LabelledExamples } from "../workload.js";

/** An aggregator on free ports, with its own broker, database and keys, that measures versions on the held-out examples. */
export function openRehearsalServer(directory: string, heldOut: LabelledExamples): Promise<OpenedServer> {
  const held: { data: EvaluationData | null } = { data: null };
  return openServer({
    ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "error" },
    stateDirectory: join(directory, "state"),
    evaluationData: (_model, manifest) => (held.data ??= evaluationDataOf(heldOut, portsOf(manifest))),
  });
}
