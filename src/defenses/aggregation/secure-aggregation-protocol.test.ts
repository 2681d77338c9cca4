// The protocol by itself, with clients dropping out at every stage (spec/defenses.md section 3, proofs 1 to 5).
import { describe, expect, it } from "vitest";
import type { ClientId } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { KEY_BYTES } from "./masks.js";
import { createParty, type Party } from "./secure-aggregation-client.js";
import { type Answer, readAdvert, readAnswer, SecureAggregationError } from "./secure-aggregation-messages.js";
import { unmask } from "./secure-aggregation-server.js";

const plainBinding = new Uint8Array(KEY_BYTES);
/** Ten clients, and the four of them that do where the number does not matter. */
const ten = Array.from({ length: 10 }, (_, i) => 3 * i);
const four = ten.slice(0, 4);
const majorityOf = (clients: number) => Math.floor((2 * clients) / 3) + 1;

const inputOf = (client: ClientId, size: number): Uint32Array => {
  const random = createRandom(100 + client);
  return Uint32Array.from({ length: size }, () => random.uint32());
};
const plainSum = (clients: readonly ClientId[], size: number): Uint32Array =>
  clients
    .map((client) => inputOf(client, size))
    .reduce((sum, input) => sum.map((value, i) => value + input[i]!), new Uint32Array(size));

interface Script {
  readonly ids?: readonly ClientId[];
  readonly size?: number;
  readonly seed?: number;
  /** Who stops before sharing, before the masked input, before the answer. */
  readonly silent?: { readonly sharing?: ClientId[]; readonly input?: ClientId[]; readonly answer?: ClientId[] };
  readonly binding?: (client: ClientId) => Uint8Array;
  readonly onSealed?: (from: ClientId, to: ClientId, body: Uint8Array) => Uint8Array;
  readonly onAnswer?: (client: ClientId, answer: Answer) => Answer;
}

/** Relays everything, as the server does. */
function play({
  ids = four,
  size = 50,
  seed = 1,
  silent = {},
  binding = () => plainBinding,
  onSealed,
  onAnswer,
}: Script = {}) {
  const needed = majorityOf(ids.length);
  const parties = new Map<ClientId, Party>(
    ids.map((client) => [
      client,
      createParty({ client, round: 4, weight: 1, threshold: majorityOf, random: createRandom(seed).split(client) }),
    ]),
  );
  const adverts = new Map([...parties].map(([client, party]) => [client, party.advertise()]));
  const without = <T>(map: ReadonlyMap<ClientId, T>, client: ClientId) =>
    new Map([...map].filter(([other]) => other !== client));
  const sharing = ids.filter((client) => !silent.sharing?.includes(client));
  const sealed = new Map(sharing.map((client) => [client, parties.get(client)!.share(without(adverts, client))]));
  for (const client of sharing) {
    const inbox = [...sealed].flatMap(([from, bodies]) => {
      const body = bodies.get(client);
      return body ? [[from, onSealed?.(from, client, body) ?? body] as const] : [];
    });
    parties.get(client)!.receive(new Map(inbox));
  }
  const survivors = sharing.filter((client) => !silent.input?.includes(client));
  const inputs = new Map(
    survivors.map((client) => [client, parties.get(client)!.mask(inputOf(client, size), binding(client))]),
  );
  const answers = new Map<ClientId, Answer>();
  for (const client of survivors.filter((each) => !silent.answer?.includes(each))) {
    const body = parties.get(client)!.reveal(survivors);
    if (!body) continue;
    const answer = readAnswer(body);
    answers.set(client, onAnswer?.(client, answer) ?? answer);
  }
  const read = new Map([...adverts].map(([client, body]) => [client, readAdvert(body)]));
  const sum = () => unmask({ round: 4, threshold: needed, adverts: read, inputs, answers });
  return { parties, inputs, answers, survivors, sum };
}

describe("the sum of ten clients, seven of whom must stay", () => {
  it.each<[string, Script["silent"]]>([
    ["nobody drops out", {}],
    ["one shared and sent no input", { input: [0] }],
    ["two sent no input", { input: [0, 27] }],
    ["three sent no input", { input: [3, 12, 27] }],
    ["one did not even share", { sharing: [6] }],
    ["one is lost at each stage", { sharing: [6], input: [15], answer: [24] }],
    ["three sent an input and no answer", { answer: [0, 9, 27] }],
    ["one sent no input, two no answer", { input: [27], answer: [0, 3] }],
  ])("is bit-equal to that of the plain inputs when %s", (_, silent) => {
    const { sum, survivors } = play({ ids: ten, size: 10_000, silent: silent! });
    expect(sum()).toEqual(plainSum(survivors, 10_000));
  });

  it.each<[string, Script["silent"]]>([
    ["four sent no input", { input: [0, 3, 6, 9] }],
    ["two sent no input, two no answer", { input: [0, 3], answer: [6, 9] }],
    ["four sent no answer", { answer: [0, 3, 6, 9] }],
  ])("is refused, and nothing of it readable, when %s", (_, silent) => {
    const { sum, answers, survivors } = play({ ids: ten, silent: silent! });
    expect(sum).toThrow(SecureAggregationError);
    expect(sum).toThrow(/of 10 clients answered to the end, the threshold is 7; nothing was revealed/);
    if (survivors.length < majorityOf(10)) expect(answers.size).toBe(0);
  });

  it("is refused when too few share", () => {
    expect(() => play({ silent: { sharing: [0, 3] } })).toThrow("shares of 2 clients arrived, the threshold is 3");
  });
});

