import { afterAll, beforeAll, describe, expect, test } from "vitest";
import pg from "pg";
import { describeAppendOnlyAudit } from "./testing/conformance/append-only-suite.js";
import { openPostgresStore } from "./postgres-store.js";
import { describeAuditStore } from "./testing/conformance/audit-store-suite.js";
import { describeControlStore } from "./testing/conformance/control-store-suite.js";
import { describeDriftStore } from "./testing/conformance/drift-store-suite.js";
import { describeEvaluationRunStore } from "./testing/conformance/evaluation-run-store-suite.js";
import { describePeopleStore } from "./testing/conformance/people-store-suite.js";
import { describeRolloutStore } from "./testing/conformance/rollout-store-suite.js";
import { findPostgres, startPostgres, type PostgresCluster } from "./testing/postgres-cluster.js";
import { namesOf, sampleTaskConfig } from "./testing/sample-records.js";

const found = await findPostgres();

if ("missing" in found) {
  test.skip(`control store on PostgreSQL: ${found.missing}`, () => undefined);
} else {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await startPostgres(found.bin);
  }, 120_000);
  afterAll(() => cluster.close(), 60_000);

  describeControlStore("PostgreSQL", () => openPostgresStore({ url: cluster.url }));
  describeRolloutStore("PostgreSQL", () => openPostgresStore({ url: cluster.url }));
  describeEvaluationRunStore("PostgreSQL", () => openPostgresStore({ url: cluster.url }));
  describeDriftStore("PostgreSQL", () => openPostgresStore({ url: cluster.url }));

  /** A database of its own, because these stores begin empty. */
  async function openNew(name: string): ReturnType<typeof openPostgresStore> {
    await cluster.sql(`create database ${name}`);
    return openPostgresStore({ url: cluster.url.replace("/postgres?", `/${name}?`) });
  }
  describeAuditStore("PostgreSQL", () => openNew("audit"));
  describeAppendOnlyAudit("PostgreSQL", async () => {
    const store = await openNew("append_only");
    for (const subject of ["t1", "t2"])
      await store.appendAudit({ actor: "ana", action: "task.stop", subject, details: {} }, 1000);
    await store.close();
    const pool = new pg.Pool({ connectionString: cluster.url.replace("/postgres?", "/append_only?") });
    return { query: (statement) => pool.query(statement), close: () => pool.end() };
  });
  describePeopleStore("PostgreSQL", async () => {
    const store = await openNew("people");
    return { people: store, audit: store, close: () => store.close() };
  });

  describe("a store in a PostgreSQL server", () => {
    test("is migrated once by aggregators that start together, and both see the same", async () => {
      await cluster.sql("create database together");
      const url = cluster.url.replace("/postgres?", "/together?");

      const [one, other] = await Promise.all([openPostgresStore({ url }), openPostgresStore({ url })]);

      const { taskId, model } = namesOf("1");
      const task = await one.createTask(sampleTaskConfig(taskId, model), 1000);
      expect(await other.getTask(taskId)).toEqual(task);
      const second = other.createTask(sampleTaskConfig(namesOf("2").taskId, model), 1000);
      await expect(second).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
      await Promise.all([one.close(), other.close()]);
    });

    test("survives that its idle connections are ended", async () => {
      await cluster.sql("create database ended");
      const lost = { told: () => undefined as void };
      const wasTold = new Promise<void>((resolve) => (lost.told = resolve));
      const url = cluster.url.replace("/postgres?", "/ended?");
      const store = await openPostgresStore({ url, onConnectionLost: () => lost.told() });

      await cluster.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'ended'");
      await wasTold;

      expect(await store.listTasks()).toEqual([]);
      await store.close();
    });
  });
}

describe("a PostgreSQL server that is not there", () => {
  test("is named with host and database, without the password", async () => {
    const opening = openPostgresStore({ url: "postgresql://ana:s3cret@127.0.0.1:9/fleet" });

    await expect(opening).rejects.toMatchObject({ code: "DATABASE_FAILED" });
    await expect(opening).rejects.toThrow(/127\.0\.0\.1:9\/fleet/);
    await expect(opening).rejects.not.toThrow(/s3cret/);
  });
});
