// The page of a metric as Markdown, from its definition.
import { code, generated, list, page, section, table } from "./markdown.js";

/** The whole page. */
export const metricPage = ({ id, title, source, unit, moreLeakage, range, needs, variants, defaultVariant }) =>
  page(
    generated("the metric's definition"),
    `# ${title} (${code(id)})`,
    `Definition: ${source}.`,
    list([
      `From ${range[0]} to ${range[1]}${unit ? ` ${unit}` : ""}; **${moreLeakage}** means that more was given away.`,
      needs.includes("gallery")
        ? "Looks for the original among all pictures of the data set."
        : "Compares each reconstruction with its own original.",
    ]),
    section(
      "Variants",
      table(
        ["as it is written in a configuration", "what it is", ""],
        Object.entries(variants).map(([variant, { title: words }]) => [
          code(`${id}/${variant}`),
          words,
          variant === defaultVariant ? `default: ${code(id)}` : "",
        ]),
      ),
    ),
    "Figures of different variants are not comparable; every stored figure carries its variant's name.",
  );

/** The table of all metrics. */
export const metricIndex = (metrics) =>
  page(
    generated("the definitions of metrics"),
    "# Metrics",
    "How much of a picture came back. [Attacks](../attacks/README.md), [defenses](../defenses/README.md).",
    table(
      ["id", "metric", "more leakage when", "variants"],
      metrics.map(({ id, title, moreLeakage, variants }) => [
        ...[`[${code(id)}](${id}.md)`, title, moreLeakage, Object.keys(variants).length],
      ]),
    ),
  );
