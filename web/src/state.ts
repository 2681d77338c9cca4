// What is shown: the audit, and what follows from it alone. Set it again and every screen follows, as a running audit's page does.
import { computed, signal } from "@preact/signals";
import type { AuditJson } from "../../src/audit/audit-json.js";
import { groupCells } from "../../src/report/groups.js";
import { matrixOf } from "../../src/report/matrix.js";
import { judge } from "../../src/report/verdict.js";

const current = signal<AuditJson | null>(null);

/** The audit that is shown, or null before there is one. */
export const audit = computed(() => current.value);

/** Shows an audit, from which what its policy withholds was taken (src/report/visible-pictures.ts). */
export function showAudit(next: AuditJson): void {
  current.value = next;
}

/** An audit to compare with. */
export const other = signal<{ readonly name: string; readonly audit: AuditJson } | null>(null);

export const verdict = computed(() => current.value && judge(current.value));
export const groups = computed(() => groupCells(current.value?.cells ?? []));
export const matrix = computed(() => matrixOf(current.value ?? { cells: [] }));

/** The group that a cell belongs to. */
export const groupOfCell = computed(
  () => new Map(groups.value.flatMap((group) => group.cells.map((cell) => [cell, group] as const))),
);
