import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import { nodeSecureRandom } from "../identity/secure-random.js";
import { ANONYMOUS, MACHINE, personCaller } from "./caller.js";
import type { Passwords } from "./passwords.js";
import { createPeople } from "./people-service.js";
import { MemoryPeopleStore } from "./testing/memory-people-store.js";
import { PASSWORD, createPeopleDouble, type PeopleDouble } from "./testing/people-double.js";

const HOUR_MS = 3_600_000;
const ADDRESS = "192.0.2.7";

let clock: ManualClock;
let double: PeopleDouble;
let people: PeopleDouble["people"];
beforeEach(() => {
  clock = new ManualClock();
  double = createPeopleDouble(clock);
  people = double.people;
});

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "done",
    (error: { readonly code?: string }) => error.code,
  );
const signIn = (name: string, password = PASSWORD, address = ADDRESS) =>
  people.sessions.signIn({ name, password, address });
const audited = (): string[] =>
  double.auditStore.rows.map(({ actor, action, subject }) => `${actor} ${action} ${subject}`);

describe("the first administrator", () => {
  test("comes in by the link that the first start makes", async () => {
    const first = await people.accounts.inviteFirst();

    const account = await people.accounts.accept({
      code: first?.code ?? "",
      name: "ana",
      password: PASSWORD,
      address: ADDRESS,
    });

    expect([account.name, account.role]).toEqual(["ana", "admin"]);
  });

  test("link works once", async () => {
    const { code } = (await people.accounts.inviteFirst()) ?? { code: "" };
    const accept = (name: string) =>
      people.accounts.accept({ code, name, password: PASSWORD, address: ADDRESS });
    await accept("ana");

    expect(await codeOf(accept("bob"))).toBe("INVITATION_INVALID");
  });

  test("link of an earlier start stops when a later start makes another", async () => {
    const earlier = await people.accounts.inviteFirst();
    await people.accounts.inviteFirst();

    const late = people.accounts.accept({
      code: earlier?.code ?? "",
      name: "ana",
      password: PASSWORD,
      address: ADDRESS,
    });

    expect(await codeOf(late)).toBe("INVITATION_INVALID");
  });

  test("is not invited where somebody has an account, even a disabled one", async () => {
    await double.join("ana", "admin");
    await people.accounts.change(MACHINE, "ana", { disabled: true });

    expect(await people.accounts.inviteFirst()).toBeNull();
  });
});

describe("an invitation", () => {
  const accept = (code: string, name: string, password = PASSWORD) =>
    people.accounts.accept({ code, name, password, address: ADDRESS });

  test("stops after 24 hours", async () => {
    const { code } = await people.accounts.invite(MACHINE, { role: "viewer", name: null });
    clock.advance(24 * HOUR_MS);

    expect(await codeOf(accept(code, "vic"))).toBe("INVITATION_INVALID");
  });

  test("for a name makes no other account", async () => {
    const { code } = await people.accounts.invite(MACHINE, { role: "viewer", name: "vic" });

    expect(await codeOf(accept(code, "ana"))).toBe("OPTION_INVALID");
  });

  test("is not used up by a name that is taken or a password that is too short", async () => {
    await double.join("ana", "admin");
    const { code } = await people.accounts.invite(MACHINE, { role: "viewer", name: null });

    expect(await codeOf(accept(code, "ana"))).toBe("ACCOUNT_EXISTS");
    expect(await codeOf(accept(code, "vic", "short"))).toBe("OPTION_INVALID");
    expect(await codeOf(accept(code, "vic"))).toBe("done");
  });

  test("of an administrator who is disabled stops", async () => {
    await double.join("ana", "admin");
    const { code } = await people.accounts.invite(personCaller("ana", "admin"), {
      role: "admin",
      name: null,
    });
    await people.accounts.change(MACHINE, "ana", { disabled: true });

    expect(await codeOf(accept(code, "eve"))).toBe("INVITATION_INVALID");
  });

  test("codes may be tried twenty times from one address", async () => {
    const tries = Array.from({ length: 21 }, () => codeOf(accept("x".repeat(43), "eve")));

    expect((await Promise.all(tries)).slice(19)).toEqual(["INVITATION_INVALID", "RATE_LIMITED"]);
  });
});

