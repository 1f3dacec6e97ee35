import { UNTRUSTING_CODES } from "@fedge/protocol";
import type { MetadataExpiry } from "../signing/metadata-expiry.js";
import type { DriftService } from "../drift/drift-service.js";
import { setDriftGauges } from "./drift-gauges.js";
import type { Foundations } from "./foundations.js";

/** Prometheus text, with the gauges read from the store at the moment of asking. */
export async function renderMetrics(
  { store, metrics, broker, transport, clock }: Foundations,
  expiries: readonly MetadataExpiry[],
  drift: DriftService,
): Promise<string> {
  await setDriftGauges(metrics, drift);
  const { byPresence, untrusting } = await store.countDevices();
  metrics.resetGauge("fedge_devices_untrusting");
  for (const code of UNTRUSTING_CODES)
    metrics.gauge("fedge_devices_untrusting", untrusting[code] ?? 0, { code });
  for (const { role, expiresAtMs } of expiries)
    metrics.gauge("fedge_metadata_expires_in_seconds", (expiresAtMs - clock.nowMs()) / 1000, { role });
  metrics.resetGauge("fedge_devices");
  for (const [presence, count] of Object.entries(byPresence))
    metrics.gauge("fedge_devices", count, { presence });
  metrics.resetGauge("fedge_tasks");
  for (const [status, count] of countBy(await store.listTasks(), (task) => task.status)) {
    metrics.gauge("fedge_tasks", count, { status });
  }
  for (const model of await store.listModels()) {
    const latest = await store.latestVersion(model);
    if (latest !== undefined) metrics.gauge("fedge_model_version", latest.version, { model });
  }
  if (broker !== null) metrics.gauge("fedge_broker_connections", broker.numConnected());
  const { bytesUp, bytesDown } = transport.traffic();
  metrics.total("fedge_bytes_up_total", bytesUp);
  metrics.total("fedge_bytes_down_total", bytesDown);
  return metrics.render();
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
