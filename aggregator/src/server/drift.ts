import { Alerts } from "../drift/alerts/alerts.js";
import { ProposedTraining } from "../drift/alerts/proposed-training.js";
import { checkDriftPolicy } from "../drift/drift-policy.js";
import { DriftMonitoring } from "../drift/drift-monitoring.js";
import { ProfileIntake } from "../drift/intake/profile-intake.js";
import { RefusedWindows } from "../drift/intake/refused-windows.js";
import { WindowBatch } from "../drift/intake/window-batch.js";
import { WindowCloser } from "../drift/releases/window-closer.js";
import { ClearSums } from "../drift/sums/clear-sums.js";
import { Deliveries } from "../drift/webhook/deliveries.js";
import { httpWebhook } from "../drift/webhook/webhook-target.js";
import type { Outbox } from "../fleet/outbox.js";
import type { TaskManager } from "../tasks/task-manager.js";
import type { Closing } from "./closing.js";
import type { Foundations } from "./foundations.js";
import type { ServerOptions } from "./options.js";

export interface DriftParts {
  readonly intake: ProfileIntake;
  readonly closer: WindowCloser;
  readonly monitoring: DriftMonitoring;
}

export interface DriftSurroundings {
  readonly outbox: Outbox;
  /** Begins what a person confirms. */
  readonly tasks: Pick<TaskManager, "create">;
  readonly closing: Closing;
}

/** Sums, releases and alerts of what devices count. Throws OPTION_INVALID for a policy or a webhook that is none. */
export async function openDrift(
  options: ServerOptions,
  base: Foundations,
  { outbox, tasks, closing }: DriftSurroundings,
): Promise<DriftParts> {
  const { store: control, monitoredVersions: versions, clock, logger, metrics: counters } = base;
  const policy = checkDriftPolicy(options.drift ?? {});
  const store = control.drift;
  const nowMs = (): number => clock.nowMs();
  const batch = new WindowBatch({ store, sums: new ClearSums() });
  const deliveries = openDeliveries(options, base);
  const tell = (): void => void deliveries?.wake();
  const hasWebhook = deliveries !== null;
  const training = new ProposedTraining({
    listTasks: () => control.listTasks(),
    create: (config) => tasks.create(config),
  });
  const alerts = new Alerts({ store, policy, nowMs, counters, training, hasWebhook, onDeliveries: tell });
  const refused = await openRefused(base, closing);
  const monitoring = new DriftMonitoring({ store, control, versions, alerts, policy, refused, nowMs });
  const closer = new WindowCloser({
    ...{ store, versions, batch, policy, clock, counters, logger, alerts },
    onReleased: ({ release }) => {
      monitoring.changed(release.model);
      tell();
    },
  });
  if (deliveries !== null) closing.add(deliveries, (opened) => opened.close());
  closing.add(closer, (opened) => opened.close());
  const intake = new ProfileIntake({
    ...{ versions, batch, policy, clock, counters, refused, devices: control },
    answer: (deviceId, receipt) => outbox.sendTo(deviceId, "rpc/res", receipt, { retain: false }),
    onCounted: (key, closesAtMs) => closer.expect(key, closesAtMs),
  });
  await closer.start();
  tell();
  return { intake, closer, monitoring };
}

/** Counters begin where they were, for what is kept of them. */
async function openRefused(
  { store, clock, logger, metrics }: Foundations,
  closing: Closing,
): Promise<RefusedWindows> {
  const onError = (err: unknown): void => logger.warn({ err }, "why windows were refused is not kept");
  const refused = new RefusedWindows({ store: store.drift, clock, onError });
  for (const { reason, numWindows } of await refused.restore())
    metrics.count("fedge_profile_windows_refused_total", { reason }, numWindows);
  closing.add(refused, (opened) => opened.close());
  return refused;
}

function openDeliveries(
  { driftWebhook }: ServerOptions,
  { store, clock, logger, metrics: counters }: Foundations,
): Deliveries | null {
  if (driftWebhook === undefined) return null;
  const target = httpWebhook(driftWebhook, () => clock.nowMs());
  return new Deliveries({ store: store.drift, target, clock, counters, logger });
}