describe("a password link", () => {
  const NEW = "another battery horse staple";
  const use = (code: string, password = NEW) => people.resets.use({ code, password, address: ADDRESS });
  beforeEach(() => double.join("ana", "operator"));

  test("sets a new password once, and says who made it in the log", async () => {
    const { code } = await people.resets.create(personCaller("root", "admin"), "ana");
    await signIn("ana"); // the present password works until the new one is set
    await use(code);

    expect(await codeOf(signIn("ana"))).toBe("CREDENTIALS_INVALID");
    expect(await codeOf(signIn("ana", NEW))).toBe("done");
    expect(await codeOf(use(code))).toBe("PASSWORD_LINK_INVALID");
    expect(audited()).toEqual(expect.arrayContaining(["root account.reset ana", "ana account.password ana"]));
    const entry = double.auditStore.rows.find(({ action }) => action === "account.password");
    expect(entry?.details).toEqual({ resetBy: "root" });
  });

  test("stops after 24 hours, and when a later one is made", async () => {
    const { code: earlier } = await people.resets.create(MACHINE, "ana");
    const { code: later } = await people.resets.create(MACHINE, "ana");
    expect(await codeOf(use(earlier))).toBe("PASSWORD_LINK_INVALID");
    clock.advance(24 * HOUR_MS);

    expect(await codeOf(use(later))).toBe("PASSWORD_LINK_INVALID");
  });

  test("is not used up by a password that is too short", async () => {
    const { code } = await people.resets.create(MACHINE, "ana");

    expect(await codeOf(use(code, "short"))).toBe("OPTION_INVALID");
    expect(await codeOf(use(code))).toBe("done");
  });

  test("is not made for a disabled account", async () => {
    await people.accounts.change(MACHINE, "ana", { disabled: true });

    await expect(people.resets.create(MACHINE, "ana")).rejects.toThrow(/fedge account enable ana/);
  });

  test("codes may be tried twenty times from one address", async () => {
    const tries = Array.from({ length: 21 }, () => codeOf(use("x".repeat(43))));

    expect((await Promise.all(tries)).slice(19)).toEqual(["PASSWORD_LINK_INVALID", "RATE_LIMITED"]);
  });
});

describe("signing in", () => {
  beforeEach(() => double.join("ana", "operator"));

  test("gives a caller with the role's permissions", async () => {
    const { secret } = await signIn("ana");

    expect(await people.sessions.callerOf(secret)).toEqual({
      kind: "person",
      name: "ana",
      role: "operator",
      permissions: ["devices", "propose", "rollouts", "approve"],
      device: null,
      token: null,
    });
  });

  test("refuses a wrong password, an unknown name and a disabled account in the same words", async () => {
    await double.join("off", "viewer");
    await people.accounts.change(MACHINE, "off", { disabled: true });

    const messages = await Promise.all(
      [signIn("ana", "wrong"), signIn("nobody"), signIn("off")].map((attempt) =>
        attempt.catch((error: { readonly code: string; readonly message: string }) => error.message),
      ),
    );

    expect(new Set(messages).size).toBe(1);
    expect(await codeOf(signIn("nobody"))).toBe("CREDENTIALS_INVALID");
  });

  test("does the same work for a wrong password, an unknown name and a disabled account", async () => {
    const verified: (string | null)[] = [];
    const passwords: Passwords = {
      hash: () => Promise.resolve("hash"),
      verify: (_password, hash) => {
        verified.push(hash === null ? null : "hash");
        return Promise.resolve(false);
      },
    };
    const store = new MemoryPeopleStore(double.auditStore);
    const counted = createPeople({ store, audit: double.audit, passwords, clock, random: nodeSecureRandom });
    const { code } = await counted.accounts.invite(MACHINE, { role: "viewer", name: "off" });
    await counted.accounts.accept({ code, name: "off", password: PASSWORD, address: ADDRESS });
    await counted.accounts.change(MACHINE, "off", { disabled: true });

    for (const name of ["nobody", "off"]) {
      await codeOf(counted.sessions.signIn({ name, password: PASSWORD, address: ADDRESS }));
    }

    expect(verified).toEqual([null, "hash"]);
  });

  test("is limited to ten attempts for one account, from wherever they come", async () => {
    const attempts: unknown[] = [];
    for (let index = 0; index < 11; index += 1) {
      attempts.push(await codeOf(signIn("ana", "wrong", `192.0.2.${index}`)));
    }

    expect(attempts.slice(9)).toEqual(["CREDENTIALS_INVALID", "RATE_LIMITED"]);
  });

  test("is limited to twenty attempts from one address, for whatever accounts", async () => {
    const attempts: unknown[] = [];
    for (let index = 0; index < 21; index += 1) attempts.push(await codeOf(signIn(`name-${index}`, "wrong")));

    expect(attempts.slice(19)).toEqual(["CREDENTIALS_INVALID", "RATE_LIMITED"]);
  });

  test("works again half a minute after the limit", async () => {
    for (let index = 0; index < 11; index += 1) await codeOf(signIn("ana", "wrong", `192.0.2.${index}`));
    clock.advance(30_000);

    expect(await codeOf(signIn("ana"))).toBe("done");
  });

  test("is written down, and so is a failure, without the password", async () => {
    await signIn("ana");
    await codeOf(signIn("ana", "wrong guess of a password"));

    expect(audited().slice(-2)).toEqual(["ana session.begin ana", "anonymous session.refuse ana"]);
    expect(JSON.stringify(double.auditStore.rows)).not.toMatch(/wrong guess|staple/);
  });
});

