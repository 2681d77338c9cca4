// The settings of the audit in one line that is on every screen, and all of them behind it.
import type { AuditJson } from "../../../src/audit/audit-json.js";
import { formatSeconds } from "../../../src/report/figures.js";
import { count } from "../../../src/report/words.js";
import { Term } from "./text.js";

export function Settings({ audit }: { audit: AuditJson }) {
  const { config, data, tool, machine, startedAt, seconds } = audit;
  const { algorithm, clients, batchSize, localEpochs, rounds, mode } = config.federation;
  return (
    <details class="settings">
      <summary>
        <strong>{config.model.name}</strong>
        {` · ${count(data.records.length, "picture")} of ${data.id}${data.synthetic ? " (drawn)" : ""} · ${algorithm}, ${count(clients, "client")}, batch ${batchSize}`}
        {algorithm !== "FedSGD" && `, ${count(localEpochs, "local epoch")}`}
        {` · labels ${config.labels} · seed ${config.seed}`}
      </summary>
      <dl class="terms">
        <Term name="Federation">
          {`${algorithm}, ${count(clients, "client")}, batches of ${batchSize}, ${count(rounds, "round")}, learning rate ${config.federation.learningRate}, BatchNorm in ${mode} mode with ${config.federation.bnStats} statistics`}
        </Term>
        <Term name="Data">
          {`${data.id}, records ${data.records.slice(0, 20).join(", ")}${data.records.length > 20 ? " …" : ""}; classes ${data.classes.slice(0, 20).join(", ")}${data.classes.length > 20 ? " …" : ""}`}
        </Term>
        <Term name="Budget">{formatSeconds(config.budget.seconds)} per cell</Term>
        <Term name="Tool">
          {tool.name} {tool.version}, code <code>{tool.code}</code>, format {audit.schemaVersion}
        </Term>
        <Term name="Machine">
          {`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}, ${machine.runtime}, backend ${machine.backend}`}
        </Term>
        <Term name="Run">
          started <time dateTime={startedAt}>{startedAt}</time>, took {formatSeconds(seconds)}
        </Term>
      </dl>
      <details>
        <summary>Configuration as resolved</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways */}
        <pre tabIndex={0}>{JSON.stringify(config, null, 2)}</pre>
      </details>
    </details>
  );
}
