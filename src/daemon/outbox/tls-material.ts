import { join } from "node:path";
import type { TlsMaterial } from "../../api/transport.js";
import { EsimdError } from "../../base/errors.js";
import type { TlsFiles } from "../config/config.js";
import { type ConfigFileSystem, readText } from "../config/files.js";
import { checkSecretFile } from "../config/secrets.js";

/** A bundle of roots, or a key with its chain. */
const maxPemBytes = 1024 * 1024;

/**
 * What a sink's connection is secured with, read anew for each. The key comes from the systemd credential `credential`, else from its file.
 * @throws EsimdError `config_unreadable`, `config_invalid`.
 */
export function readTlsMaterial(
  table: "webhook" | "mqtt",
  named: TlsFiles,
  env: Readonly<Record<string, string | undefined>>,
  files: ConfigFileSystem,
): TlsMaterial {
  const read = (key: string, path: string): string => {
    const found = readText(files, path, maxPemBytes);
    if (found === undefined) throw new EsimdError("config_unreadable", `${table}.${key}: there is no file ${path}`);
    if (!found.text.includes("-----BEGIN "))
      throw new EsimdError("config_invalid", `${table}.${key}: ${path} has no PEM in it`);
    return found.text;
  };
  const { caFile, certFile, keyFile } = named;
  return {
    ...(caFile === undefined ? {} : { ca: read("ca_file", caFile) }),
    ...(certFile === undefined || keyFile === undefined
      ? {}
      : { cert: read("cert_file", certFile), key: privateKey(table, keyFile, env, files) }),
  };
}

function privateKey(
  table: "webhook" | "mqtt",
  keyFile: string,
  env: Readonly<Record<string, string | undefined>>,
  files: ConfigFileSystem,
): string {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (folder !== undefined && folder !== "") {
    const found = readText(files, join(folder, `esimd_${table}_key`), maxPemBytes);
    if (found !== undefined) return found.text;
  }
  const found = readText(files, keyFile, maxPemBytes);
  if (found === undefined) throw new EsimdError("config_unreadable", `${table}.key_file: there is no file ${keyFile}`);
  checkSecretFile(files, `${table}.key_file`, keyFile, found);
  return found.text;
}
