import fc from "fast-check";
import { expect, test } from "vitest";
import { hasErrorCode } from "../errors.js";
import { START_MS, DAY_MS, digest, newSigner, verifier } from "./testing/client-rig.js";
import { MemoryMetadata, SimulatedRepository } from "./testing/simulated-repository.js";
import { TufClient, type MetadataSource } from "./client.js";

const SEED = 20_311;
const ROLES = ["root", "timestamp", "snapshot", "targets"] as const;

/** What an attacker between device and server may answer with, by what it says of a file that was asked for. */
type Answer =
  | { readonly kind: "honest" }
  | { readonly kind: "absent" }
  /** A genuine file of any role and time. */
  | { readonly kind: "replay"; readonly role: (typeof ROLES)[number]; readonly at: number }
  /** A genuine file with some bytes changed. */
  | { readonly kind: "change"; readonly offset: number; readonly byte: number }
  /** A whole repository of the attacker's own keys. */
  | { readonly kind: "forge" }
  | { readonly kind: "garbage"; readonly bytes: Uint8Array };

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "honest" } as const) },
  fc.constant({ kind: "absent" } as const),
  fc.record({ kind: fc.constant("replay" as const), role: fc.constantFrom(...ROLES), at: fc.nat(3) }),
  fc.record({
    kind: fc.constant("change" as const),
    offset: fc.nat(3000),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.constant({ kind: "forge" } as const),
  fc.record({ kind: fc.constant("garbage" as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
);

async function openRepository(content: string): Promise<SimulatedRepository> {
  const options = { newSigner, digest, expiresAtMs: START_MS + 30 * DAY_MS };
  const repository = await SimulatedRepository.open(options);
  for (const version of [1, 2, 3]) {
    await repository.addArtifact("target", `${content} ${version}`);
    await repository.publish("targets", "snapshot", "timestamp");
  }
  return repository;
}

/** Only what the owner of the keys signed is ever found, and never an older target than before. */
test(`no answers of whoever has no key make a target that was not signed (seed ${SEED})`, async () => {
  const genuine = await openRepository("genuine");
  const forged = await openRepository("forged");
  const hashes = await Promise.all(
    [1, 2, 3].map((version) => digest.sha256(new TextEncoder().encode(`genuine ${version}`))),
  );

  let numFound = 0;

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(answer, { minLength: 12, maxLength: 12 }), { maxLength: 4 }),
      async (sessions) => {
        const store = new MemoryMetadata();
        await store.put("root", genuine.bytes("root", 1));
        let newest = -1;
        for (const answers of sessions) {
          const source = attackerOf(answers, genuine, forged);
          const found = await TufClient.refresh({ source, store, digest, verifier }, START_MS)
            .then((client) => client.find("target"))
            .catch((error: unknown) => {
              if (!hasErrorCode(error)) throw error;
              return undefined;
            });
          if (found === undefined) continue;
          const version = hashes.indexOf((found.file.hashes["sha256"] ?? "") as never);
          expect(version).toBeGreaterThanOrEqual(Math.max(0, newest));
          newest = version;
          numFound += 1;
        }
      },
    ),
    { seed: SEED, numRuns: 400 },
  );

  // Who finds nothing believes nothing wrong: that would prove little.
  expect(numFound).toBeGreaterThan(50);
});

function attackerOf(
  answers: readonly Answer[],
  genuine: SimulatedRepository,
  forged: SimulatedRepository,
): MetadataSource {
  const left = [...answers];
  return {
    fetch: async (wanted) => {
      const next = left.shift() ?? { kind: "honest" };
      const honest = await genuine.fetch(wanted);
      switch (next.kind) {
        case "honest":
          return honest;
        case "absent":
          return undefined;
        case "replay": {
          const files = genuine.published.get(next.role) ?? [];
          return files[next.at % files.length];
        }
        case "change":
          return honest?.map((byte, at) => (at === next.offset % honest.length ? byte ^ next.byte : byte));
        case "forge":
          return forged.fetch(wanted);
        case "garbage":
          return next.bytes;
      }
    },
  };
}
