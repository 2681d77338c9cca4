// Leads values through the hooks of a round's defenses in canonical order, each with its own stream and memory, and keeps their receipts.
import type { Random } from "../math/random.js";
import { hidesUploads } from "./compose.js";
import type { AttachedDefense, ClientId, Hooks, Memory, PeerMessage } from "./hooks.js";
import type { FederationMemory } from "./memory.js";
import { closeBook, note, openBook, type Receipt } from "./receipt.js";

/** What a defense has to itself at one hook. */
export interface Own {
  readonly random: Random;
  readonly memory: Memory;
}

type Place = ClientId | "server";

export interface Pipeline {
  readonly defenses: readonly AttachedDefense[];
  readonly round: number;
  /**
   * Lets every defense that has `hook` change `value`. `scope` names what the value is one of: distortions are measured within a scope, so
   * that the gradient of one local step is not compared with another's.
   */
  through<K extends keyof Hooks, V>(
    hook: K,
    place: Place,
    value: V,
    apply: (act: NonNullable<Hooks[K]>, value: V, own: Own, defense: string) => V,
    options?: { readonly scope?: string; readonly only?: (defense: AttachedDefense) => boolean },
  ): V;
  own(defense: AttachedDefense, hook: keyof Hooks, place: Place): Own;
  /** A defense that did something which no value shows: a verdict, a term of the loss. */
  acted(defense: AttachedDefense): void;
  /** Time that was spent on what a defense needs, outside its hooks. */
  spent(defense: AttachedDefense, milliseconds: number): void;
  relayed(defense: AttachedDefense, messages: readonly PeerMessage[], milliseconds: number): void;
  receipts(): Receipt[];
}

export function openPipeline(
  defenses: readonly AttachedDefense[],
  round: number,
  random: Random,
  memory: FederationMemory,
): Pipeline {
  const books = new Map(defenses.map(({ id }) => [id, openBook()]));
  const streams = new Map<string, Random>();

  function own({ id }: AttachedDefense, hook: keyof Hooks, place: Place): Own {
    // By hook too: two hooks of one defense must not draw the same numbers. Kept, so that local steps do not either.
    const key = `${place} ${hook} ${id}`;
    const stream = streams.get(key) ?? random.split("defense", id, round, hook, place);
    streams.set(key, stream);
    return { random: stream, memory: memory.of(id, place) };
  }

  return {
    defenses,
    round,
    own,
    through(hook, place, value, apply, { scope = "upload", only = () => true } = {}) {
      return defenses.filter(only).reduce((current, defense) => {
        const act = defense.hooks[hook];
        if (!act) return current;
        const started = performance.now();
        const next = apply(act as NonNullable<typeof act>, current, own(defense, hook, place), defense.id);
        note(books.get(defense.id)!, {
          place,
          scope,
          before: current,
          after: next,
          milliseconds: performance.now() - started,
        });
        return next;
      }, value);
    },
    acted: ({ id }) => {
      books.get(id)!.identity = false;
    },
    spent: ({ id }, milliseconds) => {
      books.get(id)!.milliseconds += milliseconds;
    },
    relayed: ({ id }, messages, milliseconds) => {
      const book = books.get(id)!;
      book.milliseconds += milliseconds;
      for (const { body } of messages) book.peerBytes += body.length;
    },
    receipts: () => defenses.map((defense) => closeBook(defense.id, books.get(defense.id)!, !hidesUploads(defense))),
  };
}
