import { join } from "node:path";
import { EsimdError } from "../../base/errors.js";
import { type ConfigFileSystem, type FoundFile, readText } from "./files.js";
import type { Origin } from "./provenance.js";

/** The API's key and secret, and the confirmation code: from a systemd credential, from a file of their own, or from the environment. Never from the TOML. */

export interface FoundSecret {
  readonly value: string;
  readonly origin: Origin;
}

export interface SecretPlaces {
  /** Name of the credential in $CREDENTIALS_DIRECTORY. */
  readonly credential: string;
  /** Path from `api.key_file` or `api.secret_file`, and the place that named it. */
  readonly file: { readonly path: string; readonly namedBy: string } | undefined;
  /** Undefined for a secret that has no variable. */
  readonly variable: string | undefined;
}

/** A key, token or secret is one short word; anything longer is the wrong file. */
const maxSecretBytes = 4096;

/**
 * Looks in that order and takes the first place that has it. A file that is named but unfit is an error, not a reason to look further.
 * @throws EsimdError `config_invalid`, `config_unreadable`; the message never repeats what was read.
 */
export function findSecret(
  env: Readonly<Record<string, string | undefined>>,
  files: ConfigFileSystem,
  places: SecretPlaces,
): FoundSecret | undefined {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (folder !== undefined && folder !== "") {
    const path = join(folder, places.credential);
    const found = readText(files, path, maxSecretBytes);
    if (found !== undefined) {
      checkCredential(files, folder, path, found);
      const value = oneWord(found.text, path);
      return { value, origin: { kind: "credential", name: places.credential } };
    }
  }
  if (places.file !== undefined) {
    const { path, namedBy } = places.file;
    const found = readText(files, path, maxSecretBytes);
    if (found === undefined) throw new EsimdError("config_unreadable", `${namedBy}: there is no file ${path}`);
    checkSecretFile(files, namedBy, path, found);
    return { value: oneWord(found.text, path), origin: { kind: "secret-file", path } };
  }
  const { variable } = places;
  const value = variable === undefined ? undefined : env[variable];
  if (variable === undefined || value === undefined || value === "") return undefined;
  return { value: oneWord(value, `environment variable ${variable}`), origin: { kind: "environment", variable } };
}

type FileFacts = Pick<FoundFile, "mode" | "ownerUid">;

/** A file of a secret is its owner's alone. @throws EsimdError `config_invalid`. */
export function checkSecretFile(files: ConfigFileSystem, namedBy: string, path: string, found: FileFacts): void {
  checkOwner(files, namedBy, path, found);
  if ((found.mode & 0o077) !== 0) throw openToOthers(namedBy, path, found.mode);
}

/**
 * systemd closes the folder of credentials to all but the service, and an ACL for the unit's user shows up as a group bit of the file
 * (systemd.exec(5)), so that this bit says nothing. A folder of another maker (a container's secrets) is judged by what others can do.
 */
function checkCredential(files: ConfigFileSystem, folder: string, path: string, found: FileFacts): void {
  const namedBy = "CREDENTIALS_DIRECTORY";
  checkOwner(files, namedBy, path, found);
  const folderIsOpen = ((files.folderMode(folder) ?? 0o777) & 0o001) !== 0;
  if (folderIsOpen && (found.mode & 0o007) !== 0) throw openToOthers(namedBy, path, found.mode);
}

/** Whoever owns a file can change what is in it, and let others read it, whatever its mode is now. */
function checkOwner(files: ConfigFileSystem, namedBy: string, path: string, { ownerUid }: FileFacts): void {
  if (ownerUid === 0 || ownerUid === files.ownUid) return;
  throw new EsimdError(
    "config_invalid",
    `${namedBy}: ${path} holds a secret and belongs to uid ${ownerUid}, which is neither root nor esimd's (${files.ownUid})`,
    {
      hint: `Give it to the user that esimd runs as, closed to others: chown ${files.ownUid} ${path} && chmod 600 ${path}`,
    },
  );
}

function openToOthers(namedBy: string, path: string, fileMode: number): EsimdError {
  const mode = (fileMode & 0o777).toString(8).padStart(4, "0");
  const message = `${namedBy}: ${path} holds a secret and its mode ${mode} lets others read it`;
  return new EsimdError("config_invalid", message, { hint: `Make it readable by its owner only: chmod 600 ${path}` });
}

function oneWord(text: string, place: string): string {
  const word = text.trim();
  if (!/^[\x21-\x7e]+$/.test(word)) {
    throw new EsimdError(
      "config_invalid",
      `${place} must hold one word of printable ASCII, a key or a secret, and nothing else`,
    );
  }
  return word;
}

/**
 * What is worth a word about credentials that can be used: Twilio's account SID comes with the account's auth token, which opens the
 * whole account and cannot be taken back for one device; an API key can be restricted and revoked. Pure.
 */
export function credentialAdvice(api: {
  readonly provider: string;
  readonly key: string | undefined;
}): EsimdError | undefined {
  if (api.provider !== "twilio" || api.key?.startsWith("AC") !== true) return undefined;
  const message =
    "the API key is an account SID (AC…), so that its secret is the auth token, which opens the whole account";
  return new EsimdError("credentials_broad", message);
}

/** Key and secret of a provider that needs them. @throws EsimdError `credentials_missing`, naming which one. */
export function requireCredentials(api: {
  readonly provider: string;
  readonly key: string | undefined;
  readonly secret: string | undefined;
}): { readonly key: string; readonly secret: string } {
  const { provider, key, secret } = api;
  if (key === undefined || secret === undefined) {
    const missing =
      key === undefined && secret === undefined
        ? "key and secret are"
        : key === undefined
          ? "the key is"
          : "the secret is";
    throw new EsimdError("credentials_missing", `provider ${provider} needs credentials, and ${missing} not set`);
  }
  return { key, secret };
}
