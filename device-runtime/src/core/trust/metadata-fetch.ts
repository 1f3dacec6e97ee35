import {
  FedgeError,
  MAX_METADATA_BYTES,
  hasErrorCode,
  metadataBlob,
  type BlobRef,
  type MetadataSource,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { DevicePorts } from "../ports/ports.js";
import type { MetadataDesk } from "./metadata-desk.js";

/** Of one file, however slowly its blocks come. */
const FILE_MS = 120_000;

export interface MetadataFetchOptions {
  readonly desk: MetadataDesk;
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  readonly ports: Pick<DevicePorts, "clock" | "newStop">;
}

/** Metadata without HTTP: the timestamp from its topic, everything else as blobs, by hash and length. */
export class MetadataFetch implements MetadataSource {
  constructor(private readonly options: MetadataFetchOptions) {}

  readonly fetch: MetadataSource["fetch"] = async ({ role, version, expected }) => {
    if (role === "timestamp") return this.options.desk.timestamp();
    if (role === "root") return version === null ? undefined : this.root(version);
    if (expected === null) return undefined;
    return this.blob(metadataBlob(role, expected));
  };

  /** A root of the list; undefined when it has none of this version. */
  async root(version: number): Promise<Uint8Array | undefined> {
    const { roots } = await this.options.desk.roots();
    const found = roots.find((root) => root.version === version);
    if (found === undefined) return undefined;
    if (found.sizeBytes > MAX_METADATA_BYTES.root) {
      throw new FedgeError("METADATA_MALFORMED", `a root of ${found.sizeBytes} bytes`);
    }
    return this.blob(found);
  }

  /** A file by its hash. Throws METADATA_UNAVAILABLE for one that does not come in time. */
  async blob(ref: BlobRef): Promise<Uint8Array> {
    const { fetcher, ports } = this.options;
    const stop = ports.newStop();
    const late = { is: false };
    const cancel = ports.clock.after(FILE_MS, () => {
      late.is = true;
      stop.abort();
    });
    try {
      return await fetcher.fetch({ sha256: ref.sha256, sizeBytes: ref.sizeBytes }, stop.signal);
    } catch (cause) {
      if (!late.is && !(hasErrorCode(cause) && cause.code === "DEADLINE_EXCEEDED")) throw cause;
      throw new FedgeError("METADATA_UNAVAILABLE", `signed metadata did not come within ${FILE_MS} ms`, {
        cause,
      });
    } finally {
      cancel();
    }
  }
}
