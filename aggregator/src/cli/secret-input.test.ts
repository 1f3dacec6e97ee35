import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { askSecrets } from "./secret-input.js";

const QUESTIONS = ["present password", "new password"];

function streams(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY });
  let shown = "";
  const prompts = new PassThrough();
  prompts.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  return { input, prompts, shown: () => shown };
}

describe("secrets that are asked for", () => {
  test("come from a program's lines without a question", async () => {
    const { input, prompts, shown } = streams(false);
    input.end("first one\nsecond  one\n");

    expect(await askSecrets(QUESTIONS, input, prompts)).toEqual(["first one", "second  one"]);
    expect(shown()).toBe("");
  });

  test("are typed by a person unseen", async () => {
    const { input, prompts, shown } = streams(true);
    const answers = askSecrets(QUESTIONS, input, prompts);
    input.write("hidden words\rmore of them\r");

    expect(await answers).toEqual(["hidden words", "more of them"]);
    expect(shown()).toBe("present password: \nnew password: \n");
  });

  test("that are missing are named", async () => {
    const { input, prompts } = streams(false);
    input.end("only one\n");

    await expect(askSecrets(QUESTIONS, input, prompts)).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("no new password was given"),
    });
  });
});
