import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { METRICS } from "./metric-table.js";
import { createMetrics, type Metrics } from "./metrics.js";

let faults: string[];
let metrics: Metrics;
beforeEach(() => {
  faults = [];
  metrics = createMetrics({ withProcessMetrics: false, onFault: (name) => faults.push(name) });
});

/** The samples of one metric in the exposition. */
async function samples(name: string): Promise<string[]> {
  return (await metrics.render()).split("\n").filter((line) => line.startsWith(name));
}

describe("metrics", () => {
  test("count by label, by one or by more", async () => {
    metrics.count("fedge_rounds_total", { outcome: "committed" });
    metrics.count("fedge_rounds_total", { outcome: "committed" });
    metrics.count("fedge_rounds_total", { outcome: "abandoned" });
    metrics.count("fedge_bytes_up_total", {}, 4096);

    expect(await samples("fedge_rounds_total")).toEqual([
      'fedge_rounds_total{outcome="committed"} 2',
      'fedge_rounds_total{outcome="abandoned"} 1',
    ]);
    expect(await samples("fedge_bytes_up_total")).toEqual(["fedge_bytes_up_total 4096"]);
  });

  test("take over what was counted elsewhere, however often they are asked", async () => {
    metrics.total("fedge_bytes_down_total", 300);
    metrics.total("fedge_bytes_down_total", 500);

    expect(await samples("fedge_bytes_down_total")).toEqual(["fedge_bytes_down_total 500"]);
  });

  test("set gauges and forget them", async () => {
    metrics.gauge("fedge_devices", 5, { presence: "online" });
    metrics.gauge("fedge_devices", 3, { presence: "online" });
    expect(await samples("fedge_devices")).toEqual(['fedge_devices{presence="online"} 3']);

    metrics.resetGauge("fedge_devices");

    expect(await samples("fedge_devices")).toEqual([]);
  });

  test("sort observations into buckets", async () => {
    metrics.observe("fedge_fold_seconds", 0.002);
    metrics.observe("fedge_fold_seconds", 7);

    const lines = await samples("fedge_fold_seconds");

    expect(lines).toContain('fedge_fold_seconds_bucket{le="0.001"} 0');
    expect(lines).toContain('fedge_fold_seconds_bucket{le="0.005"} 1');
    expect(lines).toContain('fedge_fold_seconds_bucket{le="+Inf"} 2');
    expect(lines).toContain("fedge_fold_seconds_sum 7.002");
  });

  test("of two registries are apart", async () => {
    const other = createMetrics({ withProcessMetrics: false, onFault: () => undefined });
    other.count("fedge_publish_failed_total");

    expect(await samples("fedge_publish_failed_total")).toEqual(["fedge_publish_failed_total 0"]);
  });

  test("that the table does not have, or with other labels, are reported and dropped", async () => {
    metrics.count("fedge_no_such_total");
    metrics.count("fedge_devices", { presence: "online" });
    metrics.count("fedge_rounds_total", { colour: "red" });

    expect(faults).toEqual(["fedge_no_such_total", "fedge_devices", "fedge_rounds_total"]);
    expect(await samples("fedge_rounds_total")).toEqual([]);
  });

  test("come with this process's memory and event loop on request", async () => {
    const withProcess = createMetrics({ withProcessMetrics: true, onFault: () => undefined });

    expect(await withProcess.render()).toMatch(/^process_resident_memory_bytes \d+/m);
    expect(withProcess.contentType).toContain("version=0.0.4");
  });
});

describe("the table of metrics", () => {
  test("names counters _total and times _seconds, as Prometheus does", () => {
    for (const [name, { kind }] of Object.entries(METRICS)) {
      expect(name.endsWith("_total")).toBe(kind === "counter");
      expect(name).toMatch(/^fedge_[a-z_]+$/);
    }
  });

  test("has every metric that the aggregator's sources report", async () => {
    const reported = await reportedNames(fileURLToPath(new URL("..", import.meta.url)));

    expect(reported.length).toBeGreaterThan(5);
    expect(reported.filter((name) => !(name in METRICS))).toEqual([]);
  });
});

/** Names given as a literal to count, observe or gauge. */
async function reportedNames(folder: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true })).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"),
  );
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return texts.flatMap((text) =>
    [...text.matchAll(/\.(?:count|observe|gauge|resetGauge)\(\s*"([^"]+)"/g)].map((match) => match[1] ?? ""),
  );
}
