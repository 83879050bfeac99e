/** Pure parsing of answer lines. Modems differ in spaces, quotes and case; everything here takes all forms that were met. */

/** The text behind `prefix:`, or undefined when the line has another prefix. `+X: a`, `+X:a` and `+X : a` all occur. */
export function afterPrefix(line: string, prefix: string): string | undefined {
  if (line.slice(0, prefix.length).toUpperCase() !== prefix.toUpperCase()) return undefined;
  const rest = /^\s*:\s*(.*)$/.exec(line.slice(prefix.length));
  return rest?.[1];
}

/** Splits at commas outside double quotes; quotes are removed, spaces around a field too. */
export function splitFields(text: string): string[] {
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    else if (char === "," && !quoted) {
      fields.push(field.trim());
      field = "";
    } else field += char;
  }
  fields.push(field.trim());
  return fields;
}

/** A bare value that some firmware prefixes or quotes: `SIM7600`, `+CGMM: "SIM7600"`. */
export function bareValue(line: string, prefix: string): string {
  return (afterPrefix(line, prefix) ?? line).trim().replace(/^"(.*)"$/, "$1");
}
