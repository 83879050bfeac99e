import { EsimdError, isEsimdError } from "../../base/errors.js";
import { callbackProblem } from "./callbacks.js";
import type { Config } from "./config.js";
import { type ConfigFileSystem, nodeFileSystem } from "./files.js";
import {
  type Complain,
  dropIns,
  type Entry,
  environmentEntries,
  fileEntries,
  flagEntries,
  type Override,
  systemdEntries,
} from "./layers.js";
import { modemEntries } from "./modem-files.js";
import { type Origin, placeOf } from "./provenance.js";
import { resolved } from "./resolved.js";
import { type ConfigKey, configKeys, configSchema, defaultOfKey, type SecretKey } from "./schema.js";
import { type FoundSecret, findSecret } from "./secrets.js";

export type { Config } from "./config.js";
export type { Override } from "./layers.js";
export type { ConfigKey, SecretKey } from "./schema.js";

export interface LoadRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From `--config`; each must exist. Left out: ESIMD_CONFIG, which must exist, or the default file, which may be absent. */
  readonly files?: readonly string[] | undefined;
  readonly overrides?: readonly Override[] | undefined;
  /** Defaults of the caller in place of the built-in ones: a one-shot command logs less than the daemon. */
  readonly defaults?: Readonly<Partial<Record<ConfigKey, string>>> | undefined;
  /** node:fs when left out. */
  readonly fileSystem?: ConfigFileSystem | undefined;
  /** `/etc/esimd/config.toml` when left out. */
  readonly defaultFile?: string | undefined;
  /** As the modem of this name has it: its file in `modems.d` lies over the other files. */
  readonly modem?: string | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Where the value of a key came from. */
  origin(key: ConfigKey | SecretKey): Origin;
  /** The files that were read, lowest first. */
  readonly files: readonly string[];
  /** Every key with its value as it would stand in a file (null: not set), in the order of the documentation; no secrets. */
  readonly values: readonly { readonly key: string; readonly value: unknown; readonly origin: Origin }[];
}

export const defaultConfigFile = "/etc/esimd/config.toml";

/**
 * Reads, checks and merges the layers: built-in defaults, the file, `conf.d/*.toml` beside it in order of name, environment, flags; later wins.
 * @throws EsimdError `config_invalid` or `config_unreadable`, or `usage` for a flag: the first problem, and how many more there are.
 */
export function loadConfig(request: LoadRequest): LoadedConfig {
  const { loaded, problems } = inspectConfig(request);
  return firstOf(loaded, problems);
}

/** What was loaded. @throws EsimdError the first problem, and how many more there are. */
export function firstOf<Loaded>(loaded: Loaded | undefined, problems: readonly EsimdError[]): Loaded {
  const [first, ...more] = problems;
  if (first === undefined && loaded !== undefined) return loaded;
  if (first === undefined)
    throw new EsimdError("unexpected", "the configuration could not be loaded, for no known reason");
  if (more.length === 0) throw first;
  const others = more.length === 1 ? "one more problem" : `${more.length} more problems`;
  throw new EsimdError(first.code, `${first.message} (and ${others})`, { hint: first.hint, cause: first });
}

