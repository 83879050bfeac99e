/** Manual pages in the language of man(7), from plain sentences in which `code` may stand. Pure. */

/** A sentence: `code` becomes bold, and nothing in it is taken for a command of roff. */
export function prose(text: string): string {
  const parts = text.split("`");
  // A backtick that has no partner is a backtick.
  const closed = parts.length % 2 === 1 ? parts : [...parts.slice(0, -2), `${parts.at(-2)}\`${parts.at(-1)}`];
  const line = closed.map((part, i) => (i % 2 === 1 ? `\\fB${literal(part)}\\fR` : escaped(part))).join("");
  return line
    .split("\n")
    .map((one) => (/^[.']/.test(one) ? `\\&${one}` : one))
    .join("\n");
}

/** Text that is typed as it stands: its hyphens are minus signs, so that it can be searched and copied. */
export function literal(text: string): string {
  return escaped(text).replaceAll("-", "\\-");
}

export function bold(text: string): string {
  return `\\fB${literal(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${literal(text)}\\fR`;
}

/** A term and what it means. */
export function tagged(term: string, ...paragraphs: readonly string[]): string {
  const [first = "", ...rest] = paragraphs;
  return [".TP", term, first, ...rest.flatMap((paragraph) => [".IP", paragraph])].join("\n");
}

export function section(title: string, ...blocks: readonly string[]): string {
  return [`.SH ${title.toUpperCase()}`, ...blocks].join("\n");
}

export interface PageHead {
  readonly name: string;
  readonly section: 1 | 5 | 7 | 8;
  readonly summary: string;
  readonly version: string;
  /** YYYY-MM-DD. */
  readonly date: string;
}

export function page(head: PageHead, ...sections: readonly string[]): string {
  return [
    '.\\" Made from the source of esimd by npm run package.',
    `.TH ${head.name.toUpperCase().replaceAll("-", "\\-")} ${head.section} "${head.date}" "esimd ${escaped(head.version)}" "esimd"`,
    ".nh",
    ".ad l",
    section("Name", `${literal(head.name)} \\- ${escaped(head.summary)}`),
    ...sections,
    "",
  ].join("\n");
}

function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("'", "\\(aq")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("`", "\\(ga")
    .replace(/[^\p{ASCII}]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, "0")}]`;
    });
}
