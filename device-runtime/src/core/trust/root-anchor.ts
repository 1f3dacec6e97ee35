import {
  FedgeError,
  MAX_METADATA_BYTES,
  TrustedMetadata,
  decodeMetadata,
  hasErrorCode,
  requireSignatures,
  type Root,
  type SignatureVerifier,
} from "@fedge/protocol";
import type { DevicePorts } from "../ports/ports.js";
import type { Credentials } from "../ports/transport.js";
import type { MetadataDesk } from "./metadata-desk.js";
import type { MetadataFetch } from "./metadata-fetch.js";
import { TrustRecord } from "./metadata-records.js";

export interface RootAnchorOptions {
  readonly ports: Pick<DevicePorts, "clock" | "store" | "digest">;
  readonly verifier: SignatureVerifier;
  readonly desk: MetadataDesk;
  readonly source: MetadataFetch;
  readonly credentials: () => Pick<Credentials, "root"> | null;
  /** The root that came with the app. */
  readonly trustedRoot: Uint8Array | null;
  /** The app trusts somebody else from now on: release counters of before say nothing any more. Idempotent. */
  readonly onOtherAuthority: () => Promise<void>;
}

/**
 * The root that trust begins with: the app's, or else the one that the server named when the device enrolled, or else the
 * first that the broker names. What is kept counts from then on, and no server can change it but by the chain of roots.
 * Only an app can: one that comes with a root which neither leads to the kept one nor is led to by it begins anew.
 */
export class RootAnchor {
  readonly #record: TrustRecord;
  #settling: Promise<void> | null = null;

  constructor(private readonly options: RootAnchorOptions) {
    this.#record = new TrustRecord(options.ports.store);
  }

  /**
   * There is a trusted root afterwards. Throws METADATA_UNAVAILABLE, METADATA_MISMATCH, METADATA_MALFORMED or
   * METADATA_UNSIGNED for one that cannot be had or is not signed by its own keys.
   */
  require(): Promise<void> {
    this.#settling ??= this.#settle().catch((error: unknown) => {
      this.#settling = null;
      throw error;
    });
    return this.#settling;
  }

  /** The trusted root. Throws METADATA_UNAVAILABLE. */
  async kept(): Promise<Root> {
    await this.require();
    const bytes = await this.#record.root();
    if (bytes !== undefined) return this.#begin(bytes);
    throw new FedgeError("METADATA_UNAVAILABLE", "there is no trusted root");
  }

  /**
   * What to throw for metadata that the kept root's keys did not sign: ROOT_UNKNOWN when the server does not even name
   * the kept root. Its list has no authority: it only explains a refusal.
   */
  async explained(error: unknown): Promise<unknown> {
    const roots = this.options.desk.namedRoots;
    const bytes = await this.#record.root();
    const isUnsigned =
      hasErrorCode(error) && (error.code === "METADATA_UNSIGNED" || error.code === "RELEASE_UNSIGNED");
    if (!isUnsigned || roots === null || bytes === undefined) return error;
    const sha256 = await this.options.ports.digest.sha256(bytes);
    if (roots.some((root) => root.sha256 === sha256)) return error;
    const { version } = decodeMetadata("root", bytes).signed;
    return new FedgeError(
      "ROOT_UNKNOWN",
      `the server does not know root ${version} (${sha256.slice(0, 8)}) that this device trusts: its keys were made anew, or it is another server; ship its \`fedge keys export-root\` as trustedRoot, or let the device forget`,
      { cause: error },
    );
  }

  async #settle(): Promise<void> {
    const { trustedRoot, ports } = this.options;
    const kept = await this.#record.root();
    if (trustedRoot === null) return kept === undefined ? this.#keepFirst() : undefined;
    const sha256 = await ports.digest.sha256(trustedRoot);
    // The chain has led on from it, perhaps: it does not count a second time.
    if (kept !== undefined && (await this.#record.appRoot()) === sha256) return undefined;
    await this.#begin(trustedRoot);
    const relation = kept === undefined ? "newer" : await this.#relation(kept, trustedRoot);
    if (relation === "other") await this.options.onOtherAuthority();
    return this.#record.takeAppRoot({ root: relation === "older" ? null : trustedRoot, sha256, relation });
  }

  /** How the app's root stands to the kept one. One that is signed by the other's root keys is of the same authority. */
  async #relation(kept: Uint8Array, given: Uint8Array): Promise<"older" | "newer" | "other"> {
    const [keptRoot, givenRoot] = [kept, given].map((bytes) => decodeMetadata("root", bytes).signed);
    if (keptRoot === undefined || givenRoot === undefined) return "other";
    if (givenRoot.version <= keptRoot.version) {
      return (await this.#isSignedBy(kept, givenRoot)) ? "older" : "other";
    }
    return (await this.#isSignedBy(given, keptRoot)) ? "newer" : "other";
  }

  async #isSignedBy(bytes: Uint8Array, { roles, keys }: Root): Promise<boolean> {
    try {
      const delegator = { role: roles.root, keys };
      await requireSignatures("root", decodeMetadata("root", bytes), delegator, this.options.verifier);
      return true;
    } catch (error) {
      if (hasErrorCode(error) && error.code === "METADATA_UNSIGNED") return false;
      throw error;
    }
  }

  async #keepFirst(): Promise<void> {
    const bytes = (await this.#enrolledRoot()) ?? (await this.#rootOnFirstUse());
    await this.#begin(bytes);
    await this.#record.keepRoot(bytes);
  }

  /** What the server named where the device showed its key, over the same connection as its token. */
  async #enrolledRoot(): Promise<Uint8Array | undefined> {
    const { credentials, source, ports } = this.options;
    const named = credentials()?.root;
    if (named === undefined) return undefined;
    if (named.sizeBytes > MAX_METADATA_BYTES.root) {
      throw new FedgeError("METADATA_MALFORMED", `a root of ${named.sizeBytes} bytes`);
    }
    const bytes = await source.blob(named);
    if ((await ports.digest.sha256(bytes)) === named.sha256) return bytes;
    throw new FedgeError("METADATA_MISMATCH", "the root is not the one that the server named at enrolment");
  }

  /** Only for an identity that names none. */
  async #rootOnFirstUse(): Promise<Uint8Array> {
    const { desk, source } = this.options;
    const { roots } = await desk.roots();
    const newest = Math.max(...roots.map(({ version }) => version));
    const bytes = await source.root(newest);
    if (bytes !== undefined) return bytes;
    throw new FedgeError("METADATA_UNAVAILABLE", "the server names no root");
  }

  async #begin(bytes: Uint8Array): Promise<Root> {
    const { verifier, ports } = this.options;
    const { digest, clock } = ports;
    return (await TrustedMetadata.begin(bytes, clock.nowMs(), { verifier, digest })).root;
  }
}