describe("a session", () => {
  beforeEach(() => double.join("ana", "operator"));
  const stateOf = (secret: string) => codeOf(people.sessions.callerOf(secret));

  test("has a secret of its own each time: nobody can give one to somebody who signs in later", async () => {
    const [one, other] = [await signIn("ana"), await signIn("ana")];

    expect(one.secret).not.toBe(other.secret);
    expect(Buffer.from(one.secret, "base64url")).toHaveLength(32);
  });

  test("ends after 12 hours without use", async () => {
    const { secret } = await signIn("ana");
    clock.advance(12 * HOUR_MS);

    expect(await stateOf(secret)).toBe("SESSION_EXPIRED");
  });

  test("lasts while it is used, and ends after 7 days all the same", async () => {
    const { secret } = await signIn("ana");
    const states: unknown[] = [];
    for (let hours = 11; hours <= 7 * 24; hours += 11) {
      clock.advance(11 * HOUR_MS);
      states.push(await stateOf(secret));
    }
    clock.advance(3 * HOUR_MS);

    expect([new Set(states), await stateOf(secret)]).toEqual([new Set(["done"]), "SESSION_EXPIRED"]);
  });

  test("ends by signing out", async () => {
    const { secret } = await signIn("ana");
    await people.sessions.signOut(secret);

    expect(await stateOf(secret)).toBe("SESSION_EXPIRED");
  });

  test("of an account that is disabled ends at once, and stays ended when it is let in again", async () => {
    const { secret } = await signIn("ana");
    await people.accounts.change(MACHINE, "ana", { disabled: true });
    const whileDisabled = await stateOf(secret);
    await people.accounts.change(MACHINE, "ana", { disabled: false });

    expect([whileDisabled, await stateOf(secret)]).toEqual(["SESSION_EXPIRED", "SESSION_EXPIRED"]);
  });

  test("has a new role with the next request", async () => {
    const { secret } = await signIn("ana");
    await people.accounts.change(MACHINE, "ana", { role: "viewer" });

    expect((await people.sessions.callerOf(secret)).permissions).toEqual([]);
  });

  test("stays when its person changes the password, and the others end", async () => {
    const [here, elsewhere] = [await signIn("ana"), await signIn("ana")];
    const change = {
      name: "ana",
      password: PASSWORD,
      newPassword: "another long password",
      secret: here.secret,
    };
    await people.sessions.changePassword(change);

    expect([await stateOf(here.secret), await stateOf(elsewhere.secret)]).toEqual([
      "done",
      "SESSION_EXPIRED",
    ]);
    expect(await codeOf(signIn("ana"))).toBe("CREDENTIALS_INVALID");
    expect(await codeOf(signIn("ana", "another long password"))).toBe("done");
  });

  test("does not change a password without the present one", async () => {
    const { secret } = await signIn("ana");
    const change = { name: "ana", password: "a guess", newPassword: "another long password", secret };

    expect(await codeOf(people.sessions.changePassword(change))).toBe("CREDENTIALS_INVALID");
  });
});

