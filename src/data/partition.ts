// Who holds which records: evenly at random, skewed by class after Hsu et al. 2019 (Dirichlet), or a few shards of one class each after
// McMahan et al. 2017. Every record goes to exactly one client.
import { drawDirichlet } from "../math/dirichlet.js";
import type { Random } from "../math/random.js";

export type Partition =
  | { readonly kind: "iid" }
  /** Each class is dealt out by its own Dirichlet draw: `alpha` of 100 is nearly iid, of 0.1 one or two classes per client. */
  | { readonly kind: "dirichlet"; readonly alpha: number }
  /** Records sorted by class, cut into `perClient` shards for every client, shards dealt at random. */
  | { readonly kind: "shards"; readonly perClient: number };

/**
 * Positions in `labels` for each of `clients` clients, shuffled. No client stays empty: one that a draw leaves so gets a record of the client
 * that has most. Throws RangeError when there are fewer records than clients (or shards).
 */
export function partitionRecords(
  labels: readonly number[],
  clients: number,
  partition: Partition,
  random: Random,
): number[][] {
  const shards = partition.kind === "shards" ? partition.perClient * clients : clients;
  if (![clients, shards].every((count) => Number.isInteger(count) && count >= 1 && count <= labels.length)) {
    const asked =
      partition.kind === "shards" ? `${clients} clients with ${partition.perClient} shards each` : `${clients} clients`;
    throw new RangeError(`${labels.length} records cannot be dealt to ${asked}: each takes a record or more`);
  }
  const dealt = deal(labels, clients, partition, random);
  for (const empty of dealt.filter((held) => held.length === 0)) {
    const richest = dealt.reduce((most, held) => (held.length > most.length ? held : most));
    empty.push(richest.pop()!);
  }
  return dealt.map((held, client) => random.split("order", client).shuffle(held));
}

function deal(labels: readonly number[], clients: number, partition: Partition, random: Random): number[][] {
  const shuffled = random.split("records").shuffle(labels.map((_, record) => record));
  if (partition.kind === "iid") return cut(shuffled, even(clients));
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  const byClass = classes.map((label) => shuffled.filter((record) => labels[record] === label));
  if (partition.kind === "shards") {
    const shards = random.split("shards").shuffle(cut(byClass.flat(), even(clients * partition.perClient)));
    return Array.from({ length: clients }, (_, client) =>
      shards.slice(client * partition.perClient, (client + 1) * partition.perClient).flat(),
    );
  }
  const parts = byClass.map((records, i) =>
    cut(records, drawDirichlet(random.split("class", classes[i]!), partition.alpha, clients)),
  );
  return Array.from({ length: clients }, (_, client) => parts.flatMap((part) => part[client]!));
}

const even = (count: number) => new Float64Array(count).fill(1 / count);

/** Consecutive runs of `items`, as long as `shares` (which add up to 1) say, to within one item. */
function cut(items: readonly number[], shares: Float64Array): number[][] {
  let sum = 0;
  let from = 0;
  return Array.from(shares, (share, position) => {
    sum += share;
    const to = position === shares.length - 1 ? items.length : Math.round(sum * items.length);
    const run = items.slice(from, to);
    from = to;
    return run;
  });
}
