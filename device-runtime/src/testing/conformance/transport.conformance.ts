import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Credentials, Transport, TransportConnection } from "../../core/ports/transport.js";

export interface TransportHarness {
  readonly transport: Transport;
  /** Credentials that the broker accepts; every call is another device. */
  newCredentials(): Credentials;
  readonly refusedCredentials: Credentials;
  /** A topic that the broker lets no device subscribe to. */
  readonly forbiddenTopic: string;
  close(): Promise<void>;
}

interface Heard {
  readonly link: TransportConnection;
  /** `topic text`, in the order of arrival. */
  readonly messages: readonly string[];
  numClosed(): number;
  /** Resolves when so many messages have come. */
  upTo(count: number): Promise<void>;
  readonly closed: Promise<void>;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What the core relies on in a connection to the broker. */
export function describeTransport(name: string, open: () => Promise<TransportHarness>): void {
  describe(`transport: ${name}`, () => {
    let harness: TransportHarness;
    let numTopics = 0;
    beforeAll(async () => (harness = await open()));
    afterAll(() => harness.close());

    const newTopic = (): string => `fedge/1/acme/test/${(numTopics += 1)}`;

    async function connect(will = { topic: newTopic(), payload: encode("lost") }): Promise<Heard> {
      const messages: string[] = [];
      const waiting = new Map<number, () => void>();
      let [numClosed, hearClosed] = [0, (): void => undefined];
      const closed = new Promise<void>((resolve) => (hearClosed = resolve));
      const link = await harness.transport.open(harness.newCredentials(), will, {
        message: (topic, payload) => {
          messages.push(`${topic} ${new TextDecoder().decode(payload)}`);
          waiting.get(messages.length)?.();
        },
        closed: () => {
          numClosed += 1;
          hearClosed();
        },
      });
      const upTo = (count: number): Promise<void> =>
        messages.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.set(count, resolve));
      return { link, messages, numClosed: () => numClosed, upTo, closed };
    }

    test("messages reach a subscriber in the order of their publication", async () => {
      const [topic, ana, bo] = [newTopic(), await connect(), await connect()];
      await ana.link.subscribe([topic]);

      for (const text of ["one", "two", "three"])
        await bo.link.publish(topic, encode(text), { retain: false });
      await ana.upTo(3);

      expect(ana.messages).toEqual([`${topic} one`, `${topic} two`, `${topic} three`]);
    });

    test("bytes arrive as they were sent", async () => {
      const [topic, ana, bo] = [newTopic(), await connect(), await connect()];
      const seen: Uint8Array[] = [];
      await ana.link.subscribe([topic]);
      const whole = Uint8Array.from({ length: 122_880 }, (_, at) => (at * 31) % 256);

      const heard = new Promise<void>((resolve) => {
        void harness.transport
          .open(
            harness.newCredentials(),
            { topic: newTopic(), payload: encode("lost") },
            {
              message: (_topic, payload) => {
                seen.push(payload);
                resolve();
              },
              closed: () => undefined,
            },
          )
          .then((link) => link.subscribe([topic]))
          .then(() => bo.link.publish(topic, whole, { retain: false }));
      });
      await heard;

      expect(Uint8Array.from(seen[0] ?? [])).toEqual(whole);
    });

    test("a retained message reaches whoever subscribes later", async () => {
      const [topic, ana, bo] = [newTopic(), await connect(), await connect()];
      await bo.link.publish(topic, encode("kept"), { retain: true });

      await ana.link.subscribe([topic]);
      await ana.upTo(1);

      expect(ana.messages).toEqual([`${topic} kept`]);
    });

    test("a message that is not retained does not", async () => {
      const [topic, other, ana, bo] = [newTopic(), newTopic(), await connect(), await connect()];
      await bo.link.publish(topic, encode("gone"), { retain: false });
      await bo.link.publish(other, encode("kept"), { retain: true });

      await ana.link.subscribe([topic, other]);
      await ana.upTo(1);

      expect(ana.messages).toEqual([`${other} kept`]);
    });

    test("nothing comes for a topic that was unsubscribed", async () => {
      const [topic, other, ana, bo] = [newTopic(), newTopic(), await connect(), await connect()];
      await ana.link.subscribe([topic, other]);
      await ana.link.unsubscribe([topic]);

      await bo.link.publish(topic, encode("unwanted"), { retain: false });
      await bo.link.publish(other, encode("wanted"), { retain: false });
      await ana.upTo(1);

      expect(ana.messages).toEqual([`${other} wanted`]);
    });

    test("a connection that is cut publishes its will, retained", async () => {
      const [topic, bo] = [newTopic(), await connect()];
      const ana = await connect({ topic, payload: encode("lost") });
      await bo.link.subscribe([topic]);

      ana.link.destroy();
      await bo.upTo(1);
      const chen = await connect();
      await chen.link.subscribe([topic]);
      await chen.upTo(1);

      expect([bo.messages, chen.messages]).toEqual([[`${topic} lost`], [`${topic} lost`]]);
    });

    test("a connection that ends properly does not", async () => {
      const [topic, other, bo] = [newTopic(), newTopic(), await connect()];
      const ana = await connect({ topic, payload: encode("lost") });
      await bo.link.subscribe([topic, other]);

      await ana.link.end();
      await ana.closed;
      await bo.link.publish(other, encode("later"), { retain: false });
      await bo.upTo(1);

      expect(bo.messages).toEqual([`${other} later`]);
    });

    test("its end is told once, however often it is asked for", async () => {
      const ana = await connect();
      ana.link.destroy();
      ana.link.destroy();
      await ana.closed;
      await ana.link.end();

      expect(ana.numClosed()).toBe(1);
    });

    test("nothing can be published after the end", async () => {
      const ana = await connect();
      ana.link.destroy();
      await ana.closed;

      await expect(ana.link.publish(newTopic(), encode("late"), { retain: false })).rejects.toMatchObject({
        code: "TRANSPORT_FAILED",
      });
    });

    test("credentials that the broker refuses are told by name", async () => {
      const will = { topic: newTopic(), payload: encode("lost") };
      const listener = { message: () => undefined, closed: () => undefined };

      await expect(harness.transport.open(harness.refusedCredentials, will, listener)).rejects.toMatchObject({
        code: "TOKEN_INVALID",
      });
    });

    test("a topic that the broker refuses is told by name, and the others are heard", async () => {
      const [topic, ana, bo] = [newTopic(), await connect(), await connect()];

      await expect(ana.link.subscribe([topic, harness.forbiddenTopic])).rejects.toMatchObject({
        code: "ACCESS_DENIED",
      });
      await bo.link.publish(topic, encode("heard"), { retain: false });
      await ana.upTo(1);

      expect(ana.messages).toEqual([`${topic} heard`]);
    });
  });
}
