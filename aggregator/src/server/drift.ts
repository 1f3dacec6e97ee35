import { checkDriftPolicy } from "../drift/drift-policy.js";
import type { WholeRelease } from "../drift/drift-store.js";
import { ProfileIntake } from "../drift/intake/profile-intake.js";
import { WindowBatch } from "../drift/intake/window-batch.js";
import { MonitoredVersions } from "../drift/references/monitored-version.js";
import { WindowCloser } from "../drift/releases/window-closer.js";
import { ClearSums } from "../drift/sums/clear-sums.js";
import type { Outbox } from "../fleet/outbox.js";
import type { Closing } from "./closing.js";
import type { Foundations } from "./foundations.js";
import type { ServerOptions } from "./options.js";

export interface DriftParts {
  readonly intake: ProfileIntake;
  readonly closer: WindowCloser;
}

/** Sums and releases of what devices count. Throws OPTION_INVALID for a policy that is none. */
export async function openDrift(
  options: ServerOptions,
  { store, blobs, clock, logger, metrics: counters }: Foundations,
  { outbox, closing }: { readonly outbox: Outbox; readonly closing: Closing },
): Promise<DriftParts> {
  const policy = checkDriftPolicy(options.drift ?? {});
  const versions = new MonitoredVersions({ store, blobs });
  const batch = new WindowBatch({ store: store.drift, sums: new ClearSums() });
  const shared = { versions, batch, policy, clock, counters };
  const closer = new WindowCloser({
    ...{ ...shared, store: store.drift, logger },
    alertsOf: async () => ({ alerts: [], deliveries: [] }),
    onReleased: (_whole: WholeRelease) => undefined,
  });
  closing.add(closer, (opened) => opened.close());
  const intake = new ProfileIntake({
    ...{ ...shared, devices: store },
    answer: (deviceId, receipt) => outbox.sendTo(deviceId, "rpc/res", receipt, { retain: false }),
    onCounted: (key, closesAtMs) => closer.expect(key, closesAtMs),
  });
  await closer.start();
  return { intake, closer };
}
