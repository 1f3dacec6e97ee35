import type { BlobFetcher } from "../blobs/fetcher.js";
import type { Connection, TopicHandler } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";
import type { Credentials } from "../ports/transport.js";
import type { Problems } from "../problems.js";
import { RUNTIME_VERSION } from "../updates/installer.js";
import type { ReleaseTrust } from "./release-trust.js";
import { createTrustingTrust } from "./trusting-trust.js";
import { TufTrust } from "./tuf-trust.js";

export interface TrustParts {
  readonly ports: DevicePorts;
  readonly connection: Pick<Connection, "credentials">;
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  readonly trustedRoot: Uint8Array | undefined;
  readonly problems: Problems;
  readonly onError: (error: unknown) => void;
}

/** A device's trust, and the topics that it listens to. */
export interface DeviceTrust extends ReleaseTrust {
  topics(credentials: Credentials): TopicHandler[];
}

/** Trust by signed metadata where the platform can check signatures. */
export function createTrust({ ports, connection, trustedRoot, problems, ...parts }: TrustParts): DeviceTrust {
  const { verifier } = ports;
  if (verifier === null) return { ...createTrustingTrust(), topics: () => [] };
  return new TufTrust({
    ...{ ...parts, ports, verifier, runtimeVersion: RUNTIME_VERSION },
    credentials: () => connection.credentials,
    trustedRoot: trustedRoot ?? null,
    onFresh: () => problems.trusted(),
  });
}
