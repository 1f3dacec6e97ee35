import { SimulatedRepository } from "@fedge/protocol/testing";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createKeyFile, nodeSha256 } from "../../signing/key-files.js";
import { runFedge, type FedgeRun } from "../testing/run-fedge.js";
import { downloadTarget, refreshMetadata } from "./repository-client.js";

const NOW_MS = Date.now();
const DAY_MS = 86_400_000;

let folder: string;
let repository: SimulatedRepository;
let server: Server;
let url: string;
let asked: string[];
let numKeys = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "fedge-tuf-"));
  asked = [];
  repository = await SimulatedRepository.open({
    newSigner: () => createKeyFile(join(folder, `key-${(numKeys += 1)}.pem`), null),
    digest: nodeSha256,
    expiresAtMs: NOW_MS + 30 * DAY_MS,
  });
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    void answer(request.url ?? "").then((bytes) => {
      response.statusCode = bytes === undefined ? 404 : 200;
      response.end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(join(folder, "root.json"), repository.bytes("root", 1));
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** As a web server of the repository's files would. */
async function answer(address: string): Promise<Uint8Array | undefined> {
  const file = /^\/metadata\/(?:(\d+)\.)?(.+)\.json$/.exec(address);
  if (file !== null) {
    const role = decodeURIComponent(file[2] ?? "");
    const version = file[1] === undefined ? null : Number(file[1]);
    return repository.fetch({ role, version, expected: null, maxBytes: 1e6 });
  }
  const target = /^\/targets\/(.*?)[0-9a-f]{64}\.([^/]+)$/.exec(address);
  return repository.artifacts.get(decodeURIComponent(`${target?.[1] ?? ""}${target?.[2] ?? ""}`));
}

function fedge(command: string, ...more: string[]): Promise<FedgeRun> {
  const where = ["--metadata-dir", join(folder, "metadata"), "--metadata-url", `${url}/metadata`];
  return runFedge(["tuf", ...where, ...more, command], { cwd: folder });
}

async function init(): Promise<void> {
  const metadata = join(folder, "metadata");
  expect(
    (await runFedge(["tuf", "--metadata-dir", metadata, "init", "root.json"], { cwd: folder })).exitCode,
  ).toBe(0);
}

/** Without a process of its own. */
async function download(targetName: string): Promise<string> {
  const client = await refreshMetadata(join(folder, "metadata"), `${url}/metadata`, NOW_MS);
  const targetDirectory = join(folder, "targets");
  return (await downloadTarget(client, { targetName, targetDirectory, targetBaseUrl: `${url}/targets` }))
    .path;
}

const downloaded = (): string[] =>
  readdirSync(join(folder, "targets")).map((name) => readFileSync(join(folder, "targets", name), "utf8"));

async function publish(): Promise<void> {
  await repository.publish("targets", "snapshot", "timestamp");
}

describe("fedge tuf", () => {
  test("init asks the repository for nothing", async () => {
    await init();

    expect(asked).toEqual([]);
  });

  test("refresh keeps files without versions in their names", async () => {
    await init();

    expect((await fedge("refresh")).exitCode).toBe(0);

    expect(readdirSync(join(folder, "metadata")).sort()).toEqual([
      "root.json",
      "snapshot.json",
      "targets.json",
      "timestamp.json",
    ]);
    expect(asked).toEqual([
      "/metadata/2.root.json",
      "/metadata/timestamp.json",
      "/metadata/1.snapshot.json",
      "/metadata/1.targets.json",
    ]);
  });

  test("refresh ends with 1 and a reason for metadata that are not signed", async () => {
    await init();
    repository.signers.set("timestamp", []);
    await repository.publish("timestamp");

    const run = await fedge("refresh");

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining("signatures")]);
  });

  test("download stores the target", async () => {
    await init();
    await repository.addArtifact("path/to/target_file.txt", "target file contents");
    await publish();
    const place = ["--target-base-url", `${url}/targets`, "--target-dir", join(folder, "targets")];

    const run = await fedge("download", "--target-name", "path/to/target_file.txt", ...place);

    expect(run.exitCode).toBe(0);
    expect(downloaded()).toEqual(["target file contents"]);
  });

  test("download ends with 1 for a target that nobody signed", async () => {
    await init();
    const place = ["--target-base-url", `${url}/targets`, "--target-dir", join(folder, "targets")];

    expect((await fedge("download", "--target-name", "nonexistent", ...place)).exitCode).toBe(1);
  });
});

describe("a download", () => {
  beforeEach(init);

  test("is not repeated while the file is the signed one", async () => {
    await repository.addArtifact("file", "content");
    await publish();
    await download("file");
    asked.length = 0;

    await download("file");

    expect(asked.filter((address) => address.startsWith("/targets"))).toEqual([]);
  });

  test("of other bytes than are signed is refused, and what was there stays", async () => {
    await repository.addArtifact("one", "first content");
    await repository.addArtifact("two", "second content");
    await publish();
    await download("one");
    for (const name of ["one", "two"])
      repository.artifacts.set(name, new TextEncoder().encode("malicious data"));

    await download("one");
    await expect(download("two")).rejects.toMatchObject({ code: "METADATA_MISMATCH" });

    expect(downloaded()).toEqual(["first content"]);
  });

  test("of more bytes than are signed is not read to its end", async () => {
    await repository.addArtifact("file", "content");
    await publish();
    repository.artifacts.set("file", new Uint8Array(4 * 1024 * 1024));

    await expect(download("file")).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });

  test("of a target that changed replaces the file", async () => {
    for (const content of ["first", "second", "third"]) {
      await repository.addArtifact("file", content);
      await publish();
      await download("file");

      expect(downloaded()).toEqual([content]);
    }
  });

  test("of a target with an unknown hash only is refused", async () => {
    await repository.addArtifact("file", "content");
    repository.targets().targets["file"] = { length: 7, hashes: { whirlpool: "aa" } };
    await publish();

    await expect(download("file")).rejects.toMatchObject({ code: "METADATA_MISMATCH" });
  });

  test.each(["/absolute", "a\\b", "folder/file"])("of %s is one file in its directory", async (name) => {
    await repository.addArtifact(name, "content");
    await publish();

    await download(name);

    expect(readdirSync(join(folder, "targets"))).toEqual([encodeURIComponent(name)]);
  });

  test("of a path that leads elsewhere writes nothing", async () => {
    await repository.addArtifact("../../outside", "content");
    await publish();

    await expect(download("../../outside")).rejects.toMatchObject({ code: "METADATA_UNAVAILABLE" });
    expect(readdirSync(folder)).not.toContain("targets");
  });

  test.each(["?", "#", "/delegatedrole", "../delegatedrole"])(
    "asks for the role %s by its quoted name",
    async (name) => {
      await repository.delegate("targets", { name });
      await repository.publish(name, "targets", "snapshot", "timestamp");

      await expect(download("nonexistent")).rejects.toMatchObject({ code: "TARGET_UNKNOWN" });

      expect(asked).toContain(`/metadata/1.${encodeURIComponent(name)}.json`);
      expect(readdirSync(join(folder, "metadata"))).toHaveLength(5);
    },
  );
});
