// The layer order of DESIGN.md section 3: imports point down only. Each layer lists what it may import besides itself.
const layers = {
  math: [],
  engine: ["math"],
  data: ["math"],
  models: ["data", "engine", "math"],
  federated: ["models", "data", "engine", "math"],
  threat: ["federated", "models", "data", "engine", "math"],
  attacks: ["threat", "federated", "models", "data", "engine", "math"],
  defenses: ["federated", "models", "data", "engine", "math"],
  metrics: ["federated", "models", "data", "engine", "math"],
  audit: ["attacks", "defenses", "metrics", "threat", "federated", "models", "data", "engine", "math"],
  report: ["audit", "threat"],
  store: ["audit"],
  jobs: ["audit", "engine"],
  server: [],
  cli: [
    "server",
    "report",
    "store",
    "jobs",
    "audit",
    "attacks",
    "defenses",
    "metrics",
    "threat",
    "federated",
    "models",
    "data",
    "engine",
    "math",
  ],
};

const notAbove = Object.entries(layers).map(([layer, below]) => ({
  name: `layer-${layer}`,
  comment: `${layer}/ may import ${below.length === 0 ? "nothing else" : below.join(", ")} only`,
  severity: "error",
  from: { path: `^src/${layer}/`, pathNot: "\\.test\\.ts$" },
  to: { path: "^src/", pathNot: `^src/(${[layer, ...below].join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...notAbove,
    {
      name: "attacks-see-only-hook-types",
      comment:
        "an attack may name the types of federated/hooks.ts (payloads, updates) and nothing else of the federation",
      severity: "error",
      from: { path: "^src/attacks/", pathNot: "\\.test\\.ts$" },
      to: { path: "^src/federated/", pathNot: "^src/federated/hooks\\.ts$" },
    },
    {
      name: "engine-stands-alone",
      comment: "engine/ is made of engine/, math/ and the protobuf writer; only a backend loads a runtime",
      severity: "error",
      from: { path: "^src/engine/", pathNot: "(^src/engine/backends/(node-|web-|runtime\\.)|\\.test\\.ts$)" },
      to: { pathNot: "^src/(engine|math)/|(^|/)node_modules/@bufbuild/protobuf/" },
    },
    {
      name: "engine-runs-in-the-browser",
      comment: "no Node built-in and no Node package above engine/backends/node-*",
      severity: "error",
      from: { path: "^src/(engine|math)/", pathNot: "(^src/engine/backends/node-|\\.test\\.ts$)" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "engine-backends-only",
      comment: "only a backend may load the runtime",
      severity: "error",
      from: { path: "^src/", pathNot: "(^src/engine/backends/(node-|web-|runtime\\.)|\\.test\\.ts$)" },
      to: { path: "node_modules/onnxruntime-" },
    },
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
    doNotFollow: { path: "node_modules" },
  },
};
