// A reader of just the markup that the report may write, strict: quoted attributes, nested tags, no stray angle bracket.

const voids = new Set(["meta", "img", "br", "input", "line", "polyline"]);
const token = /<!doctype html>|<\/([a-z][a-z0-9]*)>|<([a-z][a-z0-9]*)((?: [a-zA-Z0-9-]+(?:="[^"<>]*")?)*)\/?>/g;

export interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** Tags in order. Throws where tags do not nest or a `<` is left that begins none: a parser of just what the report may write. */
export function tagsOf(page: string): Tag[] {
  // What stands in a script or a style sheet is read as it is, up to its end tag.
  const body = page
    .replace(/<style>[^<]*<\/style>/, "<style></style>")
    .replace(/(<script[^>]*>)[\s\S]*?<\/script>/g, "$1</script>");
  const open: string[] = [];
  const tags: Tag[] = [];
  const rest = body.replace(token, (_, closing?: string, name?: string, attributes = "") => {
    if (closing !== undefined && open.pop() !== closing) throw new Error(`</${closing}> closes nothing`);
    if (name !== undefined) {
      if (!voids.has(name)) open.push(name);
      const pairs = [...attributes.matchAll(/ ([a-zA-Z0-9-]+)(?:="([^"]*)")?/g)];
      tags.push({ name, attributes: new Map(pairs.map(([, key, value]) => [key!, value ?? ""])) });
    }
    return "";
  });
  if (open.length > 0) throw new Error(`never closed: ${open.join(" ")}`);
  const left = rest.search(/[<>]/);
  if (left >= 0) throw new Error(`not a tag: ${rest.slice(left, left + 60)}`);
  return tags;
}

/** Names of tags and attributes in order: what hostile text must not change. */
export const shapeOf = (page: string) =>
  tagsOf(page).map(({ name, attributes }) => `${name} ${[...attributes.keys()].join(" ")}`);
