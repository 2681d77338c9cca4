// The catalogue that the build put in: every row of the systematisation, and what this build has of it.
import rows from "virtual:catalogue";

export interface Measured {
  readonly bar: string;
  readonly measured: number;
  readonly verdict: string;
  readonly seeds: number;
  readonly data: string;
}

export interface ProofRow {
  readonly id: string;
  readonly claim: string;
  /** Where its bars come from: published, measured, estimated … */
  readonly marks: readonly string[];
  readonly bars: number;
  readonly knownFailures: number;
  readonly measured: readonly Measured[];
}

export interface CatalogueRow {
  readonly kind: "attack" | "defense" | "metric";
  readonly id: string;
  readonly title: string;
  /** The systematisation's own number; null where it gives none. */
  readonly reference: string | null;
  readonly group: string;
  /** Whether the systematisation lists it. */
  readonly listed: boolean;
  readonly built: boolean;
  readonly paper?: { readonly text: string; readonly url: string };
  readonly weakest?: string | null;
  readonly summary?: string;
  readonly source?: string;
  readonly advice?: string;
  readonly inFrameworks?: Readonly<Record<string, string>>;
  /** What was filled in where the method's text leaves parts open. */
  readonly reconstructed?: string;
  readonly evidence?: { readonly bars: number; readonly measured: number; readonly held: number };
  readonly proofs?: readonly ProofRow[];
  readonly command?: string;
  readonly docs?: string;
}

export const catalogue: readonly CatalogueRow[] = rows;
