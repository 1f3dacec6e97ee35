import { expect, test } from "vitest";
import { createWorkerPolicy, startTrusted, type WorkerScope } from "./trusted-worker.js";

/** A page that requires trusted types: a worker takes nothing but what a policy has made. */
function strictScope(): WorkerScope & { readonly Native: unknown } {
  class Native {
    constructor(readonly url: unknown) {
      if (!(url instanceof Trusted))
        throw new TypeError("This document requires 'TrustedScriptURL' assignment.");
    }
  }
  return { Worker: Native as never, Native };
}

class Trusted {
  constructor(readonly url: string) {}
}

const types = {
  createPolicy: (name: string, rules: { createScriptURL(url: string): string }) => {
    if (name !== "fedge") throw new TypeError(`Policy "${name}" disallowed.`);
    return { createScriptURL: (url: string) => new Trusted(rules.createScriptURL(url)) };
  },
};

test("a worker starts in a page that requires trusted types, and other workers are none of its business", () => {
  const scope = strictScope();
  const start = () => new scope.Worker(new URL("https://fedge.example/worker.js"));
  const worker = startTrusted(start, createWorkerPolicy(types), scope);

  expect(worker).toMatchObject({ url: { url: "https://fedge.example/worker.js" } });
  expect(scope.Worker).toBe(scope.Native);
  expect(start).toThrow("TrustedScriptURL");
});

test("what starts workers is as it was when one does not start", () => {
  const scope = strictScope();
  const failing = (): never => {
    throw new Error("no");
  };

  expect(() => startTrusted(failing, createWorkerPolicy(types), scope)).toThrow("no");
  expect(scope.Worker).toBe(scope.Native);
});

test("without trusted types, or a policy that may be called so, a worker is started as always", () => {
  const refusing = {
    createPolicy: () => {
      throw new TypeError("disallowed");
    },
  };

  expect([createWorkerPolicy(undefined), createWorkerPolicy(refusing)]).toEqual([null, null]);
  expect(startTrusted(() => "started" as never, null)).toBe("started");
});
