/**
 * Rules files of udev as udev(7) describes them: keys, operators, quoting, and what a file must hold as a whole. It refuses what udev would
 * only complain of in its log, where nobody looks.
 */

export interface Token {
  readonly key: string;
  /** What stands in braces behind the key; undefined without. */
  readonly attribute: string | undefined;
  readonly operator: Operator;
  readonly value: string;
}

const operators = ["==", "!=", "+=", "-=", ":=", "="] as const;
export type Operator = (typeof operators)[number];

export interface Rule {
  readonly line: number;
  readonly tokens: readonly Token[];
}

type Kind = "match" | "assign";
interface KeySpec {
  /** Whether braces must, may or must not follow. */
  readonly braces: "must" | "may" | "no";
  readonly kinds: readonly Kind[];
  /** Operators that assign; `=` alone when left out. */
  readonly assigns?: readonly Operator[];
  readonly braced?: RegExp;
}

const match = ["match"] as const;
const both = ["match", "assign"] as const;
const assign = ["assign"] as const;
const list = ["=", "+=", "-=", ":="] as const;

/** The keys of udev(7), systemd 252 to 257. */
const keys: Readonly<Record<string, KeySpec>> = {
  ACTION: { braces: "no", kinds: match },
  DEVPATH: { braces: "no", kinds: match },
  KERNEL: { braces: "no", kinds: match },
  KERNELS: { braces: "no", kinds: match },
  NAME: { braces: "no", kinds: both, assigns: ["=", ":="] },
  SYMLINK: { braces: "no", kinds: both, assigns: list },
  SUBSYSTEM: { braces: "no", kinds: match },
  SUBSYSTEMS: { braces: "no", kinds: match },
  DRIVER: { braces: "no", kinds: match },
  DRIVERS: { braces: "no", kinds: match },
  ATTR: { braces: "must", kinds: both },
  ATTRS: { braces: "must", kinds: match },
  SYSCTL: { braces: "must", kinds: both },
  ENV: { braces: "must", kinds: both, assigns: ["=", "+="], braced: /^[A-Za-z0-9_.]+$/ },
  CONST: { braces: "must", kinds: match, braced: /^(arch|virt|cvm)$/ },
  TAG: { braces: "no", kinds: both, assigns: list },
  TAGS: { braces: "no", kinds: match },
  TEST: { braces: "may", kinds: match, braced: /^[0-7]{3,4}$/ },
  PROGRAM: { braces: "no", kinds: match },
  RESULT: { braces: "no", kinds: match },
  OWNER: { braces: "no", kinds: assign, assigns: ["=", ":="] },
  GROUP: { braces: "no", kinds: assign, assigns: ["=", ":="] },
  MODE: { braces: "no", kinds: assign, assigns: ["=", ":="] },
  SECLABEL: { braces: "must", kinds: assign, assigns: ["=", "+=", ":="] },
  RUN: { braces: "may", kinds: assign, assigns: list, braced: /^(program|builtin)$/ },
  LABEL: { braces: "no", kinds: assign },
  GOTO: { braces: "no", kinds: assign },
  IMPORT: { braces: "must", kinds: match, braced: /^(program|builtin|file|db|cmdline|parent)$/ },
  OPTIONS: { braces: "no", kinds: assign, assigns: ["=", "+=", ":="] },
};

const substitutions =
  /^(%%|\$\$|%[knpbMmcPrSN]|%[sEc]\{[^}]+\}|\$(kernel|number|devpath|id|driver|major|minor|result|parent|name|links|root|sys|devnode)\b|\$(attr|env|sysfs)\{[^}]+\})/;

