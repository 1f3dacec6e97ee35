import type { BlobFetcher } from "../blobs/fetcher.js";
import type { Connection, TopicHandler } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";
import type { Credentials } from "../ports/transport.js";
import type { Problems } from "../problems.js";
import { RUNTIME_VERSION } from "../installs/installer.js";
import type { ReleaseTrust } from "./release-trust.js";
import { createTrustingTrust } from "./trusting-trust.js";
import { LazyTrust } from "./lazy-trust.js";

export interface TrustParts {
  readonly ports: DevicePorts;
  readonly connection: Pick<Connection, "credentials">;
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  readonly trustedRoot: Uint8Array | undefined;
  readonly population: string | undefined;
  readonly onOtherAuthority: () => Promise<void>;
  readonly problems: Problems;
  readonly onError: (error: unknown) => void;
}

/** A device's trust, and the topics that it listens to. */
export interface DeviceTrust extends ReleaseTrust {
  topics(credentials: Credentials): TopicHandler[];
}

/** Trust by signed metadata where the platform can check signatures. */
export function createTrust({
  ports,
  connection,
  trustedRoot,
  population,
  problems,
  ...parts
}: TrustParts): DeviceTrust {
  const { verifier, trust: given } = ports;
  if (given !== undefined) return withoutTopics(given);
  if (verifier === null) return withoutTopics(createTrustingTrust());
  return new LazyTrust({
    ...{ ...parts, ports, verifier, runtimeVersion: RUNTIME_VERSION },
    credentials: () => connection.credentials,
    ...{ trustedRoot: trustedRoot ?? null, population: population ?? null },
    onFresh: () => problems.trusted(),
  });
}

function withoutTopics(trust: ReleaseTrust): DeviceTrust {
  return {
    refresh: () => trust.refresh(),
    verifyDesired: (desired) => trust.verifyDesired(desired),
    accept: (entry, nowMs) => trust.accept(entry, nowMs),
    committed: (model, release) => trust.committed(model, release),
    close: () => trust.close(),
    topics: () => [],
  };
}