describe("an API token", () => {
  const ana = personCaller("ana", "operator");
  beforeEach(() => double.join("ana", "operator"));
  const create = (role: "viewer" | "operator" | "admin", expiresInMs: number | null = null) =>
    people.tokens.create(ana, { name: "ci", role, expiresInMs });

  test("acts in the name of who made it, so that nobody approves his own work with it", async () => {
    const { secret } = await create("operator");

    expect(await people.tokens.callerOf(secret)).toMatchObject({ kind: "token", name: "ana", token: "ci" });
  });

  test("is kept as a hash, and told apart by a prefix", async () => {
    const { secret } = await create("viewer");

    expect(secret).toMatch(/^fedge_[A-Za-z0-9_-]{43}$/);
    expect(JSON.stringify([await people.tokens.list(ana), double.auditStore.rows])).not.toContain(
      secret.slice(6),
    );
  });

  test("has no role beyond its maker's", async () => {
    expect(await codeOf(create("admin"))).toBe("ROLE_INSUFFICIENT");
  });

  test("does no more than its maker still may", async () => {
    const { secret } = await create("operator");
    await people.accounts.change(MACHINE, "ana", { role: "data-scientist" });

    expect((await people.tokens.callerOf(secret)).permissions).toEqual(["propose"]);
  });

  test("makes no other token", async () => {
    const { secret } = await create("operator");
    const caller = await people.tokens.callerOf(secret);

    const making = people.tokens.create(caller, { name: "next", role: "viewer", expiresInMs: null });

    expect(await codeOf(making)).toBe("ROLE_INSUFFICIENT");
  });

  test("lets nobody in, whatever its role is", async () => {
    const wanted = { name: "ci", role: "admin" as const, expiresInMs: null };
    const { secret } = await people.tokens.create(MACHINE, wanted);

    expect((await people.tokens.callerOf(secret)).permissions).toEqual(
      "tasks models devices propose rollouts approve audit".split(" "),
    );
  });

  test("expires", async () => {
    const { secret } = await create("viewer", HOUR_MS);
    clock.advance(HOUR_MS - 1);
    const before = await codeOf(people.tokens.callerOf(secret));
    clock.advance(1);

    expect([before, await codeOf(people.tokens.callerOf(secret))]).toEqual(["done", "TOKEN_EXPIRED"]);
  });

  test("stops when it is revoked", async () => {
    const { secret, token } = await create("viewer");
    await people.tokens.revoke(ana, token.tokenId);

    expect(await codeOf(people.tokens.callerOf(secret))).toBe("TOKEN_INVALID");
  });

  test("of an account that is disabled stops", async () => {
    const { secret } = await create("viewer");
    await people.accounts.change(MACHINE, "ana", { disabled: true });

    expect(await codeOf(people.tokens.callerOf(secret))).toBe("TOKEN_INVALID");
  });

  test("of somebody else is neither seen nor revoked, but by who manages people", async () => {
    const { token } = await create("viewer");
    const bob = personCaller("bob", "operator");

    expect(await people.tokens.list(bob)).toEqual([]);
    expect(await codeOf(people.tokens.revoke(bob, token.tokenId))).toBe("OPTION_INVALID");
    expect(await codeOf(people.tokens.revoke(MACHINE, token.tokenId))).toBe("done");
  });

  test("is not made by somebody without a role", async () => {
    const making = people.tokens.create(ANONYMOUS, { name: "x", role: "viewer", expiresInMs: null });

    expect(await codeOf(making)).toBe("ROLE_INSUFFICIENT");
  });
});
