import { resolve } from "node:path";
import { EsimdError } from "../../base/errors.js";
import { maskIdentifiers, quote } from "../../base/identifiers.js";
import { allPorts } from "../../serial/ports/choose.js";
import { isModemName, modemNameForm, nameOfPort } from "../modem-name.js";
import type { Config } from "./config.js";
import { nodeFileSystem } from "./files.js";
import { firstOf, inspectConfig, type LoadedConfig, type LoadRequest, namedFiles } from "./load.js";
import { modemNames } from "./modem-files.js";
import { placeOf } from "./provenance.js";

/** What the daemon serves, from all files: the modem of the main one, and one for each file in `modems.d`. */

export interface DaemonConfig {
  /** Of the main file, its drop-ins, environment and flags: the daemon's own, and the base of every modem's. */
  readonly shared: LoadedConfig;
  readonly modems: readonly ConfiguredModem[];
  /** Every other modem that is found is served with the shared configuration, too. */
  readonly findsAll: boolean;
  /** The one modem that is asked for (`--modem`). */
  readonly only?: string;
}

export interface ConfiguredModem {
  readonly name: string;
  readonly port: string;
  readonly config: Config;
  readonly loaded: LoadedConfig;
}

/** @throws EsimdError as {@link loadConfig}; also when there is nothing to serve, or two modems that are one. */
export function loadDaemonConfig(request: LoadRequest): DaemonConfig {
  const { loaded, problems } = inspectDaemonConfig(request);
  return firstOf(loaded, problems);
}

/** Finds every problem; `request.modem`: that modem alone is served. No modem at all is no problem here: see {@link requireModems}. */
export function inspectDaemonConfig(request: LoadRequest): {
  readonly loaded: DaemonConfig | undefined;
  readonly problems: readonly EsimdError[];
} {
  const { modem: only, ...forAll } = request;
  const problems: EsimdError[] = [];
  // What stands in a shared file is found again with each modem.
  const complain = (problem: EsimdError): void => {
    if (!problems.some(({ message }) => message === problem.message)) problems.push(problem);
  };
  if (only !== undefined && !isModemName(only)) {
    return {
      loaded: undefined,
      problems: [new EsimdError("usage", `--modem is ${quote(only)}; allowed is ${modemNameForm}`)],
    };
  }
  // A port on the command line is the one that is meant, and the only one; with --modem it is that modem's.
  const portGiven = request.overrides?.some(({ key }) => key === "modem.port") ?? false;
  const shared = inspectConfig(only !== undefined && portGiven ? withoutPort(forAll) : forAll);
  for (const problem of shared.problems) complain(problem);
  const names =
    only !== undefined
      ? [only]
      : portGiven
        ? []
        : modemNames(request.fileSystem ?? nodeFileSystem, namedFiles(request).paths, complain);
  const modems: ConfiguredModem[] = [];
  for (const name of names) {
    const own = inspectConfig({ ...request, modem: name });
    for (const problem of own.problems) complain(problem);
    if (own.loaded !== undefined) modems.push(configured(name, own.loaded));
  }
  const main = only === undefined ? shared.loaded : undefined;
  const port = main?.config.modem.port;
  const findsAll = port === allPorts;
  if (main !== undefined && port !== undefined && !findsAll) modems.unshift(configured(nameOfPort(port), main));
  for (const problem of conflicts(modems, findsAll ? main : undefined)) complain(problem);
  const loaded =
    problems.length > 0 || shared.loaded === undefined
      ? undefined
      : { shared: shared.loaded, modems, findsAll, ...(only === undefined ? {} : { only }) };
  return { loaded, problems };
}

/** The daemon has something to do. @throws EsimdError `config_invalid`. */
export function requireModems(config: DaemonConfig): DaemonConfig {
  if (config.findsAll || config.modems.length > 0) return config;
  throw new EsimdError("config_invalid", "modem.port is not set, so there is no modem to serve", {
    hint: "Set modem.port to the modem's AT port, by preference a name under /dev/serial/by-id, or to auto or all; or give each modem a file in modems.d.",
  });
}

function withoutPort(request: LoadRequest): LoadRequest {
  return { ...request, overrides: request.overrides?.filter(({ key }) => key !== "modem.port") };
}

function configured(name: string, loaded: LoadedConfig): ConfiguredModem {
  const { config } = loaded;
  if (config.modem.port === undefined) throw new EsimdError("unexpected", `the modem ${name} has no port`);
  return { name, port: config.modem.port, config, loaded };
}

/** Two names for one modem, and what only all modems together can be. Pure. */
function conflicts(modems: readonly ConfiguredModem[], all: LoadedConfig | undefined): readonly EsimdError[] {
  const problems: EsimdError[] = [];
  const refuse = (message: string, hint?: string): void => {
    problems.push(new EsimdError("config_invalid", message, hint === undefined ? {} : { hint }));
  };
  if (all?.config.modem.expectedEid !== undefined) {
    refuse(
      `${place(all, "modem.expected_eid")} is one modem's, and modem.port is "all"`,
      "Give that modem a file in modems.d.",
    );
  }
  for (const [index, modem] of modems.entries()) {
    if (modem.port === allPorts) {
      refuse(
        `${place(modem.loaded, "modem.port")} is "all", which no single modem can be`,
        'Only the main file takes "all".',
      );
    }
    for (const other of modems.slice(0, index)) {
      const places = (key: "modem.port" | "modem.expected_eid"): string =>
        `${place(other.loaded, key, other.name)} and ${place(modem.loaded, key, modem.name)}`;
      if (portKey(other.port) === portKey(modem.port)) {
        refuse(`${places("modem.port")} are one port, ${quote(modem.port)}`, "Give each modem a port of its own.");
      } else if (other.name === modem.name) {
        refuse(
          `${places("modem.port")} give two modems one name, ${modem.name}`,
          "Give the file in modems.d another name.",
        );
      }
      const eid = modem.config.modem.expectedEid;
      if (eid !== undefined && other.config.modem.expectedEid === eid) {
        refuse(`${places("modem.expected_eid")} are one EID, ${maskIdentifiers(eid)}`, "One eUICC is in one modem.");
      }
    }
  }
  return problems;
}

/** Where a value stands; a port that nobody wrote down follows from the modem's name. */
function place(loaded: LoadedConfig, key: "modem.port" | "modem.expected_eid", name?: string): string {
  const origin = loaded.origin(key);
  return origin.kind === "default" && name !== undefined ? `the port of modem ${name}` : placeOf(origin, key);
}

function portKey(port: string): string {
  return port.startsWith("/") ? resolve(port) : port;
}
