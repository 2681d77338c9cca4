// One row per cell as comma-separated values (RFC 4180), for spreadsheets and statistics. Figures are as in audit.json; an empty field is
// undefined. Texts that a spreadsheet would take for a formula are led by an apostrophe.
import type { AuditJson, CellJson } from "../audit/audit-json.js";

type Field = string | number | boolean | null | undefined;

const columns: readonly (readonly [name: string, of: (cell: CellJson) => Field])[] = [
  ["threat", ({ threat }) => threat],
  ["attack", ({ attack }) => attack],
  ["defense", ({ defense }) => defense],
  ["adaptive", ({ adaptive }) => adaptive],
  ["seed", (cell) => cell.case.seed],
  ["status", ({ status }) => status],
  ["reason", ({ reason }) => reason],
  ["images", ({ images }) => images.length],
  ["leaked", ({ images }) => images.filter(({ leaked }) => leaked).length],
  ["labels", ({ recipe }) => recipe.labels],
  ["label_accuracy", ({ labels }) => labels?.accuracy],
  ["control", ({ control }) => control.status],
  ["own_control", ({ ownControl }) => ownControl.status],
  ["seconds", ({ budget }) => budget.seconds],
  ["iterations", ({ budget }) => budget.iterations],
  ["exhausted", ({ budget }) => budget.exhausted],
  ["accuracy_with", ({ utility }) => utility?.accuracyWith],
  ["accuracy_without", ({ utility }) => utility?.accuracyWithout],
  ["distortion", ({ utility }) => utility?.distortion],
  ["bytes", ({ utility }) => utility?.bytes],
  ["bytes_without", ({ utility }) => utility?.bytesWithout],
  ["defense_seconds", ({ utility }) => utility?.seconds],
  ["key", ({ key }) => key],
];

function field(value: Field): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text of cells.csv: a header, then one row per cell. */
export function renderCsv({ cells }: AuditJson): string {
  const metrics = [...new Set(cells.flatMap(({ scores }) => Object.keys(scores)))];
  const scored = metrics.flatMap((id) =>
    (["mean", "best"] as const).flatMap((figure) => [
      [`${id}_${figure}`, ({ scores }: CellJson) => scores[id]?.[figure]] as const,
      [`${id}_${figure}_floor`, ({ floor }: CellJson) => floor[id]?.[figure]] as const,
    ]),
  );
  const all = [...columns.slice(0, -1), ...scored, ...columns.slice(-1)];
  const rows = [all.map(([name]) => field(name)), ...cells.map((cell) => all.map(([, of]) => field(of(cell))))];
  return `${rows.map((row) => row.join(",")).join("\r\n")}\r\n`;
}
