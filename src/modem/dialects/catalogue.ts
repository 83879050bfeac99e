import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { compileDialect } from "./compile.js";
import type { Dialect } from "./dialect.js";
import { checkedDialects } from "./own-checked.js";
import type { DialectSpec } from "./spec.js";

/** A dialect out of a file of the operator's. */
export interface GivenDialect {
  readonly spec: DialectSpec;
  /** The file's path. */
  readonly origin: string;
}

/** What this esimd can speak. */
export interface Catalogue {
  /** In the order of asking. */
  readonly dialects: readonly Dialect[];
  /** For a modem that is recognised as none of the others and opens a channel to its eUICC. */
  readonly fallback: Dialect;
  /** @throws EsimdError `config_invalid` for a name that does not exist. */
  find(name: string): Dialect;
}

const builtIn = "esimd";
/** The dialect that fits every modem. */
const fallbackName = "etsi-apdu";

/** A given dialect takes the place of esimd's own of the same name; a new one is asked for before all of them. */
export function createCatalogue(given: readonly GivenDialect[] = []): Catalogue {
  const own = checkedDialects.map((spec) => compileDialect(spec, builtIn));
  const compiled = given.map(({ spec, origin }) => compileDialect(spec, origin));
  const isOwn = ({ name }: Dialect): boolean => own.some((dialect) => dialect.name === name);
  const all = [
    ...compiled.filter((dialect) => !isOwn(dialect)),
    ...own.map((dialect) => compiled.find(({ name }) => name === dialect.name) ?? dialect),
  ];
  const fallback = all.find(({ name }) => name === fallbackName);
  if (fallback === undefined) throw new Error("the catalogue has no dialect for raw card access");
  return {
    dialects: all,
    fallback,
    find: (name) => {
      const dialect = all.find((one) => one.name === name);
      if (dialect !== undefined) return dialect;
      const known = all.map((one) => one.name).join(", ");
      throw new EsimdError("config_invalid", `there is no dialect ${quote(name)}; known are auto, ${known}`);
    },
  };
}
