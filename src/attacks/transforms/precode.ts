// Steps around PRECODE: gradients of the bottleneck and of the layers behind it depend on noise that only the client knows, and are left out
// of the comparison; those before it are compared (Scheliga, Mäder, Seeland, arXiv 2208.04767; spec/defenses.md 20, bypass ii).

/** True from the first tensor of the bottleneck on. */
export function fromBottleneck(names: readonly string[]): boolean[] {
  const first = names.findIndex((name) => name.startsWith("precode."));
  return names.map((_, position) => first >= 0 && position >= first);
}
