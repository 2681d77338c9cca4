// What the runs of an attack look at, one after the other: clients of federations that are played here, or uploads of a capture.
import type { AttachedDefense } from "../federated/hooks.js";
import type { Trainer } from "../federated/training.js";
import type { Random } from "../math/random.js";
import { detailsOf } from "../threat/details.js";
import type { Normalization, TrainingDetails } from "../threat/observation.js";
import type { CaseSpec } from "./case.js";
import { protocolOf } from "./protocol.js";
import { openRecordings } from "./recorded-round.js";
import type { Setting } from "./setting.js";
import { type Game, playFederation, type Victim, victimsOf } from "./simulate.js";

export interface Scene extends Victim {
  readonly details: TrainingDetails;
}

export interface Scenes {
  readonly scenes: readonly Scene[];
  /** Where every client refused what the server sent: why, and whose records nobody saw for that. */
  readonly refused: (Pick<Victim, "records" | "rounds"> & { readonly reason: string }) | null;
}

export interface Games {
  readonly normalization: Normalization | null;
  /** Played one by one, since all records of all rounds would not fit into memory. */
  readonly games: readonly (() => Promise<Scenes>)[];
}

export interface GameTools {
  readonly trainer: Trainer;
  readonly random: Random;
  readonly server: Game["server"];
  readonly measureStatistics: boolean;
  readonly signal: AbortSignal;
}

/** Throws what captures or federations throw. */
export async function openGames(
  spec: CaseSpec,
  setting: Setting,
  spans: "one" | "several",
  defenses: readonly AttachedDefense[],
  { trainer, random, server, measureStatistics, signal }: GameTools,
): Promise<Games> {
  if (spec.updates !== undefined) {
    const { normalization, all } = await openRecordings(spec.updates, setting.model, spans);
    return { normalization, games: all.map((scene) => async () => ({ scenes: [scene], refused: null })) };
  }
  const { dataset, normalization, model, weights } = setting;
  const protocol = protocolOf(spec.federation, defenses);
  const games = setting.federations.map((shares, index) => async (): Promise<Scenes> => {
    const seed = Math.floor(2 ** 32 * random.split("federation", index).uniform());
    const game = {
      start: { model, weights },
      shares,
      dataset,
      normalization,
      protocol,
      seed,
      server,
      measureStatistics,
    };
    const played = await playFederation({ ...game, rounds: spec.federation.rounds }, trainer, signal);
    const scenes = victimsOf(played, shares, spans).map((victim): Scene => {
      const first = victim.rounds.find(({ clients }) => clients.has(victim.client))!;
      return { ...victim, details: detailsOf(protocol, first.clients.get(victim.client)!.samples) };
    });
    const unseen = { records: shares.flat(), rounds: played.rounds, reason: played.refused ?? "" };
    return { scenes, refused: played.refused !== null && scenes.length === 0 ? unseen : null };
  });
  return { normalization, games };
}
