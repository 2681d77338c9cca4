// Detectability: whether a client could have noticed the rewritten model that a malicious server sent, beside what came back.
import type { AuditJson } from "../../../src/audit/audit-json.js";

export function Detection({ audit }: { audit: AuditJson }) {
  const active = audit.cells.some(({ recipe }) => recipe.handed.includes("activeManipulation"));
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        Could a client have noticed?
      </h1>
      {active ? (
        <p>This audit holds no figures of detectors. Nothing is known about whether clients would notice.</p>
      ) : (
        <p>No adversary of this audit sends rewritten models, so there is nothing that a client could notice.</p>
      )}
      <p>
        Look at a model you received with <code>leakscope inspect MODEL.onnx</code>.
      </p>
    </>
  );
}
