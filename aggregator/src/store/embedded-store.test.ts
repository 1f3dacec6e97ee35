import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEmbeddedStore } from "./embedded-store.js";
import { describeControlStore } from "./testing/conformance/control-store-suite.js";
import { namesOf, sampleTaskConfig } from "./testing/sample-records.js";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-store-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describeControlStore("PGlite in memory", () => openEmbeddedStore({ directory: null }));
describeControlStore("PGlite on disk", () =>
  openEmbeddedStore({ directory: join(directory, "conformance") }),
);

describe("an embedded store", () => {
  test("keeps what it was told when it is closed and opened again", { timeout: 60_000 }, async () => {
    const place = join(directory, "reopened");
    const { taskId, model } = namesOf("1");
    const first = await openEmbeddedStore({ directory: place });
    const task = await first.createTask(sampleTaskConfig(taskId, model), 1000);
    await first.close();
    await first.close();

    const second = await openEmbeddedStore({ directory: place });

    expect(await second.getTask(taskId)).toEqual(task);
    await second.close();
  });

  test("names cause and remedy for a damaged directory", { timeout: 60_000 }, async () => {
    const place = join(directory, "damaged");
    await (await openEmbeddedStore({ directory: place })).close();
    await writeFile(join(place, "global", "pg_control"), Buffer.alloc(8192, 7));

    const opening = openEmbeddedStore({ directory: place });

    await expect(opening).rejects.toMatchObject({ code: "DATABASE_FAILED" });
    await expect(opening).rejects.toThrow(/damaged.*(backup|move it away)/s);
  });

  test("refuses a file in the directory's place", async () => {
    const place = join(directory, "file");
    await writeFile(place, "not a directory");

    const opening = openEmbeddedStore({ directory: place });

    await expect(opening).rejects.toMatchObject({ code: "DATABASE_FAILED" });
  });

  test("refuses a directory that cannot be made", async () => {
    const place = "/proc/fedge/database";

    await expect(openEmbeddedStore({ directory: place })).rejects.toMatchObject({ code: "DATABASE_FAILED" });
  });
});
