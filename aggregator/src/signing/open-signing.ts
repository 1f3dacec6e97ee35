import type { TenantId } from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { ServerTransport } from "../broker/port.js";
import type { Clock } from "../clock/clock.js";
import type { Logger } from "../rounds/ports.js";
import type { BlobPublisher } from "../tasks/ports.js";
import { initKeys } from "./key-ceremony.js";
import { DEFAULT_LIFETIMES, type Lifetimes } from "./lifetimes.js";
import { MetadataPublisher } from "./metadata-publisher.js";
import { createReleaseSigner, type ReleaseSigner } from "./release-signer.js";
import { ExpiryWarnings } from "./expiry-warnings.js";
import { expiriesOf, type MetadataExpiry } from "./metadata-expiry.js";
import { SigningDirectory } from "./signing-directory.js";
import { SigningRepository } from "./signing-repository.js";

/** How often the server looks whether something is to be renewed, or a next root was signed. */
const RENEWAL_CHECK_MS = 60_000;

export interface SigningOptions {
  /** `signing` in the state directory. */
  readonly directory: string;
  readonly tenantId: TenantId;
  /** For whose devices releases are signed; null for all of the tenant's. */
  readonly population: string | null;
  readonly clock: Clock;
  readonly blobs: BlobStore;
  readonly transport: ServerTransport;
  readonly publisher: BlobPublisher;
  readonly logger: Logger;
  /** Of the key files; null when they are not encrypted. */
  readonly passphrase: string | null;
  readonly lifetimes?: Lifetimes;
  /** After a change of keys: what was signed with the old ones has to be said again. */
  readonly onRotated: () => Promise<void>;
}

export interface Signing {
  readonly signer: ReleaseSigner;
  readonly repository: SigningRepository;
  readonly directory: SigningDirectory;
  /** When what is published ends, and whether that is near. */
  expiries(): readonly MetadataExpiry[];
  /** Says again what the broker should retain. */
  publishAgain(): Promise<void>;
  /** Ends the renewals; resolves when no file is being written any more. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens keys and signed metadata, publishes them, and keeps them fresh. Makes keys the first time.
 *
 * Throws KEYS_MISSING when a key or its passphrase is not there, STORAGE_FAILED, DATA_CORRUPT.
 */
export async function openSigning(options: SigningOptions): Promise<Signing> {
  const { clock, passphrase, lifetimes = DEFAULT_LIFETIMES } = options;
  const nowMs = (): number => clock.nowMs();
  const directory = new SigningDirectory(options.directory, passphrase);
  await makeFirstKeys(options, directory);
  const repository = await SigningRepository.open({ directory, lifetimes, nowMs });
  const publisher = new MetadataPublisher({ ...options, directory, repository });
  repository.onPublished(() => publisher.publish());
  await publisher.publish();
  const endRenewals = keepFresh(options, repository, lifetimes);
  return {
    signer: createReleaseSigner(repository, options),
    repository,
    directory,
    expiries: () => expiriesOf(repository, lifetimes, nowMs()),
    publishAgain: () => publisher.publish(),
    close: () => {
      endRenewals();
      return repository.settled();
    },
  };
}

async function makeFirstKeys(
  { clock, passphrase, logger }: SigningOptions,
  directory: SigningDirectory,
): Promise<void> {
  await directory.prepare();
  if ((await directory.rootVersions()).length > 0) return;
  const keys = { offlineRootDirectory: null, numRootKeys: 1, rootThreshold: 1 };
  await initKeys(directory, { nowMs: clock.nowMs(), passphrase, ...keys });
  logger.warn(
    { directory: directory.keysDirectory },
    "signing keys were made, the root's among them: move root-1.pem to a safe place, or begin with `fedge keys init --offline-root`",
  );
}

/** A renewal that fails is tried again at the next check; half of a lifetime is left for that. */
function keepFresh(options: SigningOptions, repository: SigningRepository, lifetimes: Lifetimes): () => void {
  const { clock, logger, onRotated } = options;
  const warnings = new ExpiryWarnings(logger);
  const look = (): void => warnings.look(expiriesOf(repository, lifetimes, clock.nowMs()), clock.nowMs());
  let cancel = (): void => undefined;
  let isClosed = false;
  const check = async (): Promise<void> => {
    const { version } = repository.root;
    try {
      await repository.renew();
      if (repository.root.version !== version) await onRotated();
    } catch (error) {
      logger.warn({ err: error }, "signed metadata could not be renewed");
    }
    look();
    schedule();
  };
  const schedule = (): void => {
    if (!isClosed) cancel = clock.after(RENEWAL_CHECK_MS, () => void check());
  };
  look();
  schedule();
  return () => {
    isClosed = true;
    cancel();
  };
}
