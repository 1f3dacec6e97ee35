import {
  FedgeError,
  TufClient,
  decodeTargetCustom,
  desiredBytes,
  hasErrorCode,
  requireSignatures,
  targetPath,
  type Desired,
  type FoundTarget,
  type MetadataStore,
  type ModelName,
  type Root,
  type SignatureVerifier,
  type TargetCustom,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { TopicHandler } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";
import type { Credentials } from "../ports/transport.js";
import { requireCompatible } from "./compatibility.js";
import { MetadataDesk } from "./metadata-desk.js";
import { MetadataFetch } from "./metadata-fetch.js";
import { ReleaseCounters, metadataStoreIn } from "./metadata-records.js";
import type { ReleaseTrust, TrustedRelease, WantedRelease } from "./release-trust.js";
import { RootAnchor } from "./root-anchor.js";
import { TrustedTime } from "./trusted-time.js";

export interface TufTrustOptions {
  readonly ports: Pick<DevicePorts, "clock" | "store" | "digest" | "newStop"> & {
    readonly serving: Pick<DevicePorts["serving"], "form">;
  };
  readonly verifier: SignatureVerifier;
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  /** Who the device is; null before its first connection. */
  readonly credentials: () => Pick<Credentials, "deviceId" | "tenantId" | "root"> | null;
  /** The root that came with the app; without one, that of the enrolment, and from then on its chain. */
  readonly trustedRoot: Uint8Array | null;
  /** Which part of the tenant's devices it belongs to; null for none. */
  readonly population: string | null;
  /** See `RootAnchorOptions`. */
  readonly onOtherAuthority: () => Promise<void>;
  readonly runtimeVersion: string;
  /** The metadata are fresh: whatever was said of their expiry is over. */
  readonly onFresh: () => void;
  readonly onError: (error: unknown) => void;
}

/** Trust by signed metadata (TUF): a release is what the role `targets` says, and is known by a fresh timestamp. */
export class TufTrust implements ReleaseTrust {
  readonly #desk: MetadataDesk;
  readonly #source: MetadataFetch;
  readonly #store: MetadataStore;
  readonly #time: TrustedTime;
  readonly #counters: ReleaseCounters;
  readonly #anchor: RootAnchor;
  #refreshing: Promise<TufClient> | null = null;

  constructor(private readonly options: TufTrustOptions) {
    const { ports, fetcher, onError } = options;
    this.#desk = new MetadataDesk(ports.clock, onError);
    this.#source = new MetadataFetch({ desk: this.#desk, fetcher, ports });
    this.#store = metadataStoreIn(ports.store);
    this.#time = new TrustedTime(ports.store);
    this.#counters = new ReleaseCounters(ports.store);
    this.#anchor = new RootAnchor({ ...options, desk: this.#desk, source: this.#source });
  }

  /** Where signed metadata are retained. */
  topics(credentials: Credentials): TopicHandler[] {
    return this.#desk.topics(credentials);
  }

  async refresh(): Promise<void> {
    await this.#refreshed(this.options.ports.clock.nowMs());
  }

  async verifyDesired(desired: Desired): Promise<void> {
    await this.#requireDesiredSignature(desired);
    const { deviceId } = this.#self();
    if (desired.deviceId !== deviceId) {
      throw new FedgeError("RELEASE_OUT_OF_SCOPE", "the desired state is signed for another device");
    }
    const before = await this.#counters.desired();
    if (desired.releaseCounter < before) {
      throw new FedgeError(
        "RELEASE_ROLLBACK",
        `the desired state has the counter ${desired.releaseCounter}; ${before} was seen before`,
      );
    }
    await this.#counters.raiseDesired(desired.releaseCounter);
  }

  async accept(entry: WantedRelease, nowMs: number): Promise<TrustedRelease> {
    const { releaseCounter, minRuntimeVersion } = await this.#release(entry, nowMs);
    const before = await this.#counters.committed(entry.model);
    if (releaseCounter >= before) return { releaseCounter, minRuntimeVersion };
    throw new FedgeError(
      "RELEASE_ROLLBACK",
      `${entry.model} ${entry.version} is release ${releaseCounter}; release ${before} was installed before`,
    );
  }

  committed(model: ModelName, { releaseCounter }: TrustedRelease): Promise<void> {
    return this.#counters.raiseCommitted(model, releaseCounter);
  }

  close(): void {
    this.#desk.close();
  }

  async #release(entry: WantedRelease, nowMs: number): Promise<TargetCustom> {
    const found = await this.#withNews(() => this.#find(entry, nowMs));
    const custom = decodeTargetCustom(found.file);
    if (custom.tenantId !== this.#self().tenantId) {
      throw new FedgeError(
        "RELEASE_OUT_OF_SCOPE",
        `${entry.model} ${entry.version} is for the tenant ${custom.tenantId}`,
      );
    }
    const { runtimeVersion, ports, population } = this.options;
    if (custom.population !== undefined && custom.population !== population) {
      throw new FedgeError(
        "RELEASE_OUT_OF_POPULATION",
        `${entry.model} ${entry.version} is for the population ${custom.population}; this device is of ${population ?? "none"}`,
      );
    }
    requireCompatible(custom, { runtimeVersion, form: ports.serving.form });
    return custom;
  }

  async #find(
    { model, version, manifest, releaseCounter = 0 }: WantedRelease,
    nowMs: number,
  ): Promise<FoundTarget> {
    const path = targetPath(model, version);
    const found = await (await this.#refreshed(nowMs)).find(path);
    if (found === undefined) {
      throw new FedgeError("TARGET_UNKNOWN", `no signed target is named ${path}; it may have been withdrawn`);
    }
    // A version that comes back is signed once more, under a larger counter.
    const signed = counterOf(found.file);
    if (signed < releaseCounter) {
      throw new FedgeError(
        "METADATA_MISMATCH",
        `release ${releaseCounter} of ${path} is wanted; the signed metadata know ${signed}`,
      );
    }
    const { length, hashes } = found.file;
    if (length === manifest.sizeBytes && hashes["sha256"] === manifest.sha256) return found;
    throw new FedgeError("METADATA_MISMATCH", `the manifest of ${path} is not the one that is signed`);
  }

  /** A release may be heard of before the metadata that make it one: topics have no order among them. */
  async #withNews<T>(look: () => Promise<T>): Promise<T> {
    const { numHeard } = this.#desk;
    try {
      return await look();
    } catch (error) {
      const isOlder =
        hasErrorCode(error) && (error.code.startsWith("METADATA_") || error.code === "TARGET_UNKNOWN");
      if (!isOlder) throw error;
      await this.#desk.newsSince(numHeard);
      return look();
    }
  }

  async #refreshed(nowMs: number): Promise<TufClient> {
    this.#refreshing ??= this.#refresh(nowMs).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refresh(nowMs: number): Promise<TufClient> {
    const atMs = await this.#time.at(nowMs);
    await this.#anchor.require();
    const client = await this.#follow(atMs).catch(async (error: unknown) => {
      throw await this.#anchor.explained(error);
    });
    await this.#time.confirm(atMs);
    this.options.onFresh();
    return client;
  }

  #follow(atMs: number): Promise<TufClient> {
    const { verifier, ports } = this.options;
    const places = { source: this.#source, store: this.#store };
    return TufClient.refresh({ ...places, digest: ports.digest, verifier }, atMs);
  }

  /** Once more with newer roots: the key may have been changed since. */
  async #requireDesiredSignature(desired: Desired): Promise<void> {
    if (await this.#isSigned(desired, await this.#anchor.kept())) return;
    await this.#desk.roots();
    await this.#refreshed(this.options.ports.clock.nowMs()).catch(this.options.onError);
    if (await this.#isSigned(desired, await this.#anchor.kept())) return;
    throw await this.#anchor.explained(
      new FedgeError(
        "RELEASE_UNSIGNED",
        "the desired state is not signed by the key that the root trusts for it",
      ),
    );
  }

  async #isSigned(desired: Desired, { roles, keys }: Root): Promise<boolean> {
    if (desired.signature === undefined) return false;
    const { keyId, value } = desired.signature;
    const signed = { signatures: [{ keyid: keyId, sig: value }], signedBytes: desiredBytes(desired) };
    // One signature is all that a document has, whatever threshold the timestamp has.
    const delegator = { role: { ...roles.timestamp, threshold: 1 }, keys };
    try {
      await requireSignatures("desired", signed, delegator, this.options.verifier);
      return true;
    } catch (error) {
      if (hasErrorCode(error) && error.code === "METADATA_UNSIGNED") return false;
      throw error;
    }
  }

  #self(): Pick<Credentials, "deviceId" | "tenantId"> {
    const credentials = this.options.credentials();
    if (credentials !== null) return credentials;
    throw new FedgeError("METADATA_UNAVAILABLE", "the device does not know its name yet");
  }
}

/** The signed counter; what has none is refused for that, and not for being older. */
function counterOf({ custom }: FoundTarget["file"]): number {
  const counter =
    typeof custom === "object" && custom !== null && "releaseCounter" in custom
      ? custom.releaseCounter
      : undefined;
  return typeof counter === "number" ? counter : Infinity;
}
