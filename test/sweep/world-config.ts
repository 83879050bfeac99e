import type { Config } from "../../src/daemon/config/config.js";
import type { ConfigFileSystem } from "../../src/daemon/config/files.js";
import { loadConfig } from "../../src/daemon/config/load.js";
import { fakeApiDefaults } from "../../src/emulator/api/service.js";
import { apiUrl, smdpAddress } from "./sim-provider.js";
import type { Setup } from "./world.js";

/** The configuration of a simulated device, read from a file as a device's own. */

export type ConfigValues = Readonly<Record<string, string | number | boolean>>;

export const stateDir = "/state";
const configFile = "/sweep.toml";

/** `values`: configuration keys, as in a file; `secret`: the API's own one when left out. */
export function configOf({ lpa, method, provider }: Setup, values: ConfigValues = {}, secret?: string): Config {
  const all: ConfigValues = {
    state_dir: stateDir,
    "modem.lpa": lpa,
    "modem.take_isdr": lpa === "host",
    "api.provider": provider,
    "reservation.method": method,
    "sim.fleet": "default",
    "default_smdp.address": smdpAddress,
    "default_smdp.set": "always",
    ...values,
  };
  const text = Object.entries(all).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  const env = {
    ESIMD_API_URL: apiUrl,
    ...(provider === "kore" ? { ESIMD_TOKEN_URL: `${apiUrl}/api-services/v1/auth/token` } : {}),
    ESIMD_API_KEY: fakeApiDefaults.key,
    ESIMD_API_SECRET: secret ?? fakeApiDefaults.secret,
  };
  const file = { regular: true, mode: 0o644, ownerUid: 0, bytes: Buffer.from(text.join("")) };
  const fileSystem: ConfigFileSystem = {
    readFile: (path) => (path === configFile ? file : undefined),
    listDir: () => undefined,
    folderMode: () => undefined,
    ownUid: 0,
  };
  return loadConfig({ env, files: [configFile], fileSystem }).config;
}