describe("a masked input", () => {
  it("looks uniform, though the input is constant", () => {
    const party = (client: ClientId) =>
      createParty({ client, round: 0, weight: 1, threshold: () => 2, random: createRandom(9).split(client) });
    const [one, two] = [party(1), party(2)];
    const [first, second] = [one.advertise(), two.advertise()];
    const [toTwo, toOne] = [one.share(new Map([[2, second]])).get(2)!, two.share(new Map([[1, first]])).get(1)!];
    one.receive(new Map([[2, toOne]]));
    two.receive(new Map([[1, toTwo]]));
    const size = 65_536;
    for (const each of [one, two]) {
      const masked = each.mask(new Uint32Array(size).fill(7), plainBinding);
      const counts = new Float64Array(256);
      for (const value of masked) counts[value & 255]!++;
      const expected = size / 256;
      const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // Chi-square with 255 degrees of freedom: 330.5 is its 0.999 quantile, 194.4 its 0.001 quantile.
      expect(statistic).toBeLessThan(330.5);
      expect(statistic).toBeGreaterThan(194.4);
    }
  });

  it("cancels nowhere when one bit of one client's payload differs", () => {
    const size = 10_000;
    const { sum, survivors } = play({
      size,
      binding: (client) => Uint8Array.from(plainBinding, (_, i) => (client === 6 && i === 5 ? 1 : 0)),
    });
    const plain = plainSum(survivors, size);
    const differing = sum().filter((value, i) => value !== plain[i]).length;
    expect(differing / size).toBeGreaterThan(0.99);
  });
});

describe("a client", () => {
  it("reveals one share per client and never both kinds, once", () => {
    const { answers, parties, survivors } = play({ silent: { input: [9] } });
    for (const { revealed } of answers.values()) {
      expect(revealed.map(({ client }) => client).sort((a, b) => a - b)).toEqual(four);
      for (const { client, of } of revealed) expect(of).toBe(client === 9 ? "mask-key" : "seed");
    }
    expect(() => parties.get(0)!.reveal(survivors.slice(1))).toThrow('when it is at "done"; that is done once');
    expect(() => parties.get(0)!.mask(new Uint32Array(1), plainBinding)).toThrow(SecureAggregationError);
    expect(() => parties.get(0)!.advertise()).toThrow(SecureAggregationError);
  });

  it("reveals nothing after a list below the threshold, nor of strangers", () => {
    const { parties } = play({ silent: { answer: [0, 3] } });
    expect(parties.get(0)!.reveal(four.slice(0, 2))).toBeNull();
    expect(() => parties.get(0)!.reveal(four)).toThrow(SecureAggregationError);
    expect(() => parties.get(3)!.reveal([...four, 99])).toThrow("client 99 survived, of which it holds no share");
  });

  it("stops when shares were altered on the way", () => {
    const flip = (body: Uint8Array) => body.map((byte, i) => (i === 20 ? byte ^ 1 : byte));
    expect(() => play({ onSealed: (from, to, body) => (from === 3 && to === 6 ? flip(body) : body) })).toThrow(
      "round 4, client 6: the shares of client 3 were altered on the way",
    );
  });

  it("stops when keys are handed on as another's", () => {
    const party = createParty({ client: 0, round: 0, weight: 1, threshold: () => 2, random: createRandom(1) });
    const own = party.advertise();
    expect(() => party.share(new Map([[1, own]]))).toThrow("two of the advertised keys are the same");
  });
});

describe("the server", () => {
  it.each([
    ["seed", 6],
    ["mask-key", 9],
  ] as const)("notices that a revealed share of a %s was altered", (of, victim) => {
    const { sum } = play({
      silent: { input: [9] },
      onAnswer: (client, answer) =>
        client === 0
          ? {
              ...answer,
              revealed: answer.revealed.map((each) =>
                each.client === victim
                  ? { ...each, share: each.share.map((byte, i) => (i === 8 ? byte ^ 1 : byte)) }
                  : each,
              ),
            }
          : answer,
    });
    expect(sum).toThrow(`the shares of client ${victim}'s ${of} do not give what it advertised`);
  });
});
