import type { Birth, ModelName, UntrustingCode } from "@fedge/protocol";
import type { DeviceOptions } from "./device-interface.js";
import { RUNTIME_VERSION } from "./installs/installer.js";
import type { ServingEngine } from "./ports/engine.js";
import type { ModelHost } from "./serving/model-host.js";

/** The first message of a session. It says what serves, with or without consent to reporting. */
export function birthOf(
  session: number,
  { name: engine }: ServingEngine,
  { platform, attributes }: DeviceOptions,
  {
    hosts,
    problems: { untrusting },
  }: {
    readonly hosts: ReadonlyMap<ModelName, ModelHost>;
    readonly problems: { readonly untrusting: UntrustingCode | null };
  },
): Birth {
  const models = [...hosts.values()].flatMap(({ model, active }) => {
    if (active === null) return [];
    const { manifest, manifestRef, releaseCounter = 0 } = active;
    return [{ model, version: manifest.version, manifestSha256: manifestRef.sha256, releaseCounter }];
  });
  return {
    type: "birth",
    session,
    runtimeVersion: RUNTIME_VERSION,
    ...{ engine, platform, models },
    ...(attributes === undefined ? {} : { attributes }),
    ...(untrusting === null ? {} : { untrusting }),
  };
}
