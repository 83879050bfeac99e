/** The content of an element: text with placeholders, `S/N {serial}`. A brace that is meant stands twice. Pure. */

const part = /\{\{|\}\}|\{([A-Za-z][A-Za-z0-9_-]{0,31})\}|[{}]/g;

/** What is wrong with a content, as the end of a sentence; undefined for a good one. */
export function faultInContent(content: string): string | undefined {
  for (const [whole, name] of content.matchAll(part)) {
    if (name === undefined && whole.length === 1)
      return `has a ${whole} that is part of no {name}; write ${whole}${whole} for the sign itself`;
  }
  return undefined;
}

export type Filled =
  | { readonly kind: "filled"; readonly text: string }
  | { readonly kind: "missing"; readonly name: string };

/** With the values in place, or the first name that has none. */
export function fillContent(content: string, values: ReadonlyMap<string, string>): Filled {
  let missing: string | undefined;
  const text = content.replace(part, (whole: string, name: string | undefined) => {
    if (name === undefined) return whole.charAt(0);
    const value = values.get(name);
    if (value === undefined) missing ??= name;
    return value ?? "";
  });
  return missing === undefined ? { kind: "filled", text } : { kind: "missing", name: missing };
}
