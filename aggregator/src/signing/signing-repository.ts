import {
  FedgeError,
  TrustedMetadata,
  desiredBytes,
  toHex,
  type Desired,
  type MetadataSigner,
  type Root,
  type TargetFile,
} from "@fedge/protocol";
import { newestRoot } from "./key-ceremony.js";
import { nodeSha256 } from "./key-files.js";
import { readChain, type PublishedChain } from "./metadata-chain.js";
import { nodeVerifier } from "./node-verifier.js";
import { openRoot } from "./root-document.js";
import { ONLINE_ROLES } from "./signing-directory.js";
import { isDue, writeChain, type ChainOptions, type TargetChanges } from "./write-chain.js";

const NOTHING: TargetChanges = new Map();

/**
 * Signs what devices may believe. One change at a time; each publishes targets and snapshot first and the timestamp, which
 * makes them valid, last: a process that ends between leaves what was published before.
 *
 * P1  No version falls or is used for two contents that were published.
 * P2  What is published is signed by keys that the newest root trusts.
 * P3  Nothing that is published expires while the server runs: it is renewed after half of its lifetime.
 */
export class SigningRepository {
  #queue: Promise<unknown> = Promise.resolve();
  #listener: () => Promise<void> = async () => undefined;
  #desiredSigner: Promise<MetadataSigner> | null = null;

  private constructor(
    private readonly options: ChainOptions,
    private trustedRoot: Root,
    private chain: PublishedChain,
  ) {}

  /** Publishes the first metadata when there are none, and adopts a next root that waits. Throws KEYS_MISSING. */
  static async open(options: ChainOptions): Promise<SigningRepository> {
    const { root } = openRoot(await newestRoot(options.directory));
    const published = await readChain(options.directory, root);
    const chain = published ?? (await writeChain(options, root, { published: undefined, changes: NOTHING }));
    const repository = new SigningRepository(options, root, chain);
    // A next root that is damaged keeps nobody from starting; the log says so at the next check.
    await repository.renew().catch((error: unknown) => {
      if (!isOfMetadata(error)) throw error;
    });
    // Now, and not at the first release: whoever starts the server has the passphrase at hand.
    for (const role of ONLINE_ROLES) await options.directory.signerOf(role, repository.root);
    return repository;
  }

  get root(): Root {
    return this.trustedRoot;
  }

  /** What is published now. */
  get published(): PublishedChain {
    return this.chain;
  }

  target(path: string): TargetFile | undefined {
    const { targets } = this.chain.targets.signed;
    return Object.hasOwn(targets, path) ? targets[path] : undefined;
  }

  /** Called after each publication, before the change that made it is done. */
  onPublished(listener: () => Promise<void>): void {
    this.#listener = listener;
  }

  /** Resolves when devices can see the change. */
  publish(changes: TargetChanges): Promise<void> {
    return this.#inTurn(() => this.#write(changes));
  }

  /**
   * Adopts a next root that is signed, and renews what is past half of its lifetime. True when anything changed. Throws
   * METADATA_MALFORMED and the like for a next root that never can be adopted, after it has renewed the rest.
   */
  renew(): Promise<boolean> {
    return this.#inTurn(async () => {
      const adoption = await this.#adoptNextRoot().catch((error: unknown) => ({ error }));
      const isChanged = adoption === true || this.#isRenewalDue();
      if (isChanged) await this.#write(NOTHING);
      if (typeof adoption === "object") throw adoption.error;
      return isChanged;
    });
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  /** The document with the signature that a device asks for. Throws KEYS_MISSING. */
  async signDesired(desired: Desired): Promise<Desired> {
    // Read once: a release signs a document for every device.
    this.#desiredSigner ??= this.options.directory.signerOf("timestamp", this.trustedRoot);
    const signer = await this.#desiredSigner;
    const value = toHex(await signer.sign(desiredBytes(desired)));
    return { ...desired, signature: { keyId: signer.keyId, value } };
  }

  async #write(changes: TargetChanges): Promise<void> {
    const { chain: published } = this;
    this.chain = await writeChain(this.options, this.trustedRoot, { published, changes });
    await this.#listener();
  }

  #isRenewalDue(): boolean {
    const { lifetimes, nowMs } = this.options;
    const { timestamp, snapshot, targets } = this.chain;
    return (
      isDue(timestamp, lifetimes.timestampMs, nowMs()) ||
      isDue(snapshot, lifetimes.snapshotMs, nowMs()) ||
      isDue(targets, lifetimes.targetsMs, nowMs())
    );
  }

  /** What a person has signed is adopted when a device would follow it. */
  async #adoptNextRoot(): Promise<boolean> {
    const { directory, nowMs } = this.options;
    const bytes = await directory.readNextRoot();
    if (bytes === undefined) return false;
    const trusted = await TrustedMetadata.begin(await newestRoot(directory), nowMs(), {
      verifier: nodeVerifier,
      digest: nodeSha256,
    });
    try {
      await trusted.updateRoot(bytes);
    } catch (error) {
      // It waits for more signatures; an adopted one whose file is still there is older than the newest.
      if (error instanceof FedgeError && error.code === "METADATA_UNSIGNED") return false;
      if (error instanceof FedgeError && error.code === "METADATA_ROLLBACK") {
        await directory.removeNextRoot();
        return false;
      }
      throw isOfMetadata(error) ? asNextRoot(error, directory.nextRootFile) : error;
    }
    await directory.writeMetadata(`${trusted.root.version}.root`, bytes);
    await directory.removeNextRoot();
    this.trustedRoot = trusted.root;
    this.#desiredSigner = null;
    this.chain = (await readChain(directory, trusted.root)) ?? this.chain;
    return true;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(change);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

function isOfMetadata(error: unknown): error is FedgeError {
  return error instanceof FedgeError && error.code.startsWith("METADATA_");
}

function asNextRoot({ code, message }: FedgeError, path: string): FedgeError {
  return new FedgeError(
    code,
    `${path} is no root that can follow: ${message}; copy it there again, or remove it`,
  );
}
