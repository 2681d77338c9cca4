// Messages between clients (hook C11), with a small masked sum built on them: pairs agree on masks, of which the sum keeps none.
import { describe, expect, it } from "vitest";
import { attached, far, federation, play } from "../../test/small-federation.js";
import { createRandom } from "../math/random.js";
import type { Hooks, PeerMessage } from "./hooks.js";
import { PeerExchangeError } from "./peer-exchange.js";
import { addScaled, distortion, mapUpdate } from "./update.js";

const seedOf = ({ body }: PeerMessage) => body[1]! * 256 + body[2]!;

/** Every pair (low, high) shares a seed that low chose: low adds the mask, high takes it away. After dropouts the survivors tell its seed. */
const masking: Partial<Hooks> = {
  peerExchange(inbox, { client, phase, members, memory, random }) {
    const to = (target: number | "server", peer: number, seed: number): PeerMessage => ({
      from: client,
      to: target,
      body: Uint8Array.of(peer, seed >> 8, seed & 255),
    });
    if (phase === "after-collect") {
      const seeds = memory.get("seeds") as Map<number, number>;
      return [...seeds].flatMap(([peer, seed]) => (members.includes(peer) ? [] : [to("server", peer, seed)]));
    }
    if (inbox.length > 0) {
      for (const message of inbox) (memory.get("seeds") as Map<number, number>).set(message.from, seedOf(message));
      return [];
    }
    const seeds = new Map(members.filter((peer) => peer > client).map((peer) => [peer, random.integer(65536)]));
    memory.set("seeds", seeds);
    return [...seeds].map(([peer, seed]) => to(peer, peer, seed));
  },
  beforeUpload(message, { client, memory }) {
    const seeds = memory.get("seeds") as Map<number, number>;
    const update = [...seeds].reduce((masked, [peer, seed]) => {
      const stream = createRandom(seed);
      return mapUpdate(masked, (value) => value + (client < peer ? 64 : -64) * (2 * stream.uniform() - 1));
    }, message.update);
    return { ...message, update };
  },
  aggregate(messages, _, { inbox }) {
    const sum = messages.map(({ update }) => update).reduce((total, update) => addScaled(1, update, total));
    const open = inbox.reduce((total, message) => {
      const stream = createRandom(seedOf(message));
      const sign = message.from < message.body[0]! ? -1 : 1;
      return mapUpdate(total, (value) => value + sign * 64 * (2 * stream.uniform() - 1));
    }, sum);
    return mapUpdate(open, (value) => value / messages.length);
  },
};

describe("an exchange", () => {
  it("lets masks cancel in the sum, and shows the server nothing else", async () => {
    const plain = await play({ rounds: 1, weighting: "equal" });
    const { records } = await play({
      rounds: 1,
      weighting: "equal",
      defenses: [attached("masks", masking, "masking")],
    });
    const [record] = records;
    expect(record!.hiddenBy).toBe("masks");
    expect(plain.records[0]!.hiddenBy).toBeNull();
    for (const [id, { message }] of record!.clients) {
      expect(distortion(plain.records[0]!.clients.get(id)!.message.update, message.update).relativeL2).toBeGreaterThan(
        10,
      );
    }
    expect(distortion(plain.records[0]!.aggregate, record!.aggregate).relativeL2).toBeLessThan(1e-4);
    // Six pairs, three bytes each.
    expect(record!.receipts[0]!.peerBytes).toBe(18);
    expect(record!.receipts[0]!.identity).toBe(false);
  });

  it("after a loss tells the server what is left to take off, and only members still talk", async () => {
    const losing = { rounds: 1, weighting: "equal", dropout: 0.25, seed: 6 } as const;
    const plain = await play(losing);
    expect(plain.records[0]!.dropouts).toHaveLength(1);
    const { records } = await play({ ...losing, defenses: [attached("masks", masking, "masking")] });
    expect(records[0]!.dropouts).toEqual(plain.records[0]!.dropouts);
    expect(records[0]!.receipts[0]!.peerBytes).toBe(18 + 9);
    expect(distortion(plain.records[0]!.aggregate, records[0]!.aggregate).relativeL2).toBeLessThan(1e-4);
  });

  it("announces members, calls everybody first and then those who were written to", async () => {
    const calls: string[] = [];
    const relay = attached("relay", {
      peerExchange(inbox, { client, phase, members }) {
        calls.push(`${phase} ${client} of ${members} heard ${inbox.map(({ from }) => from)}`);
        if (phase === "after-collect" || (inbox.length === 0 && client !== 0) || client === 2) return [];
        return [{ from: client, to: client + 1, body: new Uint8Array(5) }];
      },
    });
    const { records } = await play({ rounds: 1, clients: federation.clients.slice(0, 3), defenses: [relay] });
    expect(calls).toEqual([
      "before-upload 0 of 0,1,2 heard ",
      "before-upload 1 of 0,1,2 heard ",
      "before-upload 2 of 0,1,2 heard ",
      "before-upload 1 of 0,1,2 heard 0",
      "before-upload 2 of 0,1,2 heard 1",
      "after-collect 0 of 0,1,2 heard ",
      "after-collect 1 of 0,1,2 heard ",
      "after-collect 2 of 0,1,2 heard ",
    ]);
    expect(records[0]!.receipts[0]!.peerBytes).toBe(10);
    expect(
      far(records[0]!.released, (await play({ rounds: 1, clients: federation.clients.slice(0, 3) })).weights),
    ).toBe(0);
  });

  it.each<[string, PeerMessage, string]>([
    ["to a stranger", { from: 0, to: 9, body: new Uint8Array(0) }, "client 0 sends a message from 0 to 9"],
    ["in another's name", { from: 1, to: 2, body: new Uint8Array(0) }, "client 0 sends a message from 1 to 2"],
  ])("refuses a message %s", async (_, message, text) => {
    const forging = attached("forging", { peerExchange: (__, { client }) => (client === 0 ? [message] : []) });
    await expect(play({ defenses: [forging] })).rejects.toThrow(PeerExchangeError);
    await expect(play({ defenses: [forging] })).rejects.toThrow(text);
  });

  it("ends, even where clients would talk for ever", async () => {
    const endless = attached("endless", {
      peerExchange: (_, { client }) => [{ from: client, to: client, body: new Uint8Array(1) }],
    });
    await expect(play({ defenses: [endless] })).rejects.toThrow(
      "defense endless: its clients still send messages after 100",
    );
  });
});
