import {
  bundleFiles,
  decodeTargetCustom,
  targetPath,
  type BlobRef,
  type Desired,
  type ModelManifest,
  type TargetCustom,
  type TargetFile,
  type TenantId,
} from "@fedge/protocol";
import type { SigningRepository } from "./signing-repository.js";
import type { TargetChanges } from "./write-chain.js";

/** Releases of one model that stay among the targets; a device that was away longer waits for its next desired state. */
const MAX_RELEASES_PER_MODEL = 32;

export interface SignedRelease {
  readonly manifest: ModelManifest;
  readonly manifestRef: BlobRef;
  readonly releaseCounter: number;
}

/** For whose devices releases are. */
export interface ReleaseScope {
  readonly tenantId: TenantId;
  /** Null for all of the tenant's devices. */
  readonly population: string | null;
}

/** Makes devices believe what the server wants of them. */
export interface ReleaseSigner {
  /**
   * Makes the version a target, under a counter that is larger than those of all releases of the model before. Gives the id
   * of the key that signs it.
   */
  signRelease(release: SignedRelease): Promise<string>;
  /** The document with its signature. */
  signDesired(desired: Desired): Promise<Desired>;
}

/** Signs releases as targets of the repository. */
export function createReleaseSigner(repository: SigningRepository, scope: ReleaseScope): ReleaseSigner {
  return {
    signDesired: (desired) => repository.signDesired(desired),
    signRelease: async (release) => {
      const { model, version } = release.manifest;
      const path = targetPath(model, version);
      const file = targetFileOf(release, scope);
      if (!isKnown(repository.target(path), file))
        await repository.publish(new Map([[path, file], ...outdated(repository, `models/${model}/`, path)]));
      // A root may trust several keys for this: the one that signed is meant.
      return repository.published.targets.keyIds[0] ?? "";
    },
  };
}

function targetFileOf(
  { manifest, manifestRef, releaseCounter }: SignedRelease,
  { tenantId, population }: ReleaseScope,
): TargetFile {
  const custom: TargetCustom = {
    releaseCounter,
    minRuntimeVersion: manifest.minRuntimeVersion,
    engines: manifest.graphs.layers === undefined ? ["onnx"] : ["onnx", "layers"],
    tenantId,
    ...(population === null ? {} : { population }),
    files: bundleFiles(manifest).map(({ sha256, sizeBytes }) => ({ sha256, sizeBytes })),
  };
  return { length: manifestRef.sizeBytes, hashes: { sha256: manifestRef.sha256 }, custom };
}

/** The same version was released before under this counter, or came back later under a larger one, which stays. */
function isKnown(before: TargetFile | undefined, file: TargetFile): boolean {
  if (before === undefined) return false;
  const [old, now] = [decodeTargetCustom(before), decodeTargetCustom(file)];
  const isSame = JSON.stringify(contentOf(before, old)) === JSON.stringify(contentOf(file, now));
  return isSame && old.releaseCounter >= now.releaseCounter;
}

function contentOf(file: TargetFile, custom: TargetCustom): object {
  return { length: file.length, sha256: file.hashes["sha256"], custom: { ...custom, releaseCounter: 0 } };
}

/** The oldest releases of the model, beyond those that stay. */
function outdated(repository: SigningRepository, prefix: string, kept: string): TargetChanges {
  const others = Object.entries(repository.published.targets.signed.targets)
    .filter(([path]) => path.startsWith(prefix) && path !== kept)
    .map(([path, file]) => ({ path, releaseCounter: decodeTargetCustom(file).releaseCounter }))
    .sort((a, b) => b.releaseCounter - a.releaseCounter);
  return new Map(others.slice(MAX_RELEASES_PER_MODEL - 1).map(({ path }) => [path, null]));
}