/** @throws Error that names the line and what is wrong. */
export function parseRules(text: string): readonly Rule[] {
  if (/[^\t\n\x20-\x7e]/.test(text)) throw new Error("a character that is not printable ASCII");
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line does not end");
  const rules: Rule[] = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let content = lines[index] ?? "";
    if (/^\s*(#|$)/.test(content)) continue;
    while (content.endsWith("\\")) {
      const next = lines[++index];
      if (next === undefined || /^\s*(#|$)/.test(next)) throw new Error(`line ${line}: goes on, and nothing follows`);
      content = content.slice(0, -1) + next;
    }
    rules.push({ line, tokens: parseRule(content, line) });
  }
  checkJumps(rules);
  return rules;
}

function parseRule(content: string, line: number): readonly Token[] {
  const tokens: Token[] = [];
  const wrong = (what: string): Error => new Error(`line ${line}: ${what}`);
  let rest = content.trim();
  while (rest !== "") {
    const found = /^([A-Z]+)(?:\{([^}]*)\})?\s*(==|!=|\+=|-=|:=|=)\s*(e?)"((?:[^"\\]|\\.)*)"(\s*,\s*|\s+|$)/.exec(rest);
    if (found === null) throw wrong(`no key, operator and quoted value at: ${rest.slice(0, 40)}`);
    const [whole, key = "", attribute, operator = "", , value = "", separator = ""] = found;
    const token = { key, attribute, operator: operatorOf(operator), value };
    const problem = problemOf(token);
    if (problem !== undefined) throw wrong(problem);
    tokens.push(token);
    rest = rest.slice(whole.length);
    // udev takes spaces alone, too; `udevadm verify` does not like it.
    if (rest !== "" && !/^, \s*$/.test(separator))
      throw wrong(`keys are separated by a comma and a space, behind ${key}`);
    if (rest === "" && separator.includes(",")) throw wrong("a comma behind the last key");
  }
  const labels = tokens.filter(({ key }) => key === "LABEL").length;
  if (labels > 1 || (labels === 1 && tokens.length > 1)) throw wrong("a label stands alone");
  if (!tokens.some(isAssignment)) throw wrong("a rule that does nothing");
  return tokens;
}

function operatorOf(text: string): Operator {
  const operator = operators.find((one) => one === text);
  if (operator === undefined) throw new Error(`no operator: ${text}`);
  return operator;
}

export function isAssignment({ operator }: Token): boolean {
  return operator !== "==" && operator !== "!=";
}

function problemOf(token: Token): string | undefined {
  const { key, attribute, operator, value } = token;
  const spec = keys[key];
  if (spec === undefined) return `udev knows no key ${key}`;
  if (spec.braces === "must" && (attribute ?? "") === "") return `${key} wants {…}`;
  if (spec.braces === "no" && attribute !== undefined) return `${key} takes no {…}`;
  if (attribute !== undefined && spec.braced !== undefined && !spec.braced.test(attribute))
    return `${key} does not know {${attribute}}`;
  if (isAssignment(token)) {
    if (!spec.kinds.includes("assign")) return `${key} can only be asked for, by == or !=`;
    if (!(spec.assigns ?? ["="]).includes(operator)) return `${key} does not take ${operator}`;
  } else if (!spec.kinds.includes("match")) return `${key} can only be set`;
  if (key === "MODE" && !/^[0-7]{3,4}$/.test(value)) return `no mode: ${value}`;
  if (key === "ACTION" && !/^(add|remove|change|move|online|offline|bind|unbind)(\|\w+)*$/.test(value))
    return `no action of the kernel: ${value}`;
  if (isAssignment(token)) {
    for (const [place] of value.matchAll(/[%$].*/g))
      if (!substitutions.test(place)) return `no substitution of udev: ${place}`;
  }
  return undefined;
}

/** A jump goes forward, to a label that is there once (udev(7): GOTO "jumps to the next LABEL with a matching name"). */
function checkJumps(rules: readonly Rule[]): void {
  const valuesOf = (key: string): { line: number; value: string }[] =>
    rules.flatMap(({ line, tokens }) => tokens.filter((one) => one.key === key).map(({ value }) => ({ line, value })));
  const [labels, jumps] = [valuesOf("LABEL"), valuesOf("GOTO")];
  for (const { line, value } of labels) {
    if (labels.filter((other) => other.value === value).length > 1)
      throw new Error(`line ${line}: label ${value} twice`);
    if (!jumps.some((jump) => jump.value === value)) throw new Error(`line ${line}: nothing goes to label ${value}`);
  }
  for (const { line, value } of jumps)
    if (!labels.some((label) => label.value === value && label.line > line))
      throw new Error(`line ${line}: no label ${value} follows`);
}
