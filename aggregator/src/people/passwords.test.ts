import { describe, expect, test } from "vitest";
import { nodeSecureRandom } from "../identity/secure-random.js";
import { SCRYPT_COST, createPasswords } from "./passwords.js";

const PASSWORD = "correct horse battery staple";
/** Python: hashlib.scrypt(PASSWORD, salt=bytes(range(16)), n=1024, r=8, p=2, dklen=32). */
const FROM_PYTHON = "scrypt$1024$8$2$AAECAwQFBgcICQoLDA0ODw$wk79EttC618m617oirShLZuxJkXcX6rXHrrS9rQQ_44";

const cheap = createPasswords(nodeSecureRandom, { N: 16, r: 1, p: 1 });

describe("a password", () => {
  test("is hashed at a cost of the OWASP cheat sheet", () => {
    // https://cheatsheetseries.owasp.org: N=2^17 p=1, 2^16 p=2, 2^15 p=3, 2^14 p=5, 2^13 p=10, each with r=8.
    expect(SCRYPT_COST).toEqual({ N: 32_768, r: 8, p: 3 });
  });

  test("is verified at the cost that is written in its hash, as another program computes it", async () => {
    expect(await cheap.verify(PASSWORD, FROM_PYTHON)).toBe(true);
  });

  test("that is another one does not verify", async () => {
    expect(await cheap.verify("correct horse battery stable", FROM_PYTHON)).toBe(false);
  });

  test("has another hash every time", async () => {
    const [one, other] = [await cheap.hash(PASSWORD), await cheap.hash(PASSWORD)];

    expect(one).not.toBe(other);
    expect(await Promise.all([cheap.verify(PASSWORD, one), cheap.verify(PASSWORD, other)])).toEqual([
      true,
      true,
    ]);
  });

  test("is the same in another normal form of Unicode", async () => {
    const composed = await cheap.hash("gr\u00f6\u00dfer als alles andere");

    expect(await cheap.verify("gro\u0308\u00dfer als alles andere", composed)).toBe(true);
  });

  test("of no account verifies never", async () => {
    expect(await cheap.verify(PASSWORD, null)).toBe(false);
  });

  test.each(["elevenchars", "x".repeat(257)])(
    "of the wrong length is refused before it is hashed",
    async (text) => {
      await expect(cheap.hash(text)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    },
  );

  test("whose hash is damaged is DATA_CORRUPT", async () => {
    await expect(cheap.verify(PASSWORD, "scrypt$1$")).rejects.toMatchObject({ code: "DATA_CORRUPT" });
  });
});
