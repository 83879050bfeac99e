import { isAssignment, type Rule, type Token } from "./udev-grammar.js";

/** What udev does to a device by a set of rules, as far as esimd's own use it (udev(7)). A key beyond that is refused, not ignored. */

/** A device of sysfs and those above it, itself first. */
export interface SysNode {
  readonly kernel: string;
  readonly subsystem: string;
  readonly driver?: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface UdevEvent {
  readonly action: string;
  readonly chain: readonly SysNode[];
}

export interface Outcome {
  readonly properties: ReadonlyMap<string, string>;
  readonly symlinks: readonly string[];
  readonly tags: readonly string[];
  readonly group: string | undefined;
  readonly mode: string | undefined;
}

/** Keys that look upwards: all of one rule must hold for one device. */
const upwards: ReadonlySet<string> = new Set(["KERNELS", "SUBSYSTEMS", "DRIVERS", "ATTRS"]);

export function applyRules(files: readonly (readonly Rule[])[], event: UdevEvent): Outcome {
  const machine = new Machine(event);
  for (const rules of files) machine.run(rules);
  return machine;
}

class Machine implements Outcome {
  readonly properties = new Map<string, string>();
  symlinks: string[] = [];
  tags: string[] = [];
  group: string | undefined;
  mode: string | undefined;
  readonly #event: UdevEvent;

  constructor(event: UdevEvent) {
    this.#event = event;
  }

  run(rules: readonly Rule[]): void {
    let skipTo: string | undefined;
    for (const { tokens } of rules) {
      const label = tokens.find(({ key }) => key === "LABEL")?.value;
      if (skipTo !== undefined && label !== skipTo) continue;
      skipTo = undefined;
      const parent = this.#matches(tokens);
      if (parent === undefined) continue;
      for (const token of tokens.filter(isAssignment)) {
        if (token.key === "GOTO") skipTo = token.value;
        else this.#assign(token, parent);
      }
    }
  }

  /** The device that the keys which look upwards were about, or the event's own; undefined: the rule does not apply. */
  #matches(tokens: readonly Token[]): SysNode | undefined {
    const conditions = tokens.filter((token) => !isAssignment(token));
    const [own] = this.#event.chain;
    if (own === undefined) throw new Error("an event without a device");
    if (!conditions.filter(({ key }) => !upwards.has(key)).every((token) => this.#holds(token, own))) return undefined;
    const above = conditions.filter(({ key }) => upwards.has(key));
    if (above.length === 0) return own;
    return this.#event.chain.find((node) => above.every((token) => this.#holds(token, node)));
  }

  #holds({ key, attribute = "", operator, value }: Token, node: SysNode): boolean {
    const is = this.#valueOf(key, attribute, node);
    // An attribute that is not there matches nothing, and does not differ from anything either; a property that is not set is empty.
    if (is === undefined) return false;
    const any = value.split("|").some((one) => globOf(one).test(is));
    return operator === "!=" ? !any : any;
  }

  #valueOf(key: string, attribute: string, node: SysNode): string | undefined {
    switch (key) {
      case "ACTION":
        return this.#event.action;
      case "SUBSYSTEM":
      case "SUBSYSTEMS":
        return node.subsystem;
      case "KERNEL":
      case "KERNELS":
        return node.kernel;
      case "DRIVERS":
        return node.driver ?? "";
      case "ATTR":
      case "ATTRS":
        return node.attributes[attribute];
      case "ENV":
        return this.properties.get(attribute) ?? "";
      default:
        throw new Error(`the machine does not know ${key}`);
    }
  }

  #assign({ key, attribute = "", operator, value }: Token, parent: SysNode): void {
    const text = this.#substituted(value, parent);
    switch (key) {
      case "LABEL":
        break;
      case "ENV": {
        const before = this.properties.get(attribute);
        this.properties.set(attribute, operator === "+=" && before !== undefined ? `${before} ${text}` : text);
        break;
      }
      case "SYMLINK":
        this.symlinks = [...(operator === "+=" ? this.symlinks : []), ...text.split(" ")];
        break;
      case "TAG":
        this.tags = [...(operator === "+=" ? this.tags : []), text];
        break;
      case "GROUP":
        this.group = text;
        break;
      case "MODE":
        this.mode = text;
        break;
      default:
        throw new Error(`the machine does not set ${key}`);
    }
  }

  #substituted(value: string, parent: SysNode): string {
    const [own] = this.#event.chain;
    return value.replace(/\$(kernel|attr|env)(?:\{([^}]+)\})?/g, (_whole, what: string, name = "") => {
      if (what === "kernel") return own?.kernel ?? "";
      if (what === "env") return this.properties.get(name) ?? "";
      return own?.attributes[name] ?? parent.attributes[name] ?? "";
    });
  }
}

/** `*`, `?` and `[…]` as udev(7) has them. */
function globOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s");
}
