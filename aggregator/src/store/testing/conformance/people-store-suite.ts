import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Audited, AuditStore } from "../../../audit/ports.js";
import type { ApiToken } from "../../../people/people.js";
import type { PeopleStore } from "../../../people/ports.js";
import type { Role } from "../../../people/roles.js";

interface OpenedPeople {
  readonly people: PeopleStore;
  /** Where the changes are written down. */
  readonly audit: AuditStore;
  close(): Promise<void>;
}

const DAY_MS = 24 * 3_600_000;

/** What every store of people does. One store serves all tests, each under names of its own. */
export function describePeopleStore(name: string, open: () => Promise<OpenedPeople>): void {
  describe(`people store on ${name}`, () => {
    let opened: OpenedPeople;
    let store: PeopleStore;
    let tests = 0;
    beforeAll(async () => {
      opened = await open();
      store = opened.people;
    }, 120_000);
    afterAll(() => opened.close(), 60_000);

    const newName = (): string => `person-${(tests += 1)}`;
    const by = (actor: string, atMs = 1000): Audited => ({
      draft: { actor, action: "test.act", subject: actor, details: {} },
      atMs,
    });
    const lastActor = async () => (await opened.audit.listAudit({ limit: 1, offset: 0 }))[0]?.actor;

    async function invite(
      code: string,
      change: { createdBy?: string; role?: Role; replaces?: boolean } = {},
    ) {
      const { createdBy = "ana", role = "operator", replaces = false } = change;
      const invitation = { codeSha256: code, role, name: null, createdBy, createdAtMs: 1000 };
      await store.addInvitation(
        { ...invitation, expiresAtMs: 1000 + DAY_MS },
        { audited: by(createdBy), replaces },
      );
    }
    async function withAccount(): Promise<string> {
      const person = newName();
      await invite(`code of ${person}`);
      await store.acceptInvitation(`code of ${person}`, { name: person, passwordHash: "hash-1" }, by(person));
      return person;
    }
    const token = (account: string | null, change: Partial<ApiToken> = {}): ApiToken => ({
      ...{ tokenId: `token-${(tests += 1)}`, name: "ci", role: "viewer", account, createdAtMs: 1000 + tests },
      ...{ expiresAtMs: null, lastUsedAtMs: null, revokedAtMs: null },
      ...change,
    });

    describe("accounts", () => {
      test("are counted, listed by name and found with the hash of their password", async () => {
        const before = await store.countAccounts();
        const names = [await withAccount(), await withAccount()];

        const listed = (await store.listAccounts()).map((account) => account.name);

        expect([await store.countAccounts(), listed]).toEqual([before + 2, [...listed].sort()]);
        expect(listed).toEqual(expect.arrayContaining(names));
        expect(await store.findAccount(names[0] ?? "")).toEqual({
          name: names[0],
          role: "operator",
          passwordHash: "hash-1",
          createdAtMs: 1000,
          disabledAtMs: null,
        });
      });

      test("change role, are disabled and let in again, each with its entry", async () => {
        const person = await withAccount();

        const viewer = await store.changeAccount(person, { role: "viewer" }, by("ana-1"));
        const disabled = await store.changeAccount(person, { disabledAtMs: 2000 }, by("ana-2"));
        const enabled = await store.changeAccount(person, { disabledAtMs: null }, by("ana-3"));

        expect([viewer.role, disabled.disabledAtMs, enabled.disabledAtMs]).toEqual(["viewer", 2000, null]);
        expect(await lastActor()).toBe("ana-3");
      });

      test("that are not there cannot be changed, and nothing is written down", async () => {
        const before = await opened.audit.lastAudit();

        const change = store.changeAccount("nobody", { role: "admin" }, by("ana"));
        const password = store.changePassword(
          "nobody",
          { passwordHash: "h", keptSessionSha256: null },
          by("ana"),
        );

        await expect(change).rejects.toMatchObject({ code: "ACCOUNT_UNKNOWN" });
        await expect(password).rejects.toMatchObject({ code: "ACCOUNT_UNKNOWN" });
        expect(await opened.audit.lastAudit()).toEqual(before);
      });

      test("lose the invitations that they made when they are changed", async () => {
        const person = await withAccount();
        await invite("by a changed one", { createdBy: person });

        await store.changeAccount(person, { role: "viewer" }, by("ana"));

        expect(await store.findInvitation("by a changed one", 2000)).toBeUndefined();
      });
    });

    describe("invitations", () => {
      test("are found until they expire", async () => {
        await invite("expires", { role: "admin" });

        expect(await store.findInvitation("expires", 1000 + DAY_MS - 1)).toEqual({
          ...{ role: "admin", name: null, createdBy: "ana", createdAtMs: 1000, expiresAtMs: 1000 + DAY_MS },
        });
        expect(await store.findInvitation("expires", 1000 + DAY_MS)).toBeUndefined();
      });

      test("make one account, however many accept at once", async () => {
        await invite("contested");
        const accept = () =>
          store.acceptInvitation("contested", { name: newName(), passwordHash: "h" }, by("x")).then(
            () => "made",
            (error: { readonly code: string }) => error.code,
          );

        const outcomes = await Promise.all([accept(), accept(), accept()]);

        expect(outcomes.sort()).toEqual(["INVITATION_INVALID", "INVITATION_INVALID", "made"]);
      });

      test("are not used up by a name that is taken", async () => {
        const person = await withAccount();
        await invite("for a taken name");

        const taken = store.acceptInvitation(
          "for a taken name",
          { name: person, passwordHash: "h" },
          by(person),
        );

        await expect(taken).rejects.toMatchObject({ code: "ACCOUNT_EXISTS" });
        expect(await store.findInvitation("for a taken name", 2000)).toBeDefined();
      });

      test("replace the open ones of the same maker when they should", async () => {
        await invite("earlier", { createdBy: "system" });
        await invite("other's", { createdBy: "eve" });
        await invite("later", { createdBy: "system", replaces: true });

        const found = async (code: string) => (await store.findInvitation(code, 2000)) !== undefined;

        expect([await found("earlier"), await found("other's"), await found("later")]).toEqual([
          false,
          true,
          true,
        ]);
      });
    });

    describe("password links", () => {
      async function reset(account: string, code: string, createdBy = "ana"): Promise<void> {
        const times = { createdAtMs: 1000, expiresAtMs: 1000 + DAY_MS };
        await store.addPasswordReset({ account, codeSha256: code, createdBy, ...times }, by(createdBy));
      }
      const codeOf = (promise: Promise<unknown>): Promise<string> =>
        promise.then(
          () => "done",
          (error: { readonly code: string }) => error.code,
        );
      const isFound = async (code: string) => (await store.findPasswordReset(code, 2000)) !== undefined;

      test("are found until they expire", async () => {
        const person = await withAccount();
        await reset(person, "expiring link");

        expect(await store.findPasswordReset("expiring link", 1000 + DAY_MS - 1)).toEqual({
          ...{ account: person, createdBy: "ana", createdAtMs: 1000, expiresAtMs: 1000 + DAY_MS },
        });
        expect(await store.findPasswordReset("expiring link", 1000 + DAY_MS)).toBeUndefined();
      });

      test("set the password once, however many use one at once, and end every session", async () => {
        const person = await withAccount();
        await store.addSession({ secretSha256: `s of ${person}`, account: person }, by(person));
        await reset(person, "contested link");
        const use = (hash: string) => codeOf(store.usePasswordReset("contested link", hash, by(person)));

        const outcomes = await Promise.all([use("hash-2"), use("hash-2"), use("hash-2")]);

        expect(outcomes.sort()).toEqual(["PASSWORD_LINK_INVALID", "PASSWORD_LINK_INVALID", "done"]);
        expect((await store.findAccount(person))?.passwordHash).toBe("hash-2");
        expect(await store.findSession(`s of ${person}`)).toBeUndefined();
      });

      test("replace the earlier one of their account and no other", async () => {
        const [person, other] = [await withAccount(), await withAccount()];
        await reset(person, "earlier link");
        await reset(other, "other's link");
        await reset(person, "later link");

        expect([
          await isFound("earlier link"),
          await isFound("other's link"),
          await isFound("later link"),
        ]).toEqual([false, true, true]);
      });

      test("end when the person changes the password, and when their maker is changed", async () => {
        const [person, other, maker] = [await withAccount(), await withAccount(), await withAccount()];
        await reset(person, "needless link");
        await reset(other, "link by a changed one", maker);

        const change = { passwordHash: "hash-2", keptSessionSha256: null };
        await store.changePassword(person, change, by(person));
        await store.changeAccount(maker, { role: "viewer" }, by("ana"));

        expect([await isFound("needless link"), await isFound("link by a changed one")]).toEqual([
          false,
          false,
        ]);
      });

      test("do nothing for a disabled account, and are not made for nobody", async () => {
        const person = await withAccount();
        await reset(person, "link of a disabled one");
        await store.changeAccount(person, { disabledAtMs: 2000 }, by("ana"));
        const before = await opened.audit.lastAudit();

        const used = store.usePasswordReset("link of a disabled one", "hash-2", by(person));

        expect([await codeOf(used), await codeOf(reset("nobody", "link of nobody"))]).toEqual([
          "PASSWORD_LINK_INVALID",
          "ACCOUNT_UNKNOWN",
        ]);
        expect((await store.findAccount(person))?.passwordHash).toBe("hash-1");
        expect(await opened.audit.lastAudit()).toEqual(before);
      });
    });

    describe("sessions", () => {
      const begin = async (account: string, secret: string, atMs = 1000) =>
        store.addSession({ secretSha256: secret, account }, by(account, atMs));

      test("are found with their account, and remember their use", async () => {
        const person = await withAccount();
        await begin(person, `s of ${person}`);
        await store.useSession(`s of ${person}`, 7000);

        expect(await store.findSession(`s of ${person}`)).toEqual({
          account: { name: person, role: "operator", createdAtMs: 1000, disabledAtMs: null },
          createdAtMs: 1000,
          lastUsedAtMs: 7000,
        });
      });

      test("end with an entry in the log", async () => {
        const person = await withAccount();
        await begin(person, `s of ${person}`);

        await store.endSession(`s of ${person}`, by("the one who ends it"));

        expect([await store.findSession(`s of ${person}`), await lastActor()]).toEqual([
          undefined,
          "the one who ends it",
        ]);
      });

      test("of a disabled account end", async () => {
        const person = await withAccount();
        await begin(person, `s of ${person}`);

        await store.changeAccount(person, { disabledAtMs: 2000 }, by("ana"));

        expect(await store.findSession(`s of ${person}`)).toBeUndefined();
      });

      test("but the kept one end with a new password; those of others stay", async () => {
        const [person, other] = [await withAccount(), await withAccount()];
        for (const place of ["here", "there"]) await begin(person, `${person} ${place}`);
        await begin(other, `s of ${other}`);

        await store.changePassword(
          person,
          { passwordHash: "hash-2", keptSessionSha256: `${person} here` },
          by(person),
        );

        const found = async (secret: string) => (await store.findSession(secret)) !== undefined;
        expect([
          await found(`${person} here`),
          await found(`${person} there`),
          await found(`s of ${other}`),
          (await store.findAccount(person))?.passwordHash,
        ]).toEqual([true, false, true, "hash-2"]);
      });

      test("that are old or unused are deleted", async () => {
        const person = await withAccount();
        await begin(person, `${person} old`, 10);
        await begin(person, `${person} unused`, 500);
        await begin(person, `${person} live`, 500);
        for (const which of ["old", "live"]) await store.useSession(`${person} ${which}`, 900);

        await store.deleteOldSessions({ createdAtMs: 11, lastUsedAtMs: 900 });

        const found = async (which: string) => (await store.findSession(`${person} ${which}`)) !== undefined;
        expect([await found("old"), await found("unused"), await found("live")]).toEqual([
          false,
          false,
          true,
        ]);
      });
    });

    describe("tokens", () => {
      test("are found by their secret with the account that made them, and remember their use", async () => {
        const person = await withAccount();
        const made = token(person, { expiresAtMs: 9000 });
        await store.addToken({ ...made, secretSha256: `secret of ${made.tokenId}` }, by(person));
        await store.useToken(made.tokenId, 4000);

        expect(await store.findToken(`secret of ${made.tokenId}`)).toEqual({
          token: { ...made, lastUsedAtMs: 4000 },
          account: { name: person, role: "operator", createdAtMs: 1000, disabledAtMs: null },
        });
      });

      test("of the machine have no account", async () => {
        const made = token(null);
        await store.addToken({ ...made, secretSha256: `secret of ${made.tokenId}` }, by("admin-token"));

        expect(await store.findToken(`secret of ${made.tokenId}`)).toEqual({ token: made, account: null });
      });

      test("are listed newest first, of one account or of all", async () => {
        const person = await withAccount();
        const [first, second, other] = [token(person), token(person), token(null)];
        for (const made of [first, second, other]) {
          await store.addToken({ ...made, secretSha256: `secret of ${made.tokenId}` }, by(person));
        }

        expect(await store.listTokens(person)).toEqual([second, first]);
        expect((await store.listTokens()).slice(0, 3)).toEqual([other, second, first]);
      });

      test("are revoked once, by their own account or without naming one", async () => {
        const person = await withAccount();
        const made = token(person);
        await store.addToken({ ...made, secretSha256: `secret of ${made.tokenId}` }, by(person));

        const others = store.revokeToken(made.tokenId, { account: "eve", audited: by("eve") });
        await expect(others).rejects.toMatchObject({ code: "OPTION_INVALID" });
        const revoked = await store.revokeToken(made.tokenId, { account: person, audited: by(person, 3000) });
        const again = store.revokeToken(made.tokenId, { audited: by("ana") });

        expect(revoked).toEqual({ ...made, revokedAtMs: 3000 });
        await expect(again).rejects.toMatchObject({ code: "OPTION_INVALID" });
      });
    });

    test("a change whose entry cannot be written does not happen", async () => {
      const person = await withAccount();
      const wrong = { draft: { actor: "", action: "x", subject: "y", details: {} }, atMs: 1 };

      await expect(store.changeAccount(person, { role: "admin" }, wrong)).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });

      expect((await store.findAccount(person))?.role).toBe("operator");
    });
  });
}
