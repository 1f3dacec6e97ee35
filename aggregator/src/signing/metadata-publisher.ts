import { metaTopic, type BlobRef, type RootChain, type TenantId } from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { ServerTransport } from "../broker/port.js";
import type { BlobPublisher } from "../tasks/ports.js";
import type { SigningDirectory } from "./signing-directory.js";
import type { SigningRepository } from "./signing-repository.js";

export interface MetadataPublisherOptions {
  readonly tenantId: TenantId;
  readonly transport: ServerTransport;
  readonly blobs: BlobStore;
  readonly publisher: BlobPublisher;
  readonly directory: SigningDirectory;
  readonly repository: SigningRepository;
}

/**
 * Puts what is published where devices find it: roots, snapshot and targets as blobs, then the list of roots and the
 * timestamp as retained messages, so that nobody hears of a file before it is there.
 */
export class MetadataPublisher {
  constructor(private readonly options: MetadataPublisherOptions) {}

  /** Says everything, also again: a broker that restarted has lost what it retained. */
  async publish(): Promise<void> {
    const { repository, publisher, blobs } = this.options;
    const { timestamp, snapshot, targets } = repository.published;
    const roots = await this.#roots();
    const files = [await blobs.put(snapshot.bytes), await blobs.put(targets.bytes)];
    await publisher.hold("signed-metadata", [...roots.roots.map(refOf), ...files]);
    await this.#retain("root", new TextEncoder().encode(JSON.stringify(roots)));
    await this.#retain("timestamp", timestamp.bytes);
  }

  async #roots(): Promise<RootChain> {
    const { directory, blobs } = this.options;
    const roots: RootChain["roots"] = [];
    for (const version of await directory.rootVersions()) {
      const bytes = await directory.readMetadata(`${version}.root`);
      if (bytes !== undefined) roots.push({ version, ...(await blobs.put(bytes)) });
    }
    return { roots };
  }

  #retain(role: "root" | "timestamp", payload: Uint8Array): Promise<void> {
    const { tenantId, transport } = this.options;
    return transport.publish(metaTopic(tenantId, role), payload, { retain: true, qos: 1 });
  }
}

function refOf({ sha256, sizeBytes }: BlobRef): BlobRef {
  return { sha256, sizeBytes };
}
