import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONTENT_SECURITY_POLICY, createAppProtocol } from "./app-protocol.js";

describe("the app's own scheme", () => {
  let directory = "";
  let ask: (path: string, init?: RequestInit) => Promise<Response>;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-app-"));
    await mkdir(join(directory, "page/assets"), { recursive: true });
    await writeFile(join(directory, "page/index.html"), "<!doctype html>");
    await writeFile(join(directory, "page/assets/main.js"), "export {};");
    await writeFile(join(directory, "secret.txt"), "secret");
    await mkdir(join(directory, "page-of-another"));
    await writeFile(join(directory, "page-of-another/secret.txt"), "secret");
    await symlink(join(directory, "secret.txt"), join(directory, "page/link.txt"));
    const answer = createAppProtocol(join(directory, "page"));
    ask = (path, init) => answer(new Request(path, init));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test.each([
    ["app://fedge/", "<!doctype html>", "text/html"],
    ["app://fedge/index.html?theme=dark#top", "<!doctype html>", "text/html"],
    ["app://fedge/assets/main.js", "export {};", "text/javascript"],
    ["app://fedge/assets/../index.html", "<!doctype html>", "text/html"],
  ])("answers %s with the file, its type and the security policy", async (url, text, type) => {
    const response = await ask(url);

    expect(await response.text()).toBe(text);
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("content-security-policy")).toBe(CONTENT_SECURITY_POLICY);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test.each([
    ["a file that is not there", "app://fedge/other.html"],
    ["a folder", "app://fedge/assets"],
    ["a path below a file", "app://fedge/index.html/more"],
    ["a way out", "app://fedge/..%2fsecret.txt"],
    ["a way out in two steps", "app://fedge/assets%2f..%2f..%2fsecret.txt"],
    ["a way out with backslashes", "app://fedge/..%5csecret.txt"],
    ["a folder whose name begins alike", "app://fedge/..%2fpage-of-another%2fsecret.txt"],
    ["a link that leads out", "app://fedge/link.txt"],
    ["a name with a zero byte", "app://fedge/index.html%00.png"],
    ["a name that is no text", "app://fedge/%ff"],
    ["another host", "app://other/index.html"],
    ["another scheme", "https://fedge/index.html"],
  ])("has nothing for %s", async (_, url) => {
    const response = await ask(url);

    expect([response.status, await response.text()]).toEqual([404, ""]);
  });

  test("takes nothing", async () => {
    expect((await ask("app://fedge/", { method: "POST", body: "{}" })).status).toBe(405);
  });

  test("allows no connection, no frame, no inline script and nothing from elsewhere", () => {
    const policy = new Map(
      CONTENT_SECURITY_POLICY.split("; ").map((directive) => {
        const [name = "", ...sources] = directive.split(" ");
        return [name, sources.join(" ")];
      }),
    );

    expect(policy.get("default-src")).toBe("'none'");
    expect(policy.get("connect-src")).toBe("'none'");
    expect(policy.get("frame-ancestors")).toBe("'none'");
    expect([...policy.values()].filter((sources) => !["'none'", "'self'"].includes(sources))).toEqual([]);
  });
});
