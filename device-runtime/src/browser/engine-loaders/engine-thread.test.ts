import { describe, expect, test } from "vitest";
import { isEngineThread, runEngineThread, type ThreadScope } from "./engine-thread.js";

describe("a worker", () => {
  test.each([
    [{ name: "em-pthread" }, true],
    [{ name: "em-pthread-2" }, true],
    [{ name: "" }, false],
    [{}, false],
  ])("called %o is a thread of the runtime: %s", (scope, isThread) => {
    expect(isEngineThread(scope)).toBe(isThread);
  });

  test("that is one gives the runtime what came while it loaded, in order", async () => {
    const scope: ThreadScope = { onmessage: null };
    const heard: unknown[] = [];
    const say = (data: unknown): unknown =>
      scope.onmessage?.call(undefined as never, { data } as MessageEvent);
    await runEngineThread(scope, async () => {
      say("load");
      say("run");
      await Promise.resolve();
      scope.onmessage = ({ data }) => heard.push(data);
    });
    say("more");

    expect(heard).toEqual(["load", "run", "more"]);
  });
});