/** As {@link loadConfig}, but finds every problem; `loaded` is there when there is none. */
export function inspectConfig(request: LoadRequest): {
  readonly loaded: LoadedConfig | undefined;
  readonly problems: readonly EsimdError[];
} {
  const fileSystem = request.fileSystem ?? nodeFileSystem;
  const problems: EsimdError[] = [];
  const complain: Complain = (problem) => problems.push(problem);

  const files: string[] = [];
  let layers: readonly Entry[] = [
    ...Object.entries(request.defaults ?? {}).map(
      ([key, value]): Entry => ({ key, value, origin: { kind: "default" } }),
    ),
    ...systemdEntries(request.env, complain),
  ];
  const { paths, namedBy } = namedFiles(request);
  const dropInPaths = [...new Set(paths.flatMap((path) => dropIns(fileSystem, path, complain)))];
  for (const path of [...paths, ...dropInPaths.filter((dropIn) => !paths.includes(dropIn))]) {
    const read = fileEntries(fileSystem, path, paths.includes(path) ? namedBy : undefined, complain);
    if (read.found) files.push(path);
    layers = [...layers, ...read.entries];
  }
  if (request.modem !== undefined) {
    const own = modemEntries(fileSystem, paths, request.modem, complain);
    files.push(...own.files);
    layers = own.over(layers);
  }
  layers = [...layers, ...environmentEntries(request.env, complain), ...flagEntries(request.overrides ?? [], complain)];

  const merged = new Map(layers.map((entry) => [entry.key, entry]));
  const raw = configSchema.safeParse(nest(merged));
  if (!raw.success) {
    // Each entry was checked by itself and each default fits, so this is a fault of the schema.
    complain(new EsimdError("unexpected", "the configuration does not fit together", { cause: raw.error }));
    return { loaded: undefined, problems };
  }
  const originOf = (key: string): Origin => merged.get(key)?.origin ?? { kind: "default" };

  const { api, connectivity } = raw.data;
  if (connectivity.url !== undefined && connectivity.local_address === undefined) {
    const place = placeOf(originOf("connectivity.url"), "connectivity.url");
    const hint = "Set connectivity.local_address to the host's address on the modem's side, or use connectivity.hook.";
    complain(
      new EsimdError("config_invalid", `${place} is set without connectivity.local_address: any network would answer`, {
        hint,
      }),
    );
  }
  if (api.provider === "kore" && api.callback_method === "GET") {
    const place = placeOf(originOf("api.callback_method"), "api.callback_method");
    complain(new EsimdError("config_invalid", `${place} is "GET"; provider kore takes POST only`));
  }
  const secretOf = (
    fileKey: string,
    path: string | undefined,
    credential: string,
    variable?: string,
  ): FoundSecret | undefined => {
    try {
      const namedBy = placeOf(originOf(fileKey), fileKey);
      const file = path === undefined ? undefined : { path, namedBy };
      return findSecret(request.env, fileSystem, { credential, file, variable });
    } catch (error) {
      if (!isEsimdError(error)) throw error;
      complain(error);
      return undefined;
    }
  };
  const apiSecret = (name: "key" | "secret", path: string | undefined): FoundSecret | undefined =>
    api.provider === "none"
      ? undefined
      : secretOf(`api.${name}_file`, path, `esimd_api_${name}`, `ESIMD_API_${name.toUpperCase()}`);
  const key = apiSecret("key", api.key_file);
  const secret = apiSecret("secret", api.secret_file);
  const codeFile = raw.data.download.confirmation_code_file;
  const confirmationCode = secretOf("download.confirmation_code_file", codeFile, "esimd_confirmation_code");
  const { callbacks } = raw.data;
  const callbackSecret =
    callbacks.listen === undefined
      ? undefined
      : secretOf("callbacks.secret_file", callbacks.secret_file, "esimd_callback_secret");
  const misfit = callbackProblem(api, callbacks);
  if (misfit !== undefined) {
    const place = placeOf(originOf("callbacks.listen"), "callbacks.listen");
    complain(new EsimdError("config_invalid", `${place} is set, but ${misfit}`));
  }
  if (problems.length > 0) return { loaded: undefined, problems };

  const config = resolved(raw.data, {
    key: key?.value,
    secret: secret?.value,
    confirmationCode: confirmationCode?.value,
    callbackSecret: callbackSecret?.value,
  });
  const loaded: LoadedConfig = {
    config,
    files,
    origin: (name) => {
      const found = name === "api.key" ? key : name === "api.secret" ? secret : undefined;
      return found?.origin ?? originOf(name);
    },
    values: configKeys.map((name) => ({
      key: name,
      value: merged.get(name)?.value ?? urlDefault(name, config) ?? defaultOfKey(name) ?? null,
      origin: originOf(name),
    })),
  };
  return { loaded, problems };
}

/** The configuration files that a request is about, there or not. */
export function namedFiles(request: LoadRequest): {
  readonly paths: readonly string[];
  readonly namedBy: string | undefined;
} {
  if (request.files !== undefined && request.files.length > 0)
    return { paths: request.files, namedBy: "flag --config" };
  const fromEnv = request.env["ESIMD_CONFIG"];
  if (fromEnv !== undefined && fromEnv !== "") {
    return { paths: [fromEnv], namedBy: "environment variable ESIMD_CONFIG" };
  }
  return { paths: [request.defaultFile ?? defaultConfigFile], namedBy: undefined };
}

function nest(entries: ReadonlyMap<string, Entry>): Readonly<Record<string, unknown>> {
  const root: Record<string, unknown> = {};
  const tables = new Map<string, Record<string, unknown>>();
  for (const { key, value } of entries.values()) {
    const dot = key.indexOf(".");
    if (dot === -1) {
      root[key] = value;
      continue;
    }
    const name = key.slice(0, dot);
    const table = tables.get(name) ?? {};
    table[key.slice(dot + 1)] = value;
    tables.set(name, table);
    root[name] = table;
  }
  return root;
}

/** The two defaults that depend on the provider. */
function urlDefault(key: string, config: Config): string | undefined {
  if (key === "api.url") return config.api.url === "" ? undefined : config.api.url;
  return key === "api.token_url" ? config.api.tokenUrl : undefined;
}
